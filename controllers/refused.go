package controllers

import (
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
		!o.OnlyEditedSince(failure) || !r.memory.isRefused(o.owner, provenance) {
		return nil
	}
	return &notYetError{until: failure.RetryAt.Time, decision: renewal.StillRefused(failure)}
}

// refusedDigest identifies a request and its credentials.
func refusedDigest(provenance tokensecret.Provenance) digest {
	return digestOf(append(provenance.Credentials.Parts(), provenance.RequestHash)...)
}

// rememberRefused notes what the server refused last. It reports whether the server may
// have refused the same before: nothing is known of the time before a restart.
func (m *memory) rememberRefused(owner *v1alpha1.ClientCredential, provenance tokensecret.Provenance) (again bool) {
	refused := refusedDigest(provenance)
	m.with(owner, func(e *entry) {
		again = e.refused == refused || e.refused == digest{}
		e.refused = refused
	})
	return again
}

func (m *memory) isRefused(owner *v1alpha1.ClientCredential, provenance tokensecret.Provenance) (refused bool) {
	m.with(owner, func(e *entry) { refused = e.refused == refusedDigest(provenance) })
	return refused
}
