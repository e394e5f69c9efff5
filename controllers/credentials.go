package controllers

import (
	"context"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// readCredentials are credentials that were read live.
type readCredentials struct {
	provenance tokensecret.Provenance
	notices    []oauth2.Notice
	// version of the credentials Secret, and the digest of what it holds; empty if no Secret
	// was read.
	version string
	content digest
}

// readCredentials reads the credentials live. With an error, the version and the content tell
// of a Secret that lacks a part of the credentials.
func (r *Reconciler) readCredentials(ctx context.Context, o *observed) (read readCredentials, err error) {
	read.provenance.RequestHash = o.RequestHash
	found, err := r.resolver.Credentials(ctx, o.owner, o.server)
	if isUnusable(err) {
		return read, errCacheBehind
	}
	read.provenance.Credentials, read.notices = found.Credentials, found.Notices
	if found.Secret == nil {
		return read, err
	}
	o.Credentials = r.credentialsOf(found.Secret)
	read.version, read.provenance.CredentialsVersion = found.Secret.ResourceVersion, found.Secret.ResourceVersion
	read.content = contentOf(found.Credentials, found.Secret.Data, err)
	return read, err
}

// isUnusable reports whether the credentials Secret is gone or lost its label. The cache, by which
// the operator decided to read it, shows another state.
func isUnusable(err error) bool {
	found := problem.Of(err)
	return found != nil && (found.Reason == v1alpha1.ReasonCredentialsNotFound || found.Reason == v1alpha1.ReasonCredentialsNotLabelled)
}
