package controllers

import (
	"encoding/json"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// stillRefused returns a *notYetError while the backoff runs after the server refused
// just this request with just these credentials: an edit that leaves both as they are,
// such as a label of the credentials Secret, is no reason to send them again. Servers lock
// accounts.
func (r *Reconciler) stillRefused(o *observed, provenance tokensecret.Provenance) error {
	failure := o.previous.Failure
	if failure == nil || failure.Class != oauth2.CredentialsRefused || !o.Now.Before(failure.RetryAt.Time) ||
		!o.OnlyEditedSince(failure) || !r.memory.isRefused(o.owner, o.refusedDigest(provenance)) {
		return nil
	}
	return &notYetError{until: failure.RetryAt.Time, decision: renewal.StillRefused(failure)}
}

// refusedDigest identifies a request and its credentials, by all that a token request
// depends on.
func (o *observed) refusedDigest(provenance tokensecret.Provenance) digest {
	server := o.server.DeepCopy()
	server.RateLimit, server.Revocation, server.Response, server.DefaultTokenLifetime = nil, nil, nil, nil
	// A declaration can always be encoded: it came as JSON.
	declared, _ := json.Marshal(server)
	return digestOf(append(provenance.Credentials.Parts(), provenance.RequestHash, string(declared))...)
}

// rememberRefused notes what the server refused last. It reports whether the server may
// have refused the same before: nothing is known of the time before a restart.
func (m *memory) rememberRefused(owner *v1alpha1.ClientCredential, refused digest) (again bool) {
	m.with(owner, func(e *entry) {
		again = e.refused == refused || e.refused == digest{}
		e.refused = refused
	})
	return again
}

func (m *memory) isRefused(owner *v1alpha1.ClientCredential, asked digest) (refused bool) {
	m.with(owner, func(e *entry) { refused = e.refused == asked })
	return refused
}
