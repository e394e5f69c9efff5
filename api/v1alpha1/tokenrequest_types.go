package v1alpha1

// RequestMethod is the HTTP method of the token request.
// +kubebuilder:validation:Enum=POST;GET;PUT
type RequestMethod string

// RequestEncoding is how the parameters of the token request are written.
// +kubebuilder:validation:Enum=Form;JSON;Query
type RequestEncoding string

const (
	// FormEncoding is application/x-www-form-urlencoded (RFC 6749 appendix B).
	FormEncoding RequestEncoding = "Form"
	// JSONEncoding is a JSON object with one member for each parameter.
	JSONEncoding RequestEncoding = "JSON"
	// QueryEncoding puts the parameters into the query of the URL; there is no body.
	QueryEncoding RequestEncoding = "Query"
)

// TokenRequest says how the token request is written.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || self.parameters.all(p, p.name != 'grant_type') || (has(self.parameterNames) && has(self.parameterNames.grantType) && self.parameterNames.grantType != 'grant_type')",message="grant_type has a field of its own: set request.grantType"
// +kubebuilder:validation:XValidation:rule="!has(self.method) || self.method != 'GET' || !has(self.encoding) || self.encoding == 'Query'",message="a GET request has no body: set request.encoding to Query"
type TokenRequest struct {
	// method is the HTTP method: POST (the default), GET or PUT. GET puts the
	// parameters into the query.
	// +optional
	Method RequestMethod `json:"method,omitempty"`

	// encoding of the parameters: Form (the default, RFC 6749) or JSON in the body,
	// or Query in the URL.
	// +optional
	Encoding RequestEncoding `json:"encoding,omitempty"`

	// grantType is sent as the parameter grant_type. Default client_credentials,
	// or urn:ietf:params:oauth:grant-type:jwt-bearer with request.assertion; some
	// servers want a word of their own, such as account_credentials.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="grantType must be printable ASCII without spaces, such as client_credentials"
	GrantType string `json:"grantType,omitempty"`

	// assertion makes a signed JWT the grant itself (RFC 7523 section 2.1), sent as
	// the parameter assertion, or in a header by a template over {{ .assertion }}.
	// +optional
	Assertion *Assertion `json:"assertion,omitempty"`

	// headers of the request, besides those that the other fields cause. One that
	// is named Accept or Content-Type takes the place of the usual one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Headers []RequestHeader `json:"headers,omitempty"`

	// parameters of the request, besides those that the other fields cause: one of
	// the same name that another field causes goes before.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Parameters []Parameter `json:"parameters,omitempty"`

	// parameterNames renames parameters that the other fields cause. An empty name
	// means that the parameter is not sent.
	// +optional
	ParameterNames *ParameterNames `json:"parameterNames,omitempty"`

	// scopeSeparator stands between two scopes. Default: a space.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	ScopeSeparator *string `json:"scopeSeparator,omitempty"`
}

// ParameterName is the name of a parameter; empty to leave it out. In a JSON
// request, one that starts with '/' is a JSON Pointer (RFC 6901).
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]*$')",message="a parameter's name must be printable ASCII without spaces"
type ParameterName string

// ParameterNames are the names under which parameters are sent.
// +kubebuilder:validation:MinProperties=1
type ParameterNames struct {
	// clientID is the name of the client ID. Default client_id.
	// +optional
	ClientID *ParameterName `json:"clientID,omitempty"`

	// clientSecret is the name of the client secret of client_secret_post. Default
	// client_secret.
	// +optional
	ClientSecret *ParameterName `json:"clientSecret,omitempty"`

	// grantType is the name of the grant type. Default grant_type.
	// +optional
	GrantType *ParameterName `json:"grantType,omitempty"`

	// scope is the name of the scopes. Default scope.
	// +optional
	Scope *ParameterName `json:"scope,omitempty"`

	// audience is the name of the audience. Default audience.
	// +optional
	Audience *ParameterName `json:"audience,omitempty"`

	// resource is the name of each resource. Default resource (RFC 8707).
	// +optional
	Resource *ParameterName `json:"resource,omitempty"`

	// assertion is the name of the JWT that is the grant. Default assertion (RFC
	// 7523 section 2.1).
	// +optional
	Assertion *ParameterName `json:"assertion,omitempty"`

	// clientAssertion is the name of the JWT that authenticates the client. Default
	// client_assertion (RFC 7521 section 4.2).
	// +optional
	ClientAssertion *ParameterName `json:"clientAssertion,omitempty"`

	// clientAssertionType is the name of the type of clientAssertion. Default
	// client_assertion_type.
	// +optional
	ClientAssertionType *ParameterName `json:"clientAssertionType,omitempty"`
}
