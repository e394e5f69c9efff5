package tokensecret

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// Provenance is the request and the credentials that a token was issued for.
type Provenance struct {
	RequestHash        string
	CredentialsVersion string
	RenewRequest       string
	Credentials        oauth2.Credentials
}

// NewRecord returns the record of a token.
func NewRecord(token oauth2.Token, provenance Provenance) Record {
	record := Record{
		IssuedAt:           token.IssuedAt,
		ExpiresAt:          token.ExpiresAt,
		Scope:              token.Scope,
		RequestHash:        provenance.RequestHash,
		CredentialsVersion: provenance.CredentialsVersion,
		RenewRequest:       provenance.RenewRequest,
	}
	record.Fields = slices.Sorted(maps.Keys(token.Fields))
	record.Fingerprint = fingerprint(token, record, provenance.Credentials)
	return record
}

// Write returns the Secret that holds a token, for a server-side apply. If current is not nil, the apply
// succeeds only if the Secret has not changed since. Write fails if the template cannot be rendered with the
// token.
func Write(owner *v1alpha1.ClientCredential, current *State, token oauth2.Token, record Record, clientID string) (*corev1ac.SecretApplyConfiguration, error) {
	rendered, failure := render(owner, token, clientID)
	if failure != nil {
		return nil, failure
	}
	wanted := metadataOf(owner)
	secret := corev1ac.Secret(owner.TargetName(), owner.Namespace).
		WithLabels(wanted.labels).
		WithAnnotations(wanted.annotations).
		WithAnnotations(record.annotations()).
		WithType(TypeOf(owner)).
		WithData(rendered).
		WithData(map[string][]byte{
			v1alpha1.AccessTokenKey: []byte(token.AccessToken.Reveal()),
			v1alpha1.TokenTypeKey:   []byte(token.Type),
			v1alpha1.ExpiresAtKey:   []byte(token.ExpiresAt.UTC().Format(time.RFC3339)),
		})
	for name, value := range token.Fields {
		secret.WithData(map[string][]byte{name: []byte(value.Reveal())})
	}
	if !owner.RetainsTarget() {
		reference := ReferenceTo(owner)
		secret.WithOwnerReferences(metav1ac.OwnerReference().
			WithAPIVersion(reference.APIVersion).
			WithKind(reference.Kind).
			WithName(reference.Name).
			WithUID(reference.UID).
			WithController(*reference.Controller).
			WithBlockOwnerDeletion(*reference.BlockOwnerDeletion))
	}
	if IsHeld(owner) {
		secret.WithFinalizers(v1alpha1.RevokeTokenFinalizer)
	}
	if current != nil {
		secret.WithUID(types.UID(current.UID)).WithResourceVersion(current.ResourceVersion)
	}
	return secret, nil
}

// VerifiedToken returns the token in a Secret if it matches its record and was issued for the given
// provenance; otherwise nil.
func VerifiedToken(secret *corev1.Secret, provenance Provenance) *oauth2.Token {
	record := RecordOf(secret.Annotations)
	if record == nil || record.RequestHash != provenance.RequestHash {
		return nil
	}
	token := oauth2.Token{
		AccessToken: oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey])),
		Type:        string(secret.Data[v1alpha1.TokenTypeKey]),
		IssuedAt:    record.IssuedAt,
		ExpiresAt:   record.ExpiresAt,
		Scope:       record.Scope,
	}
	for _, name := range record.Fields {
		if token.Fields == nil {
			token.Fields = map[string]oauth2.Sensitive{}
		}
		token.Fields[name] = oauth2.NewSensitive(string(secret.Data[name]))
	}
	if token.AccessToken.IsEmpty() || NewRecord(token, provenance).Fingerprint != record.Fingerprint {
		return nil
	}
	return &token
}

// sameExpiry is the maximum difference between two expiries of the same token. They differ slightly because a
// lifetime is in whole seconds, and counts from the start of the request.
const sameExpiry = 2 * time.Second

// IsSame reports whether the target already holds a token with the same record, so that nothing must be
// written. The fingerprint shows this without reading the Secret. If the token was requested outside the
// lifetime in the record, IsSame returns false: the times of the record do not cover this token, so the
// record must be rewritten.
func IsSame(target *State, token oauth2.Token, provenance Provenance) bool {
	if target == nil || !target.Owned || target.Drifted || target.Record == nil {
		return false
	}
	record := *target.Record
	return record.RequestHash == provenance.RequestHash &&
		record.CredentialsVersion == provenance.CredentialsVersion &&
		record.Scope == token.Scope &&
		!token.IssuedAt.Before(record.IssuedAt) && token.IssuedAt.Before(record.ExpiresAt) &&
		token.ExpiresAt.Sub(record.ExpiresAt).Abs() <= sameExpiry &&
		fingerprint(token, record, provenance.Credentials) == record.Fingerprint
}

var (
	// tokenAnnotations are the annotations of the record that every version of the operator writes.
	tokenAnnotations = []string{
		v1alpha1.IssuedAtAnnotation, v1alpha1.ExpiresAtAnnotation, v1alpha1.ScopeAnnotation,
		v1alpha1.RequestHashAnnotation, v1alpha1.CredentialsVersionAnnotation,
		v1alpha1.RenewRequestAnnotation, v1alpha1.FingerprintAnnotation,
	}
	ownAnnotations = append([]string{v1alpha1.ResponseFieldsAnnotation}, tokenAnnotations...)
)

// Equal reports whether a token issued for p is also good for other.
func (p Provenance) Equal(other Provenance) bool {
	return p.RequestHash == other.RequestHash && p.Credentials.Equal(other.Credentials)
}
