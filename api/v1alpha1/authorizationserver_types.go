package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AuthorizationServerSpec declares how to talk to the token endpoint of one
// authorization server: a dialect of RFC 6749, written down as data.
//
// Whatever is set here wins; the profile fills in what is not; RFC 6749 fills
// in the rest. A value that was set to be empty counts as set.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.tokenEndpoint) || has(self.issuer) || (has(self.profile) && self.profile != 'RFC6749')",message="set tokenEndpoint to the URL of the token endpoint, issuer to find it by discovery, or profile to one that knows its own (CommerceLayer, Fabric)"
// +kubebuilder:validation:XValidation:rule="!(has(self.tokenEndpoint) && has(self.issuer))",message="set tokenEndpoint or issuer, not both"
type AuthorizationServerSpec struct {
	// No field has a default in the CRD: the request hash covers this struct, and
	// a default that a later version adds would renew every token.

	// profile names the dialect that the authorization server speaks, such as
	// RFC6749 (the default), EntraID or CommerceLayer; docs/profiles.md lists them
	// all. A profile only fills in the fields that are not set here.
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

	// issuer is the URL of the authorization server, by which its metadata is found:
	// RFC 8414 first, then OpenID Connect Discovery. It must be exactly what the
	// metadata calls the issuer.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getHostname() != '' && !self.contains('#') && !self.contains('?') && !self.matches('^[a-zA-Z]+://[^/?#]*@')",message="issuer must be an absolute https URL without query, fragment and user, such as https://idp.example.com/realms/shop (RFC 8414 section 2)"
	Issuer string `json:"issuer,omitempty"`

	// tls says whom to trust, and what to show, when connecting to the server.
	// +optional
	TLS *TLSClient `json:"tls,omitempty"`

	// clientAuthentication says how the client proves who it is.
	// +optional
	ClientAuthentication *ClientAuthentication `json:"clientAuthentication,omitempty"`

	// request says how the token request is written.
	// +optional
	Request *TokenRequest `json:"request,omitempty"`

	// response says where the values lie in the token response.
	// +optional
	Response *TokenResponse `json:"response,omitempty"`

	// rateLimit bounds the token requests to this server, over all ClientCredentials
	// that use its token endpoint. Whose token expires soonest goes first.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// revocation says how a token is revoked (RFC 7009).
	// +optional
	Revocation *Revocation `json:"revocation,omitempty"`

	// defaultTokenLifetime is assumed when the token response names no lifetime
	// that can be read and the token is no JWT that names one: a duration from
	// 10s to 8760h. Default 1h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('8760h')",message="defaultTokenLifetime must be a duration from 10s to 8760h, such as 30m or 1h"
	DefaultTokenLifetime *metav1.Duration `json:"defaultTokenLifetime,omitempty"`
}

// RateLimit bounds the token requests to an authorization server.
type RateLimit struct {
	// requests that may be sent in any span of the length per.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Requests int32 `json:"requests,omitempty"`

	// per is the length of the span: a duration from 1s to 24h.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="per must be a duration from 1s to 24h, such as 1m"
	Per *metav1.Duration `json:"per,omitempty"`
}

// Revocation says how a token is revoked (RFC 7009). The request has the client
// authentication, the headers and the encoding of the token request.
// +kubebuilder:validation:MinProperties=1
type Revocation struct {
	// endpoint is the URL of the revocation endpoint (RFC 8414
	// "revocation_endpoint"). Not needed where the profile or the discovery knows it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getHostname() != '' && !self.contains('#') && !self.matches('^[a-zA-Z]+://[^/?#]*@')",message="endpoint must be an absolute https URL without fragment and user, such as https://idp.example.com/oauth2/revoke"
	Endpoint string `json:"endpoint,omitempty"`

	// onDelete revokes the token when its ClientCredential is deleted, which waits
	// for that, for a minute at most. Default false.
	// +optional
	OnDelete *bool `json:"onDelete,omitempty"`
}

