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

// TokenResponse describes where to find values in the token response. Most fields are lists
// of JSON Pointers (RFC 6901). They are tried in order, and the first pointer to a value of
// the right kind counts.
// +kubebuilder:validation:MinProperties=1
type TokenResponse struct {
	// accessToken points to the access token. Default [/access_token]. The empty pointer
	// takes the whole body, which may be a JSON string or plain text. A leading "Bearer "
	// is removed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	AccessToken []JSONPointer `json:"accessToken,omitempty"`

	// accessTokenHeader is the header of the response that holds the access token, such as
	// X-Subject-Token. If the response has this header, accessToken is not read.
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

	// expiresIn points to the lifetime: a number, a string that holds a number, or a string
	// with units, such as "60 minutes", "1h30m", "PT1H", "1:00:00" or "1.00:00:00". Default
	// [/expires_in]. With an empty list, no lifetime is read.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresIn []JSONPointer `json:"expiresIn,omitzero"`

	// expiresInUnit is the unit of expiresIn if the response does not name a unit. Default
	// Seconds.
	// +optional
	ExpiresInUnit TimeUnit `json:"expiresInUnit,omitempty"`

	// expiresAt points to the time of expiry. It may be a Unix time in seconds,
	// milliseconds, microseconds or nanoseconds. It may also be a date and time that starts
	// with the year or names the month, such as 2026-01-31T18:30:00Z or Sat Jan 31 18:30:00
	// UTC 2026. The earliest of expiresAt, expiresIn and the claim exp of a JWT counts. By
	// default, no time of expiry is read.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresAt []JSONPointer `json:"expiresAt,omitzero"`

	// expiresAtLayout is the layout of the date at expiresAt. It is needed if day and month
	// are numbers and the year is not first, because a date such as 11/12/2026 is
	// ambiguous. YYYY is the year, MM the month, DD the day, HH the hour of a 24-hour
	// clock, hh the hour of a 12-hour clock, mm the minute, ss the second and A is AM or
	// PM. Z at the end is a zone such as Z or +01:00. The characters - / . , : T and spaces
	// stand for themselves. A number may have one digit where the layout has two, and the
	// seconds may have a fraction. Examples: "MM/DD/YYYY hh:mm:ss A", "DD.MM.YYYY HH:mm",
	// "MM/DD/YYYY HH:mm:ss Z".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^(YYYY|yyyy|YY|yy|MMM|MM?|DD?|dd?|HH?|hh?|mm?|ss?|A|a|tt|T|[.,]S+|[-/., :])+Z?$') && ['Y|y', 'M', 'D|d', 'H|h', 'm'].all(part, self.matches(part)) && (self.matches('H') || self.matches('A|a|tt')) && !['Y{5}|y{5}|[Yy][^Yy]+[Yy]', 'M{4}|M[^M]+M', 'D{3}|d{3}|[Dd][^Dd]+[Dd]', 'H{3}|h{3}|[Hh][^Hh]+[Hh]', 'm{3}|m[^m]+m', 's{3}|s[^s]+s', 'm.*[Hh]'].exists(wrong, self.matches(wrong))",message="expiresAtLayout has YYYY, MM, DD, HH (or hh with A) and mm once each, and may have ss, a fraction, Z at the end, and - / . , : T and spaces between them, such as MM/DD/YYYY hh:mm:ss A"
	ExpiresAtLayout string `json:"expiresAtLayout,omitempty"`

	// expiresAtZone is the zone of a time at expiresAt that names no zone: an offset such
	// as +09:00, or Z. Without it, such a time is read as UTC. Because it may be a local
	// time, the expiry is then at most defaultTokenLifetime from now.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:XValidation:rule="self.matches('^(Z|[-+](0[0-9]|1[0-4]):[0-5][0-9])$')",message="expiresAtZone is Z or an offset from UTC such as +09:00"
	ExpiresAtZone string `json:"expiresAtZone,omitempty"`

	// scope points to the granted scope: a string, or a list of strings, which are joined
	// by spaces. Default [/scope].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Scope []JSONPointer `json:"scope,omitzero"`

	// errorCode points to the error code of a failure (RFC 6749 section 5.2): a string, or
	// a number other than 0. A response with an error code is a failure whatever its HTTP
	// status is, unless success says otherwise. Default [/error]. If a failure has no code
	// there, the operator reads other common members.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ErrorCode []JSONPointer `json:"errorCode,omitzero"`

	// errorDescription points to the text that explains a failure. Conditions show it,
	// shortened and redacted. Default [/error_description]. If there is no text, the
	// operator reads other common members, such as /message.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ErrorDescription []JSONPointer `json:"errorDescription,omitzero"`

	// credentialErrors are values of errorCode that mean wrong credentials, such as
	// LOGIN_FAILED or 40101. The operator retries after 1, 5 and 15 minutes and then every
	// hour, because servers lock accounts. invalid_client, unauthorized_client and
	// access_denied always mean wrong credentials. A response with HTTP status 408, 425,
	// 429 or 5xx is an outage, whatever its code is, unless credentialStatuses names the
	// status.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	CredentialErrors []string `json:"credentialErrors,omitempty"`

	// credentialStatuses are HTTP statuses that mean wrong credentials whatever the body
	// says, such as 403. 401 also means wrong credentials, unless its error code names an
	// outage: server_error, temporarily_unavailable or slow_down.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Minimum=300
	// +kubebuilder:validation:items:Maximum=599
	CredentialStatuses []int32 `json:"credentialStatuses,omitempty"`

	// fields are additional values of the response that workloads need, such as
	// instance_url. Each is written to the token Secret under its name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Fields []ResponseField `json:"fields,omitempty"`

	// success distinguishes success from failure, for servers that report failures with
	// HTTP status 200.
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

// ResponseField is an additional value of the token response.
type ResponseField struct {
	// name is the key of the token Secret that the value is written to.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !(self in ['access_token', 'token_type', 'expires_at', '.', '..'])",message="a field's name is a key of the token Secret: letters, digits, '-', '_' and '.', and not access_token, token_type or expires_at"
	Name string `json:"name,omitempty"`

	// pointers to the value, tried in order. A value that is neither a string nor a number
	// is written as JSON. If there is no value, the key is left out, and an event reports
	// it.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Pointers []JSONPointer `json:"pointers,omitempty"`
}

// ResponseSuccess distinguishes success from failure.
type ResponseSuccess struct {
	// pointer to the value that distinguishes success from failure. If there is no value,
	// the HTTP status, the error code and the presence of a token decide.
	// +required
	Pointer *JSONPointer `json:"pointer,omitempty"`

	// equals is the value that means success, as text, such as 0, true or ok.
	// +required
	// +kubebuilder:validation:MaxLength=256
	Equals *string `json:"equals,omitempty"`
}
