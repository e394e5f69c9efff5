package v1alpha1

// RequestMethod is the HTTP method of the token request.
// +kubebuilder:validation:Enum=POST;GET;PUT
type RequestMethod string

// RequestEncoding is the encoding of the parameters of the token request.
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

// TokenRequest describes the token request.
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

	// grantType is sent as the grant_type parameter. Default client_credentials, or
	// urn:ietf:params:oauth:grant-type:jwt-bearer with request.assertion. Some servers
	// need another value, such as account_credentials.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="grantType must be printable ASCII without spaces, such as client_credentials"
	GrantType string `json:"grantType,omitempty"`

	// assertion uses a signed JWT as the grant (RFC 7523 section 2.1). The JWT is sent as
	// the assertion parameter, or in a header whose template contains {{ .assertion }}.
	// +optional
	Assertion *Assertion `json:"assertion,omitempty"`

	// headers are additional headers of the request. A header named Accept or Content-Type
	// replaces the default.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Headers []RequestHeader `json:"headers,omitempty"`

	// parameters are additional parameters of the request. If another field sets a
	// parameter of the same name, that field wins.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Parameters []Parameter `json:"parameters,omitempty"`

	// parameterNames renames the parameters that other fields set. A parameter with an
	// empty name is not sent.
	// +optional
	ParameterNames *ParameterNames `json:"parameterNames,omitempty"`

	// scopeSeparator separates the scopes. Default: a space.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	ScopeSeparator *string `json:"scopeSeparator,omitempty"`
}

// ParameterName is the name of a parameter. An empty name omits the parameter. In a JSON
// request, a name that starts with '/' is a JSON Pointer (RFC 6901).
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]*$')",message="a parameter's name must be printable ASCII without spaces"
type ParameterName string

// ParameterNames are the names under which parameters are sent.
// +kubebuilder:validation:MinProperties=1
type ParameterNames struct {
	// clientID is the parameter name of the client ID. Default client_id.
	// +optional
	ClientID *ParameterName `json:"clientID,omitempty"`

	// clientSecret is the parameter name of the client secret, for client_secret_post.
	// Default client_secret.
	// +optional
	ClientSecret *ParameterName `json:"clientSecret,omitempty"`

	// grantType is the parameter name of the grant type. Default grant_type.
	// +optional
	GrantType *ParameterName `json:"grantType,omitempty"`

	// scope is the parameter name of the scopes. Default scope.
	// +optional
	Scope *ParameterName `json:"scope,omitempty"`

	// audience is the parameter name of the audience. Default audience.
	// +optional
	Audience *ParameterName `json:"audience,omitempty"`

	// resource is the parameter name of each resource. Default resource (RFC 8707).
	// +optional
	Resource *ParameterName `json:"resource,omitempty"`

	// assertion is the parameter name of the JWT that is the grant. Default assertion (RFC
	// 7523 section 2.1).
	// +optional
	Assertion *ParameterName `json:"assertion,omitempty"`

	// clientAssertion is the parameter name of the JWT that authenticates the client.
	// Default client_assertion (RFC 7521 section 4.2).
	// +optional
	ClientAssertion *ParameterName `json:"clientAssertion,omitempty"`

	// clientAssertionType is the parameter name of the type of clientAssertion. Default
	// client_assertion_type.
	// +optional
	ClientAssertionType *ParameterName `json:"clientAssertionType,omitempty"`
}