// TLSClient is the client's side of TLS.
// +kubebuilder:validation:MinProperties=1
type TLSClient struct {
	// caBundleRef names the ConfigMap or Secret with the certificates of the
	// authorities that the server's certificate may come from. They stand instead
	// of the system's. Default: the system's.
	// +optional
	CABundleRef *CABundleReference `json:"caBundleRef,omitempty"`

	// clientCertificate shows a certificate to the server besides what the client
	// authentication does: FromCredentials takes tls.crt and tls.key of the
	// credentials Secret. tls_client_auth and self_signed_tls_client_auth do so
	// anyway. Default None.
	// +optional
	ClientCertificate ClientCertificate `json:"clientCertificate,omitempty"`
}

// ClientCertificate is where a client certificate comes from.
// +kubebuilder:validation:Enum=None;FromCredentials
type ClientCertificate string

// ClientCertificateFromCredentials takes the certificate of the credentials Secret.
const ClientCertificateFromCredentials ClientCertificate = "FromCredentials"

// CABundleKind is a kind of object that holds certificates.
// +kubebuilder:validation:Enum=ConfigMap;Secret
type CABundleKind string

// CABundleReference names certificates of authorities, in PEM.
type CABundleReference struct {
	// kind of the object: ConfigMap (the default) or Secret.
	// +optional
	Kind CABundleKind `json:"kind,omitempty"`

	// name of the object. It lies in the namespace of what names it; for a
	// ClusterAuthorizationServer, in the operator's own.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="caBundleRef.name must be the name of a ConfigMap or Secret of this namespace"
	Name string `json:"name,omitempty"`

	// key that holds the certificates. Default ca.crt.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="caBundleRef.key must be a key of a ConfigMap or Secret: letters, digits, '-', '_' and '.'"
	Key string `json:"key,omitempty"`
}

// ClientAuthenticationMethod is a name of IANA's registry "OAuth Token Endpoint
// Authentication Methods".
// +kubebuilder:validation:Enum=client_secret_basic;client_secret_post;client_secret_jwt;private_key_jwt;tls_client_auth;self_signed_tls_client_auth;none
type ClientAuthenticationMethod string

const (
	// ClientSecretBasic sends client ID and secret in the Authorization header
	// (RFC 6749 section 2.3.1).
	ClientSecretBasic ClientAuthenticationMethod = "client_secret_basic"
	// ClientSecretPost sends client ID and secret as parameters (RFC 6749 section
	// 2.3.1).
	ClientSecretPost ClientAuthenticationMethod = "client_secret_post"
	// ClientSecretJWT sends a JWT that is signed with the client secret (RFC 7523
	// section 2.2, OpenID Connect Core section 9).
	ClientSecretJWT ClientAuthenticationMethod = "client_secret_jwt"
	// PrivateKeyJWT sends a JWT that is signed with a private key (RFC 7523 section
	// 2.2, OpenID Connect Core section 9).
	PrivateKeyJWT ClientAuthenticationMethod = "private_key_jwt"
	// TLSClientAuth shows a certificate that an authority issued (RFC 8705 section 2.1).
	TLSClientAuth ClientAuthenticationMethod = "tls_client_auth"
	// SelfSignedTLSClientAuth shows a self-signed certificate (RFC 8705 section 2.2).
	SelfSignedTLSClientAuth ClientAuthenticationMethod = "self_signed_tls_client_auth"
	// ClientAuthenticationNone sends the client ID alone (RFC 7591 section 2).
	ClientAuthenticationNone ClientAuthenticationMethod = "none"
)

// BasicEncoding is how client ID and secret are written before they are joined by
// a colon for client_secret_basic.
// +kubebuilder:validation:Enum=FormURLEncoded;Raw
type BasicEncoding string

const (
	// FormURLEncodedBasic is what RFC 6749 section 2.3.1 asks for.
	FormURLEncodedBasic BasicEncoding = "FormURLEncoded"
	// RawBasic joins both as they are (RFC 7617).
	RawBasic BasicEncoding = "Raw"
)

