package v1alpha1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Labels and annotations that users set.
const (
	// UsageLabel on a Secret or a ServiceAccount states its permitted use. A credentials
	// Secret must have the label with the value UsageClientCredential. Otherwise, anyone
	// with the right to create a ClientCredential could send any Secret to any URL.
	UsageLabel            = "oauth2.tokensync.dev/usage"
	UsageClientCredential = "client-credential"

	// RenewRequestedAtAnnotation on a ClientCredential renews the token once for each new
	// value. Any value is valid; by convention it is a time.
	RenewRequestedAtAnnotation = "oauth2.tokensync.dev/renew-requested-at"

	// AdoptableByAnnotation on a Secret names the ClientCredential of the same namespace
	// that may adopt it with spec.target.adopt. The operator sets it on Secrets that
	// outlive their ClientCredential.
	AdoptableByAnnotation = "oauth2.tokensync.dev/adoptable-by"
)

// RenewRequestOf returns the value of RenewRequestedAtAnnotation, cut to the size that the
// status can hold. It is empty if there is no such annotation.
func RenewRequestOf(object metav1.Object) string {
	const maxBytes = 1024
	request := object.GetAnnotations()[RenewRequestedAtAnnotation]
	return strings.ToValidUTF8(request[:min(len(request), maxBytes)], "")
}

// RevokeTokenFinalizer is on a ClientCredential whose token is revoked when it is
// deleted, and on the Secrets that the revocation needs.
const RevokeTokenFinalizer = "oauth2.tokensync.dev/revoke-token"

// Labels and annotations that the operator sets on token Secrets.
const (
	// ManagedByLabel has the value ManagedBy on every token Secret.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "tokensync"

	// OwnerUIDAnnotation is the UID of the ClientCredential that a token Secret
	// belongs to: the owner reference may be missing or unwanted.
	OwnerUIDAnnotation = "oauth2.tokensync.dev/owner-uid"

	// OwnerNameAnnotation is the name of that ClientCredential. A later ClientCredential of
	// the same namespace and name takes over the Secret. Secrets that an older version
	// wrote do not have this annotation.
	OwnerNameAnnotation = "oauth2.tokensync.dev/owner-name"

	// IssuedAtAnnotation and ExpiresAtAnnotation are times in RFC 3339.
	IssuedAtAnnotation  = "oauth2.tokensync.dev/issued-at"
	ExpiresAtAnnotation = "oauth2.tokensync.dev/expires-at"

	// ScopeAnnotation is the granted scope; empty if the server did not return it.
	ScopeAnnotation = "oauth2.tokensync.dev/scope"

	// RequestHashAnnotation is a hash of the parts of the spec that determine the token
	// request. If it differs, the token was issued for another spec.
	RequestHashAnnotation = "oauth2.tokensync.dev/request-hash"

	// CredentialsVersionAnnotation is the resourceVersion of the credentials Secret that
	// the token was issued with; empty if there was none.
	CredentialsVersionAnnotation = "oauth2.tokensync.dev/credentials-version"

	// RenewRequestAnnotation is the value of RenewRequestedAtAnnotation when the token was
	// requested; empty if there was none.
	RenewRequestAnnotation = "oauth2.tokensync.dev/renew-request"

	// ResponseFieldsAnnotation lists the keys that hold additional fields of the token
	// response, separated by commas; empty if there are none.
	ResponseFieldsAnnotation = "oauth2.tokensync.dev/response-fields"

	// TemplateHashAnnotation is a hash of the type and the data of the template that the
	// Secret was made from; empty if the template has neither.
	TemplateHashAnnotation = "oauth2.tokensync.dev/template-hash"

	// FingerprintAnnotation proves that data and annotations belong together. It is keyed
	// with the token, so it reveals nothing to a reader without the token.
	FingerprintAnnotation = "oauth2.tokensync.dev/fingerprint"
)

// Keys of a token Secret.
const (
	// AccessTokenKey holds the access token.
	AccessTokenKey = "access_token"
	// TokenTypeKey holds the token's type as the server wrote it, such as Bearer.
	TokenTypeKey = "token_type"
	// ExpiresAtKey holds the time of expiry in RFC 3339.
	ExpiresAtKey = "expires_at"
)

// Keys of a credentials Secret, unless credentialsRef names other keys.
const (
	DefaultClientIDKey     = "client_id"
	DefaultClientSecretKey = "client_secret"
	DefaultPrivateKeyKey   = "private_key"
	// A client certificate has the keys of a Secret of type kubernetes.io/tls.
	CertificateKey           = "tls.crt"
	CertificatePrivateKeyKey = "tls.key"
)

// DefaultCABundleKey is the key of a CA bundle, unless caBundleRef names another key.
const DefaultCABundleKey = "ca.crt"
