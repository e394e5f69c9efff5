package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AuthorizationServerSpec describes the token endpoint of one authorization server, and its
// dialect of RFC 6749.
//
// A field that is set here wins over the profile, and the profile wins over the defaults of
// RFC 6749. A field that is set to an empty value counts as set.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.tokenEndpoint) || has(self.issuer) || (has(self.profile) && self.profile != 'RFC6749')",message="set tokenEndpoint to the URL of the token endpoint, issuer to discover it, or profile to a profile that includes it, such as CommerceLayer"
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

	// tokenEndpoint is the URL that token requests are sent to (RFC 8414 "token_endpoint").
	// It must use https, unless the operator was started with --allow-http. It is not
	// needed if the profile has one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getHostname() != ''",message="tokenEndpoint must be an absolute https URL, such as https://idp.example.com/oauth2/token"
	// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="tokenEndpoint must not have a fragment: remove '#' and the text after it (RFC 6749 section 3.2)"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-zA-Z]+://[^/?#]*@')",message="tokenEndpoint must not carry a user or password: put the client ID and secret into the credentials Secret"
	TokenEndpoint string `json:"tokenEndpoint,omitempty"`

	// issuer is the URL of the authorization server. The operator discovers the server's
	// metadata from it, first as in RFC 8414, then as in OpenID Connect Discovery. It must
	// be identical to "issuer" in the metadata.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getHostname() != '' && !self.contains('#') && !self.contains('?') && !self.matches('^[a-zA-Z]+://[^/?#]*@')",message="issuer must be an absolute https URL without query, fragment and user, such as https://idp.example.com/realms/shop (RFC 8414 section 2)"
	Issuer string `json:"issuer,omitempty"`

	// tls configures TLS connections to the server: the CA certificates to trust, and a
	// client certificate.
	// +optional
	TLS *TLSClient `json:"tls,omitempty"`

	// clientAuthentication describes how the client authenticates to the server.
	// +optional
	ClientAuthentication *ClientAuthentication `json:"clientAuthentication,omitempty"`

	// request describes the token request.
	// +optional
	Request *TokenRequest `json:"request,omitempty"`

	// response describes where to find values in the token response.
	// +optional
	Response *TokenResponse `json:"response,omitempty"`

	// rateLimit limits the token requests to this server. All ClientCredentials of the
	// namespace that use its token endpoint share the limit. For a
	// ClusterAuthorizationServer, the ClientCredentials of all namespaces share it. In
	// each namespace, the token that expires soonest is requested first.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// revocation describes how a token is revoked (RFC 7009).
	// +optional
	Revocation *Revocation `json:"revocation,omitempty"`

	// defaultTokenLifetime is the lifetime that the operator assumes if the token response
	// states no lifetime and the token is not a JWT with a lifetime. It is a duration from
	// 10s to 8760h. Default 1h. If the response states a lifetime that the operator cannot
	// read, it assumes the smaller of this value and 1h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('8760h')",message="defaultTokenLifetime must be a duration from 10s to 8760h, such as 30m or 1h"
	DefaultTokenLifetime *metav1.Duration `json:"defaultTokenLifetime,omitempty"`
}

// RateLimit limits the token requests to an authorization server.
type RateLimit struct {
	// requests is the maximum number of requests in any period of length per.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Requests int32 `json:"requests,omitempty"`

	// per is the length of the period: a duration from 1s to 24h.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="per must be a duration from 1s to 24h, such as 1m"
	Per *metav1.Duration `json:"per,omitempty"`
}

// Revocation describes how a token is revoked (RFC 7009). The revocation request uses the
// client authentication, the headers and the encoding of the token request.
// +kubebuilder:validation:MinProperties=1
type Revocation struct {
	// endpoint is the URL of the revocation endpoint (RFC 8414 "revocation_endpoint"). It
	// is not needed if the profile or the discovered metadata has one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getHostname() != '' && !self.contains('#') && !self.matches('^[a-zA-Z]+://[^/?#]*@')",message="endpoint must be an absolute https URL without fragment and user, such as https://idp.example.com/oauth2/revoke"
	Endpoint string `json:"endpoint,omitempty"`

	// onDelete revokes the token when its ClientCredential is deleted. The deletion waits
	// for the revocation. The operator retries a failed revocation for at most a minute, or
	// longer if the operator restarts. Default false.
	// +optional
	OnDelete *bool `json:"onDelete,omitempty"`
}

// TLSClient configures the client side of TLS.
// +kubebuilder:validation:MinProperties=1
type TLSClient struct {
	// caBundleRef names the ConfigMap or Secret with the CA certificates to trust for this
	// server. They replace the CA certificates of the system, which are the default.
	// +optional
	CABundleRef *CABundleReference `json:"caBundleRef,omitempty"`

	// clientCertificate presents a certificate to the server, in addition to the client
	// authentication. FromCredentials takes tls.crt and tls.key from the credentials
	// Secret. The methods tls_client_auth and self_signed_tls_client_auth always present
	// that certificate. Default None.
	// +optional
	ClientCertificate ClientCertificate `json:"clientCertificate,omitempty"`
}

// ClientCertificate is the source of a client certificate.
// +kubebuilder:validation:Enum=None;FromCredentials
type ClientCertificate string

// ClientCertificateFromCredentials takes the certificate from the credentials Secret.
const ClientCertificateFromCredentials ClientCertificate = "FromCredentials"

// CABundleKind is a kind of object that holds certificates.
// +kubebuilder:validation:Enum=ConfigMap;Secret
type CABundleKind string

// CABundleReference names CA certificates in PEM.
type CABundleReference struct {
	// kind of the object: ConfigMap (the default) or Secret.
	// +optional
	Kind CABundleKind `json:"kind,omitempty"`

	// name of the object. It must be in the namespace of the object that refers to it. For
	// a ClusterAuthorizationServer, it must be in the operator's own namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="caBundleRef.name must be the name of a ConfigMap or Secret, without its namespace: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// key that holds the certificates. Default ca.crt.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="caBundleRef.key must be a key of a ConfigMap or Secret: letters, digits, '-', '_' and '.'"
	Key string `json:"key,omitempty"`
}
