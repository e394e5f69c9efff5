package v1alpha1

import "slices"

// JSONPointer is a JSON Pointer (RFC 6901), such as /data/access_token; the
// empty string points to the whole document.
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^(/([^~/]|~[01])*)*$')",message="must be a JSON Pointer (RFC 6901): start it with '/', such as /access_token or /data/token; write '~' as ~0 and a '/' inside a name as ~1"
type JSONPointer string

// TimeUnit is a unit of a lifetime.
// +kubebuilder:validation:Enum=Milliseconds;Seconds;Minutes;Hours;Days
type TimeUnit string

// TokenResponse says where the values lie in the token response. Each field is
// a list of JSON Pointers (RFC 6901) that are tried in order; the first one that
// finds a value of the right kind counts.
// +kubebuilder:validation:MinProperties=1
type TokenResponse struct {
	// accessToken points to the access token. Default [/access_token]. The empty
	// pointer takes the whole body, be it a JSON string or bare text. A leading
	// "Bearer " is not part of the token.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	AccessToken []JSONPointer `json:"accessToken,omitempty"`

	// accessTokenHeader is the header of the response that holds the access token,
	// such as X-Subject-Token. Where the response has it, accessToken is not read.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_0-9A-Za-z]+$')",message="a header's name is letters, digits and '-', such as X-Subject-Token"
	AccessTokenHeader string `json:"accessTokenHeader,omitempty"`

	// tokenType points to the token's type. Default [/token_type].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	TokenType []JSONPointer `json:"tokenType,omitzero"`

	// expiresIn points to the lifetime: a number, a text that holds one, or one with
	// units of its own, such as "60 minutes", "1h30m", "PT1H", "1:00:00" or
	// "1.00:00:00". Default [/expires_in]. An empty list reads none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresIn []JSONPointer `json:"expiresIn,omitzero"`

	// expiresInUnit is the unit of expiresIn where the response names none. Default
	// Seconds.
	// +optional
	ExpiresInUnit TimeUnit `json:"expiresInUnit,omitempty"`

	// expiresAt points to the instant of expiry: seconds to nanoseconds since 1970, or
	// a date and time that starts with the year or names the month, such as
	// 2026-01-31T18:30:00Z or Sat Jan 31 18:30:00 UTC 2026. The earliest of expiresAt,
	// expiresIn and the claim exp of a JWT counts. By default none is read.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresAt []JSONPointer `json:"expiresAt,omitzero"`

	// expiresAtLayout is how the date at expiresAt is written, where day and month are
	// numbers and the year is not first: nothing else can tell 11/12/2026 from
	// 12/11/2026. YYYY is the year, MM the month, DD the day, HH the hour of 24 and hh
	// that of 12, mm the minute, ss the second, A is AM or PM, and Z at the end is a
	// zone such as Z or +01:00. All else stands for itself: - / . , : T and spaces. One
	// digit is read where a layout has two, and so is a fraction of a second. Examples:
	// "MM/DD/YYYY hh:mm:ss A", "DD.MM.YYYY HH:mm", "MM/DD/YYYY HH:mm:ss Z".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^(YYYY|yyyy|YY|yy|MMM|MM?|DD?|dd?|HH?|hh?|mm?|ss?|A|a|tt|T|[.,]S+|[-/., :])+Z?$') && ['Y|y', 'M', 'D|d', 'H|h', 'm'].all(part, self.matches(part)) && (self.matches('H') || self.matches('A|a|tt')) && !['Y{5}|y{5}|[Yy][^Yy]+[Yy]', 'M{4}|M[^M]+M', 'D{3}|d{3}|[Dd][^Dd]+[Dd]', 'H{3}|h{3}|[Hh][^Hh]+[Hh]', 'm{3}|m[^m]+m', 's{3}|s[^s]+s', 'm.*[Hh]'].exists(wrong, self.matches(wrong))",message="expiresAtLayout has YYYY, MM, DD, HH (or hh with A) and mm once each, and may have ss, a fraction, Z at the end, and - / . , : T and spaces between them, such as MM/DD/YYYY hh:mm:ss A"
	ExpiresAtLayout string `json:"expiresAtLayout,omitempty"`

	// expiresAtZone is the zone of an expiresAt that names none, as an offset such
	// as +09:00 or Z. Without it such a time counts as UTC, but never as later than
	// defaultTokenLifetime from now: it might be local.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:XValidation:rule="self.matches('^(Z|[-+](0[0-9]|1[0-4]):[0-5][0-9])$')",message="expiresAtZone is Z or an offset from UTC such as +09:00"
	ExpiresAtZone string `json:"expiresAtZone,omitempty"`

	// scope points to the granted scope: a text, or a list of texts, which are joined by
	// spaces. Default [/scope].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Scope []JSONPointer `json:"scope,omitzero"`

	// errorCode points to the error code of a failure (RFC 6749 section 5.2), a
	// text or a number other than 0. A response that has one is a failure, whatever
	// its HTTP status, unless success tells otherwise. Default [/error]. If nothing is
	// there, a failure's code is looked for in the common places.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ErrorCode []JSONPointer `json:"errorCode,omitzero"`

	// errorDescription points to the text that explains a failure; conditions
	// show it, shortened and redacted. Default [/error_description]. If nothing is
	// there, the text is looked for in the common places, such as /message.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ErrorDescription []JSONPointer `json:"errorDescription,omitzero"`

	// credentialErrors are values of errorCode that mean wrong credentials, such as
	// LOGIN_FAILED or 40101. They are tried again after 1, 5 and 15 minutes and then
	// hourly, because servers lock accounts. invalid_client, unauthorized_client and
	// access_denied always mean that. A response with HTTP status 408, 425, 429 or 5xx
	// is an outage whatever its code: see credentialStatuses.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	CredentialErrors []string `json:"credentialErrors,omitempty"`

	// credentialStatuses are HTTP statuses that mean wrong credentials, whatever the
	// body says, such as 403. 401 means that too, unless its error code names an
	// outage: server_error, temporarily_unavailable or slow_down.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Minimum=300
	// +kubebuilder:validation:items:Maximum=599
	CredentialStatuses []int32 `json:"credentialStatuses,omitempty"`

	// fields are further values of the response that workloads need, such as
	// instance_url. Each is written to the token Secret under its name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Fields []ResponseField `json:"fields,omitempty"`

	// success is for servers that report failures with HTTP status 200 in ways of
	// their own.
	// +optional
	Success *ResponseSuccess `json:"success,omitempty"`
}