// ClientAuthentication says how the client proves who it is (RFC 6749 section 2.3).
// +kubebuilder:validation:MinProperties=1
type ClientAuthentication struct {
	// method is the client authentication method by its IANA name.
	// client_secret_basic (the default) sends ID and secret in the Authorization
	// header, client_secret_post sends them as parameters. client_secret_jwt and
	// private_key_jwt send a JWT that is signed with the client secret, or with the
	// key private_key of the credentials Secret. tls_client_auth and
	// self_signed_tls_client_auth show the certificate tls.crt of the credentials
	// Secret, whose key is tls.key. none sends the client ID alone: no secret is
	// needed, and none is sent even if the credentials Secret holds one.
	// +optional
	Method ClientAuthenticationMethod `json:"method,omitempty"`

	// assertion says how the JWT of client_secret_jwt and private_key_jwt is made.
	// +optional
	Assertion *Assertion `json:"assertion,omitempty"`

	// basicEncoding says how ID and secret are written for client_secret_basic.
	// FormURLEncoded (the default) encodes both before they are joined, as RFC 6749
	// section 2.3.1 asks; Raw takes them as they are, which some servers want. The
	// two differ only where ID or secret have characters such as '+', '/' or '='.
	// +optional
	BasicEncoding BasicEncoding `json:"basicEncoding,omitempty"`

	// authorizationScheme is the word before the encoded ID and secret in the
	// Authorization header of client_secret_basic. Default Basic.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-!#$%&\\'*+.^_`|~0-9A-Za-z]+$')",message="authorizationScheme is one word, such as Basic"
	AuthorizationScheme string `json:"authorizationScheme,omitempty"`
}

// AssertionAlgorithm is the "alg" of a signed JWT (RFC 7518 section 3.1, RFC 8037).
// +kubebuilder:validation:Enum=HS256;HS384;HS512;RS256;RS384;RS512;PS256;PS384;PS512;ES256;ES384;ES512;EdDSA
type AssertionAlgorithm string

// Assertion says how a signed JWT is made (RFC 7523).
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.serviceAccountToken) || !(has(self.algorithm) || has(self.keyID) || has(self.lifetime) || has(self.issuer) || has(self.subject) || has(self.audience) || has(self.claims) || has(self.headers))",message="with serviceAccountToken the API server makes the JWT: set nothing beside it"
type Assertion struct {
	// algorithm signs the JWT. Default: what the private key says or is made for:
	// RS256, ES256, ES384, ES512 or EdDSA; HS256 for client_secret_jwt. In
	// request.assertion, one of HS256, HS384 and HS512 signs with the client secret
	// instead of the private key.
	// +optional
	Algorithm AssertionAlgorithm `json:"algorithm,omitempty"`

	// keyID is the header kid, by which the server finds the key. Default: that of
	// a key in JWK form, else none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	KeyID string `json:"keyID,omitempty"`

	// lifetime of the JWT, a duration from 10s to 24h. Default 1m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="lifetime must be a duration from 10s to 24h, such as 5m"
	Lifetime *metav1.Duration `json:"lifetime,omitempty"`

	// issuer is the claim iss; empty for none. Default: the client ID.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Issuer *string `json:"issuer,omitempty"`

	// subject is the claim sub; empty for none. Default: the client ID.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Subject *string `json:"subject,omitempty"`

	// audience is the claim aud; empty for none. Default: the token endpoint; some
	// servers want their issuer.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Audience *string `json:"audience,omitempty"`

	// claims of the JWT, besides iss, sub, aud, iat, exp and jti. One of these names
	// takes the place of what is set by itself. A name that starts with '/' is a
	// JSON Pointer (RFC 6901).
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Claims []Parameter `json:"claims,omitempty"`

	// headers are further JOSE headers, such as x5t#S256. One that is named kid or
	// typ takes the place of what is set by itself.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(h, !(h.name in ['alg', 'crit', 'b64']))",message="alg, crit and b64 cannot be set: use algorithm"
	Headers []Parameter `json:"headers,omitempty"`

	// serviceAccountToken takes a token of a Kubernetes ServiceAccount instead: no
	// secret is stored at all. The authorization server has to trust the cluster's
	// issuer, as Entra ID and Okta do with federated credentials.
	// +optional
	ServiceAccountToken *ServiceAccountToken `json:"serviceAccountToken,omitempty"`
}

