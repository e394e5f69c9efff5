package v1alpha1

// ParameterType is the type of a parameter in JSON.
// +kubebuilder:validation:Enum=String;Number;Boolean;JSON
type ParameterType string

const (
	// StringParameter is a JSON string.
	StringParameter ParameterType = "String"
	// NumberParameter is a JSON number.
	NumberParameter ParameterType = "Number"
	// BooleanParameter is true or false.
	BooleanParameter ParameterType = "Boolean"
	// JSONParameter is JSON that is used as it is, such as a list.
	JSONParameter ParameterType = "JSON"
)

// Parameter is a parameter of the token request, or a claim or header of a JWT.
// +kubebuilder:validation:XValidation:rule="[has(self.value), has(self.secretKey), has(self.template)].filter(x, x).size() == 1",message="set exactly one of value, secretKey and template"
// +kubebuilder:validation:XValidation:rule="!has(self.value) || !self.name.matches('(?i)^(.*/)?(client_?secret|password)$')",message="never write a client secret here: put it into the Secret that credentialsRef names"
type Parameter struct {
	// name of the parameter. In JSON, a name that starts with '/' is a JSON Pointer
	// (RFC 6901), such as /credentials/user.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="a parameter's name must be printable ASCII without spaces"
	Name string `json:"name,omitempty"`

	// value of the parameter. It may be empty. Every user who can read this object can see
	// it: never put a secret here.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Value *string `json:"value,omitempty"`

	// secretKey is the key of the credentials Secret that holds the value.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="secretKey must be a key of a Secret: letters, digits, '-', '_' and '.'"
	SecretKey string `json:"secretKey,omitempty"`

	// template is a Go template over the keys of the credentials Secret, such as
	// {{ printf "%s:%s" .user .password | b64enc }}. See
	// docs/templates.md for all functions and values.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Template string `json:"template,omitempty"`

	// type of the value in JSON: String (the default), Number, Boolean, or JSON for a value
	// that already is JSON, such as a list. In other encodings every value is text.
	// +optional
	Type ParameterType `json:"type,omitempty"`
}

// RequestHeader is a header of the token request.
// +kubebuilder:validation:XValidation:rule="[has(self.value), has(self.secretKey), has(self.template)].filter(x, x).size() == 1",message="set exactly one of value, secretKey and template"
type RequestHeader struct {
	// name of the header, such as X-Api-Key.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-!#$%&\\'*+.^_`|~0-9A-Za-z]+$')",message="a header's name is letters, digits and '-', such as X-Api-Key"
	// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['host', 'content-length', 'transfer-encoding', 'accept-encoding', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect'])",message="the HTTP client sets this header itself: remove it"
	Name string `json:"name,omitempty"`

	// value of the header. It may be empty. Every user who can read this object can see it:
	// never put a secret here.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Value *string `json:"value,omitempty"`

	// secretKey is the key of the credentials Secret that holds the value.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="secretKey must be a key of a Secret: letters, digits, '-', '_' and '.'"
	SecretKey string `json:"secretKey,omitempty"`

	// template is a Go template over the keys of the credentials Secret, such as
	// ID {{ printf "%s:%s" .client_id .client_secret | b64enc }}. See
	// docs/templates.md for all functions and values.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Template string `json:"template,omitempty"`
}
