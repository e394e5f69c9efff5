package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClientAuthenticationMethod is a name from IANA's registry "OAuth Token Endpoint
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
	// TLSClientAuth presents a certificate that a CA issued (RFC 8705 section 2.1).
	TLSClientAuth ClientAuthenticationMethod = "tls_client_auth"
	// SelfSignedTLSClientAuth presents a self-signed certificate (RFC 8705 section 2.2).
	SelfSignedTLSClientAuth ClientAuthenticationMethod = "self_signed_tls_client_auth"
	// ClientAuthenticationNone sends only the client ID (RFC 7591 section 2).
	ClientAuthenticationNone ClientAuthenticationMethod = "none"
)

// BasicEncoding is the encoding of client ID and secret before client_secret_basic joins
// them with a colon.
// +kubebuilder:validation:Enum=FormURLEncoded;Raw
type BasicEncoding string

const (
	// FormURLEncodedBasic encodes client ID and secret, as RFC 6749 section 2.3.1 requires.
	FormURLEncodedBasic BasicEncoding = "FormURLEncoded"
	// RawBasic leaves client ID and secret as they are (RFC 7617).
	RawBasic BasicEncoding = "Raw"
)

// ClientAuthentication describes how the client authenticates (RFC 6749 section 2.3).
// +kubebuilder:validation:MinProperties=1
type ClientAuthentication struct {
	// method is the client authentication method by its IANA name. client_secret_basic (the
	// default) sends ID and secret in the Authorization header. client_secret_post sends
	// them as parameters. client_secret_jwt sends a JWT that is signed with the client
	// secret. private_key_jwt sends a JWT that is signed with the key private_key of the
	// credentials Secret. tls_client_auth and self_signed_tls_client_auth present the
	// certificate tls.crt of the credentials Secret, with its key tls.key. none needs no
	// client secret: it sends only the client ID, even if the credentials Secret holds a
	// secret.
	// +optional
	Method ClientAuthenticationMethod `json:"method,omitempty"`

	// assertion configures the JWT that client_secret_jwt and private_key_jwt send.
	// +optional
	Assertion *Assertion `json:"assertion,omitempty"`

	// basicEncoding is the encoding of ID and secret for client_secret_basic.
	// FormURLEncoded (the default) encodes both before they are joined, as RFC 6749 section
	// 2.3.1 requires. Raw leaves them as they are, which some servers need. The encodings
	// differ only if ID or secret contains characters such as '+', '/' or '='.
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

// Assertion configures a signed JWT (RFC 7523).
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.serviceAccountToken) || !(has(self.algorithm) || has(self.keyID) || has(self.lifetime) || has(self.clockSkew) || has(self.notBefore) || has(self.issuer) || has(self.subject) || has(self.audience) || has(self.claims) || has(self.headers))",message="with serviceAccountToken, the API server issues the JWT: set no other field of the assertion"
// +kubebuilder:validation:XValidation:rule="!has(self.clockSkew) || !has(self.lifetime) || duration(self.clockSkew) + duration(self.clockSkew) <= duration(self.lifetime)",message="clockSkew may be at most half of lifetime: set a longer lifetime, or a shorter clockSkew"
type Assertion struct {
	// algorithm is the signature algorithm of the JWT. The default for client_secret_jwt is
	// HS256. The default for a private key is the "alg" of its JWK, else RS256, ES256,
	// ES384, ES512 or EdDSA, depending on the type of the key. In request.assertion, HS256,
	// HS384 and HS512 sign with the client secret instead of the private key.
	// +optional
	Algorithm AssertionAlgorithm `json:"algorithm,omitempty"`

	// keyID is the kid header of the JWT. The server uses it to select the key. Default:
	// the kid of a key in JWK form, else none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	KeyID string `json:"keyID,omitempty"`

	// lifetime of the JWT from iat to exp, a duration from 10s to 24h. Default: 1m, or
	// twice clockSkew if that is longer.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="lifetime must be a duration from 10s to 24h, such as 5m"
	Lifetime *metav1.Duration `json:"lifetime,omitempty"`

	// clockSkew is the time by which the server's clock may be behind: iat is the current
	// time minus clockSkew. exp is iat plus lifetime, because many servers limit exp - iat.
	// So a larger clockSkew leaves less time if the server's clock is ahead. It is a
	// duration from 0s to 5m, at most half of lifetime. Default: 10s, or half of lifetime
	// if that is shorter.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('0s') && duration(self) <= duration('5m')",message="clockSkew must be a duration from 0s to 5m, such as 30s"
	ClockSkew *metav1.Duration `json:"clockSkew,omitempty"`

	// notBefore adds the claim nbf with the value of iat, for servers that require it.
	// Default false.
	// +optional
	NotBefore *bool `json:"notBefore,omitempty"`

	// issuer is the claim iss. An empty value omits the claim. Default: the client ID.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Issuer *string `json:"issuer,omitempty"`

	// subject is the claim sub. An empty value omits the claim. Default: the client ID.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Subject *string `json:"subject,omitempty"`

	// audience is the claim aud. An empty value omits the claim. Default: the token
	// endpoint. Some servers require their issuer instead.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Audience *string `json:"audience,omitempty"`

	// claims are additional claims of the JWT. A claim named iss, sub, aud, iat, exp, nbf
	// or jti replaces the claim that the operator sets. A name that starts with '/' is a
	// JSON Pointer (RFC 6901).
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Claims []Parameter `json:"claims,omitempty"`

	// headers are additional JOSE headers, such as x5t#S256. A header named kid or typ
	// replaces the header that the operator sets.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(h, !(h.name in ['alg', 'crit', 'b64']))",message="alg, crit and b64 cannot be set: use algorithm"
	Headers []Parameter `json:"headers,omitempty"`

	// serviceAccountToken sends a token of a Kubernetes ServiceAccount instead of a JWT
	// that the operator signs, so no secret is stored. The authorization server must trust
	// the issuer of the cluster, as Entra ID and Keycloak can.
	// +optional
	ServiceAccountToken *ServiceAccountToken `json:"serviceAccountToken,omitempty"`
}

// ServiceAccountToken requests a token from the API server, for the ServiceAccount in
// spec.serviceAccountName of the ClientCredential.
type ServiceAccountToken struct {
	// audience of the token, such as api://AzureADTokenExchange. It must not be an audience
	// that the Kubernetes API server accepts.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Audience string `json:"audience,omitempty"`
}