// ServiceAccountToken asks the API server for a token of the ServiceAccount that
// spec.serviceAccountName of the ClientCredential names.
type ServiceAccountToken struct {
	// audience that the token is for, such as api://AzureADTokenExchange. It must
	// not be one that the Kubernetes API server accepts.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Audience string `json:"audience,omitempty"`
}

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
	// JSONParameter is JSON that is taken as it is, such as a list.
	JSONParameter ParameterType = "JSON"
)

// Parameter is a parameter of the token request, or a claim or header of a JWT.
// +kubebuilder:validation:XValidation:rule="[has(self.value), has(self.secretKey), has(self.template)].filter(x, x).size() == 1",message="set exactly one of value, secretKey and template"
// +kubebuilder:validation:XValidation:rule="!has(self.value) || !self.name.matches('(?i)^(.*/)?(client_?secret|password)$')",message="never write a client secret here: put it into the Secret that credentialsRef names"
type Parameter struct {
	// name of the parameter. In JSON, one that starts with '/' is a JSON Pointer
	// (RFC 6901), such as /credentials/user.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="a parameter's name must be printable ASCII without spaces"
	Name string `json:"name,omitempty"`

	// value of the parameter. May be empty. It is visible to all who may read this
	// object: never put a secret here.
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
	// {{ printf "%s:%s" .user .password | b64enc }}. docs/templates.md lists what
	// else there is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Template string `json:"template,omitempty"`

	// type of the value in JSON: String (the default), Number, Boolean, or JSON for
	// what is JSON already, such as a list. Elsewhere every value is text.
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
	// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['host', 'content-length', 'transfer-encoding', 'accept-encoding', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect'])",message="this header is the business of the HTTP client, and cannot be set"
	Name string `json:"name,omitempty"`

	// value of the header. May be empty. It is visible to all who may read this
	// object: never put a secret here.
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
	// ID {{ printf "%s:%s" .client_id .client_secret | b64enc }}. docs/templates.md
	// lists what else there is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Template string `json:"template,omitempty"`
}

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
	// its unit, such as "60 minutes" or "1h30m". Default [/expires_in]. An empty
	// list reads none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresIn []JSONPointer `json:"expiresIn,omitzero"`

	// expiresInUnit is the unit of expiresIn where the response names none. Default
	// Seconds.
	// +optional
	ExpiresInUnit TimeUnit `json:"expiresInUnit,omitempty"`

	// expiresAt points to the instant of expiry: seconds or milliseconds since
	// 1970, RFC 3339, RFC 1123, or a date and time such as 2026-01-31 18:30:00.
	// Where both expiresAt and expiresIn are found, the earlier counts. By default
	// none is read.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	ExpiresAt []JSONPointer `json:"expiresAt,omitzero"`

	// expiresAtZone is the zone of an expiresAt that names none, as an offset such
	// as +09:00 or Z. Without it such a time counts as UTC, but never as later than
	// defaultTokenLifetime from now: it might be local.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:XValidation:rule="self.matches('^(Z|[-+](0[0-9]|1[0-4]):[0-5][0-9])$')",message="expiresAtZone is Z or an offset from UTC such as +09:00"
	ExpiresAtZone string `json:"expiresAtZone,omitempty"`

	// scope points to the granted scope. Default [/scope].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Scope []JSONPointer `json:"scope,omitzero"`

	// errorCode points to the error code of a failure (RFC 6749 section 5.2), a
	// text or a number other than 0. A response that has one is a failure, whatever
	// its HTTP status, unless success tells otherwise. Default [/error].
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