// Pointers returns the pointers of all fields.
func (r *TokenResponse) Pointers() []JSONPointer {
	pointers := slices.Concat(r.AccessToken, r.TokenType, r.ExpiresIn, r.ExpiresAt, r.Scope, r.ErrorCode, r.ErrorDescription)
	if r.Success != nil && r.Success.Pointer != nil {
		pointers = append(pointers, *r.Success.Pointer)
	}
	for _, field := range r.Fields {
		pointers = append(pointers, field.Pointers...)
	}
	return pointers
}

// ResponseField is a further value of the token response.
type ResponseField struct {
	// name of the key of the token Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !(self in ['access_token', 'token_type', 'expires_at', '.', '..'])",message="a field's name is a key of the token Secret: letters, digits, '-', '_' and '.', and not access_token, token_type or expires_at"
	Name string `json:"name,omitempty"`

	// pointers lead to the value and are tried in order. What is neither text nor
	// number is written as JSON. Where there is nothing, the key is left out, and an
	// event says so.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Pointers []JSONPointer `json:"pointers,omitempty"`
}

// ResponseSuccess tells success from failure.
type ResponseSuccess struct {
	// pointer to the value that tells. Where there is none, the HTTP status, the
	// error code and the presence of a token decide.
	// +required
	Pointer *JSONPointer `json:"pointer,omitempty"`

	// equals is the value that means success, as text: 0, true, ok.
	// +required
	// +kubebuilder:validation:MaxLength=256
	Equals *string `json:"equals,omitempty"`
}
