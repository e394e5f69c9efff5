package v1alpha1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Labels and annotations that people set.
const (
	// UsageLabel on a Secret says what it may be used for. A credentials Secret
	// needs it with the value UsageClientCredential: without it, whoever may
	// create a ClientCredential could send any Secret to any URL.
	UsageLabel            = "oauth2.tokensync.dev/usage"
	UsageClientCredential = "client-credential"

	// RenewRequestedAtAnnotation on a ClientCredential renews the token once for
	// each new value. The value is free; an instant is customary.
	RenewRequestedAtAnnotation = "oauth2.tokensync.dev/renew-requested-at"

	// AdoptableByAnnotation on a Secret names the ClientCredential of the same
	// namespace that may take it over, if that has spec.target.adopt. The operator
	// sets it on Secrets that outlive their ClientCredential.
	AdoptableByAnnotation = "oauth2.tokensync.dev/adoptable-by"
)

// RenewRequestOf returns the value of RenewRequestedAtAnnotation, as much of it as the status can
// hold; empty for none.
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
	// belongs to: the owner reference may be missing, or not wanted.
	OwnerUIDAnnotation = "oauth2.tokensync.dev/owner-uid"

	// OwnerNameAnnotation is the name of that ClientCredential. A later one of the same
	// namespace and name takes the Secret over. Secrets that an older version wrote
	// have no such annotation.
	OwnerNameAnnotation = "oauth2.tokensync.dev/owner-name"

	// IssuedAtAnnotation and ExpiresAtAnnotation are instants in RFC 3339.
	IssuedAtAnnotation  = "oauth2.tokensync.dev/issued-at"
	ExpiresAtAnnotation = "oauth2.tokensync.dev/expires-at"

	// ScopeAnnotation is the granted scope; empty when the server told none.
	ScopeAnnotation = "oauth2.tokensync.dev/scope"

	// RequestHashAnnotation is a hash of what the spec says about the token
	// request: when it differs, the token was issued for another spec.
	RequestHashAnnotation = "oauth2.tokensync.dev/request-hash"

	// CredentialsVersionAnnotation is the resourceVersion of the credentials
	// Secret that the token was issued with; empty when there was none.
	CredentialsVersionAnnotation = "oauth2.tokensync.dev/credentials-version"

	// RenewRequestAnnotation is the value of RenewRequestedAtAnnotation that the
	// token answers; empty when there was none.
	RenewRequestAnnotation = "oauth2.tokensync.dev/renew-request"

	// ResponseFieldsAnnotation names the keys that hold further fields of the token
	// response, with commas between them; empty when there are none.
	ResponseFieldsAnnotation = "oauth2.tokensync.dev/response-fields"

	// TemplateHashAnnotation is a hash of the type and the data of the template that
	// the Secret was made from; empty without either.
	TemplateHashAnnotation = "oauth2.tokensync.dev/template-hash"

	// FingerprintAnnotation proves that data and annotations belong together. It
	// is keyed by the token, so that it tells nothing to who does not have it.
	FingerprintAnnotation = "oauth2.tokensync.dev/fingerprint"
)

// Keys of a token Secret.
const (
	// AccessTokenKey holds the access token.
	AccessTokenKey = "access_token"
	// TokenTypeKey holds the token's type as the server wrote it, such as Bearer.
	TokenTypeKey = "token_type"
	// ExpiresAtKey holds the instant of expiry in RFC 3339.
	ExpiresAtKey = "expires_at"
)

// Keys of a credentials Secret, unless credentialsRef names others.
const (
	DefaultClientIDKey     = "client_id"
	DefaultClientSecretKey = "client_secret"
	DefaultPrivateKeyKey   = "private_key"
	// A client certificate lies where a Secret of type kubernetes.io/tls has it.
	CertificateKey           = "tls.crt"
	CertificatePrivateKeyKey = "tls.key"
)

// DefaultCABundleKey is the key of a CA bundle, unless caBundleRef names another.
const DefaultCABundleKey = "ca.crt"
