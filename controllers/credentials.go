package controllers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// credentialsReader reads credentials live, because no cache holds them.
type credentialsReader struct {
	resolver *resolve.Resolver
	policy   resolve.Policy
	known    *knownCredentials
}

// readCredentials are credentials that were read live.
type readCredentials struct {
	provenance tokensecret.Provenance
	notices    []oauth2.Notice
	// secret is the state of the credentials Secret; nil if no Secret was read. content is the digest
	// of the credentials.
	secret  *renewal.Credentials
	content digest
}

// read reads the credentials, and remembers which version of the Secret held them. If the Secret lacks
// part of the credentials, read returns its state and content together with the error.
func (r *credentialsReader) read(ctx context.Context, o *observed) (readCredentials, error) {
	read, err := r.readWithoutRecording(ctx, o)
	if read.secret != nil {
		r.known.record(o.credentialsUse(), read)
	}
	return read, err
}

// readWithoutRecording is like read, but remembers nothing.
func (r *credentialsReader) readWithoutRecording(ctx context.Context, o *observed) (read readCredentials, err error) {
	read.provenance.RequestHash = o.RequestHash
	found, err := r.resolver.Credentials(ctx, o.owner, o.server)
	if isUnusable(err) {
		return read, errCacheBehind
	}
	read.provenance.Credentials, read.notices = found.Credentials, found.Notices
	if found.Secret == nil {
		return read, err
	}
	read.secret = r.stateOf(found.Secret)
	read.provenance.CredentialsVersion = found.Secret.ResourceVersion
	read.content = contentOf(found.Credentials, found.Secret.Data, err)
	return read, err
}

// stateOf returns the state of a credentials Secret that decisions are based on.
func (r *credentialsReader) stateOf(secret metav1.Object) *renewal.Credentials {
	return &renewal.Credentials{
		Name:    secret.GetName(),
		Version: secret.GetResourceVersion(),
		Issued:  secret.GetAnnotations()[v1alpha1.FingerprintAnnotation] != "",
		Allowed: r.policy.MayUse(secret.GetLabels()),
	}
}

// isUnusable reports whether the credentials Secret is gone or has lost its label. The cache still shows a
// usable Secret, so the cache is behind.
func isUnusable(err error) bool {
	found := problem.Of(err)
	return found != nil && (found.Reason == v1alpha1.ReasonCredentialsNotFound || found.Reason == v1alpha1.ReasonCredentialsNotLabelled)
}
