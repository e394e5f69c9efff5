// Package tokensecret converts a token to its Secret, and the metadata of such a Secret back to the record of
// the token. It is pure.
package tokensecret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// Record describes the token of a Secret. It is read from the metadata, without the data.
type Record struct {
	IssuedAt  time.Time
	ExpiresAt time.Time
	Scope     string
	// RequestHash identifies the spec that the token was issued for, see RequestHash.
	RequestHash string
	// CredentialsVersion is the resourceVersion of the credentials Secret; empty if there is none.
	CredentialsVersion string
	// RenewRequest is the renew request that the token answers; may be empty.
	RenewRequest string
	// Fields are the keys of the additional fields of the token response, sorted.
	Fields []string
	// Fingerprint is the value of v1alpha1.FingerprintAnnotation.
	Fingerprint string
}

// RecordOf returns the record in the annotations of a token Secret; nil if they hold no valid record.
func RecordOf(annotations map[string]string) *Record {
	issuedAt, issuedErr := time.Parse(time.RFC3339, annotations[v1alpha1.IssuedAtAnnotation])
	expiresAt, expiresErr := time.Parse(time.RFC3339, annotations[v1alpha1.ExpiresAtAnnotation])
	if issuedErr != nil || expiresErr != nil {
		return nil
	}
	return &Record{
		IssuedAt:           issuedAt,
		ExpiresAt:          expiresAt,
		Scope:              annotations[v1alpha1.ScopeAnnotation],
		RequestHash:        annotations[v1alpha1.RequestHashAnnotation],
		CredentialsVersion: annotations[v1alpha1.CredentialsVersionAnnotation],
		RenewRequest:       annotations[v1alpha1.RenewRequestAnnotation],
		Fields:             splitFields(annotations[v1alpha1.ResponseFieldsAnnotation]),
		Fingerprint:        annotations[v1alpha1.FingerprintAnnotation],
	}
}

func splitFields(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// annotations returns the annotations from which RecordOf reads the record.
func (r Record) annotations() map[string]string {
	// Write empty annotations, too: an apply does not remove annotations that the earlier create wrote.
	return map[string]string{
		v1alpha1.IssuedAtAnnotation:           r.IssuedAt.UTC().Format(time.RFC3339),
		v1alpha1.ExpiresAtAnnotation:          r.ExpiresAt.UTC().Format(time.RFC3339),
		v1alpha1.ScopeAnnotation:              r.Scope,
		v1alpha1.RequestHashAnnotation:        r.RequestHash,
		v1alpha1.CredentialsVersionAnnotation: r.CredentialsVersion,
		v1alpha1.RenewRequestAnnotation:       r.RenewRequest,
		v1alpha1.ResponseFieldsAnnotation:     strings.Join(r.Fields, ","),
		v1alpha1.FingerprintAnnotation:        r.Fingerprint,
	}
}

// RequestHash returns a hash of the fields of a spec that determine the token request. It excludes the fields
// for the renewal, the target, the rate limit, TLS and revocation. It also excludes values from profiles and
// from a referenced authorization server, so that a new version of either does not renew tokens.
func RequestHash(spec v1alpha1.ClientCredentialSpec) (string, error) {
	server, reference := spec.AuthorizationServer.DeepCopy(), spec.AuthorizationServerRef.DeepCopy()
	if server != nil {
		// These fields say how to send a request, not which token to request.
		server.RateLimit, server.Revocation, server.TLS = nil, nil, nil
	}
	if reference != nil && reference.Kind == v1alpha1.AuthorizationServerNamespaced {
		// An explicit default counts as unset.
		reference.Kind = ""
	}
	raw, err := json.Marshal(v1alpha1.ClientCredentialSpec{
		AuthorizationServer:    server,
		AuthorizationServerRef: reference,
		CredentialsRef:         spec.CredentialsRef,
		ClientID:               spec.ClientID,
		ServiceAccountName:     spec.ServiceAccountName,
		Scopes:                 spec.Scopes,
		Audience:               spec.Audience,
		Resources:              spec.Resources,
		Parameters:             spec.Parameters,
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}

// fingerprint ties a token to its record and to the credentials that it was issued with. The token is the key
// of the hash, so a reader of the annotation cannot guess the token or a weak client secret. The version of
// the credentials Secret and the renew request are not included, because they can change while the token
// stays the same.
func fingerprint(token oauth2.Token, record Record, credentials oauth2.Credentials) string {
	mac := hmac.New(sha256.New, []byte(token.AccessToken.Reveal()))
	for _, part := range []string{
		token.Type,
		record.IssuedAt.UTC().Format(time.RFC3339),
		record.ExpiresAt.UTC().Format(time.RFC3339),
		record.Scope,
		record.RequestHash,
	} {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	for _, part := range credentials.Parts() {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	for _, name := range slices.Sorted(maps.Keys(token.Fields)) {
		mac.Write([]byte("field " + name + "\x00" + token.Fields[name].Reveal() + "\x00"))
	}
	return hex.EncodeToString(mac.Sum(nil))
}
