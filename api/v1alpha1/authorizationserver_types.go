package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AuthorizationServerSpec declares how to talk to the token endpoint of one
// authorization server: a dialect of RFC 6749, written down as data.
//
// Whatever is set here wins; the profile fills in what is not; RFC 6749 fills
// in the rest. A value that was set to be empty counts as set.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.tokenEndpoint) || (has(self.profile) && self.profile != 'RFC6749')",message="set tokenEndpoint to the URL of the token endpoint, or profile to one that knows its own (CommerceLayer, Fabric)"
type AuthorizationServerSpec struct {
	// No field has a default in the CRD: the request hash covers this struct, and
	// a default that a later version adds would renew every token.

	// profile names the dialect that the authorization server speaks: RFC6749
	// (the default), CommerceLayer, ElasticPath, ElasticPathImplicit, Fabric or
	// OroCommerce. A profile only fills in the fields that are not set here.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9]*$')",message="profile is the name of a dialect, letters and digits only, such as RFC6749 or CommerceLayer"
	Profile string `json:"profile,omitempty"`

	// tokenEndpoint is the URL that the token request is sent to (RFC 8414
	// "token_endpoint"). It needs https, unless the operator was started with
	// --allow-http. Not needed where the profile knows it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getHostname() != ''",message="tokenEndpoint must be an absolute https URL, such as https://idp.example.com/oauth2/token"
	// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="tokenEndpoint must not have a fragment: remove '#' and what follows it (RFC 6749 section 3.2)"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-zA-Z]+://[^/?#]*@')",message="tokenEndpoint must not carry a user or password: put the client ID and secret into the credentials Secret"
	TokenEndpoint string `json:"tokenEndpoint,omitempty"`

	// clientAuthentication says how the client proves who it is.
	// +optional
	ClientAuthentication *ClientAuthentication `json:"clientAuthentication,omitempty"`

	// request says how the token request is written.
	// +optional
	Request *TokenRequest `json:"request,omitempty"`

	// response says where the values lie in the token response.
	// +optional
	Response *TokenResponse `json:"response,omitempty"`

	// defaultTokenLifetime is assumed when the token response names no lifetime
	// that can be read and the token is no JWT that names one: a duration from
	// 10s to 8760h. Default 1h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('8760h')",message="defaultTokenLifetime must be a duration from 10s to 8760h, such as 30m or 1h"
	DefaultTokenLifetime *metav1.Duration `json:"defaultTokenLifetime,omitempty"`
}

// ClientAuthenticationMethod is a name of IANA's registry "OAuth Token Endpoint
// Authentication Methods".
// +kubebuilder:validation:Enum=client_secret_basic;client_secret_post;none
type ClientAuthenticationMethod string

const (
	// ClientSecretBasic sends client ID and secret in the Authorization header
	// (RFC 6749 section 2.3.1).
	ClientSecretBasic ClientAuthenticationMethod = "client_secret_basic"
	// ClientSecretPost sends client ID and secret in the request body
	// (RFC 6749 section 2.3.1).
	ClientSecretPost ClientAuthenticationMethod = "client_secret_post"
	// ClientAuthenticationNone sends the client ID alone (RFC 7591 section 2).
	ClientAuthenticationNone ClientAuthenticationMethod = "none"
)

// ClientAuthentication says how the client proves who it is (RFC 6749 section 2.3).
// +kubebuilder:validation:MinProperties=1
type ClientAuthentication struct {
	// method is the client authentication method by its IANA name:
	// client_secret_basic (the default) sends ID and secret in the Authorization
	// header, client_secret_post sends them in the request body, and none sends
	// the client ID alone: no secret is needed, and none is sent even if the
	// credentials Secret holds one.
	// +optional
	Method ClientAuthenticationMethod `json:"method,omitempty"`
}

// RequestEncoding is how the parameters of the token request are written.
// +kubebuilder:validation:Enum=Form;JSON
type RequestEncoding string

const (
	// FormEncoding is application/x-www-form-urlencoded (RFC 6749 appendix B).
	FormEncoding RequestEncoding = "Form"
	// JSONEncoding is a JSON object with one member for each parameter.
	JSONEncoding RequestEncoding = "JSON"
)

// TokenRequest says how the token request is written.
// +kubebuilder:validation:MinProperties=1
type TokenRequest struct {
	// encoding of the request body: Form (the default, RFC 6749) or JSON.
	// +optional
	Encoding RequestEncoding `json:"encoding,omitempty"`

	// grantType is sent as the parameter grant_type. Default client_credentials;
	// some servers want a word of their own, such as implicit.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="grantType must be printable ASCII without spaces, such as client_credentials"
	GrantType string `json:"grantType,omitempty"`

	// parameters are sent as they stand, besides those that the other fields
	// cause. They are visible to all who may read this object: never put a
	// secret here.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Parameters []RequestParameter `json:"parameters,omitempty"`
}

// RequestParameter is one parameter of the token request.
type RequestParameter struct {
	// name of the parameter. Those that have a field of their own are refused:
	// grant_type, client_id, client_secret, scope, audience.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="a parameter's name must be printable ASCII without spaces"
	// +kubebuilder:validation:XValidation:rule="self != 'client_secret'",message="never write client_secret here: put it into the Secret that credentialsRef names"
	// +kubebuilder:validation:XValidation:rule="!(self in ['grant_type', 'client_id', 'scope', 'audience'])",message="this parameter has a field of its own: use request.grantType, spec.clientID, spec.scopes or spec.audience"
	Name string `json:"name,omitempty"`

	// value of the parameter. May be empty.
	// +required
	// +kubebuilder:validation:MaxLength=4096
	Value *string `json:"value,omitempty"`
}

// JSONPointer is a JSON Pointer (RFC 6901), such as /data/access_token; the
// empty string points to the whole document.
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^(/([^~/]|~[01])*)*$')",message="must be a JSON Pointer (RFC 6901): start it with '/', such as /access_token or /data/token; write '~' as ~0 and a '/' inside a name as ~1"
type JSONPointer string

// TokenResponse says where the values lie in the token response. Each field is
// a list of JSON Pointers (RFC 6901) that are tried in order; the first one that
// finds a value of the right kind counts.
// +kubebuilder:validation:MinProperties=1
type TokenResponse struct {
	// accessToken points to the access token. Default [/access_token].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	AccessToken []JSONPointer `json:"accessToken,omitempty"`

	// tokenType points to the token's type. Default [/token_type].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	TokenType []JSONPointer `json:"tokenType,omitzero"`

	// expiresIn points to the lifetime in seconds: a number or a text that holds
	// one. Default [/expires_in]. An empty list reads none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresIn []JSONPointer `json:"expiresIn,omitzero"`

	// expiresAt points to the instant of expiry: seconds or milliseconds since
	// 1970, RFC 3339 or RFC 1123. Where both expiresAt and expiresIn are found,
	// the earlier counts. By default none is read.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresAt []JSONPointer `json:"expiresAt,omitzero"`

	// scope points to the granted scope. Default [/scope].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Scope []JSONPointer `json:"scope,omitzero"`

	// errorCode points to the error code of a failure (RFC 6749 section 5.2).
	// Default [/error].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ErrorCode []JSONPointer `json:"errorCode,omitzero"`

	// errorDescription points to the text that explains a failure; conditions
	// show it, shortened. Default [/error_description].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ErrorDescription []JSONPointer `json:"errorDescription,omitzero"`
}
