package controllers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
)

// stillRefused returns a *notYetError while the backoff runs after the server refused
// just these credentials: an edit of the credentials Secret that leaves them as they are,
// such as a label, is no reason to send them again. Servers lock accounts.
func (r *Reconciler) stillRefused(o *observed, credentials oauth2.Credentials) error {
	failure := o.previous.Failure
	if failure == nil || failure.Class != oauth2.CredentialsRefused || !o.Now.Before(failure.RetryAt.Time) ||
		!o.OnlyCredentialsChangedSince(failure) || !r.memory.isRefused(o.owner, credentials) {
		return nil
	}
	return &notYetError{until: failure.RetryAt.Time, decision: renewal.StillRefused(failure)}
}

// digest identifies credentials without holding them.
type digest [sha256.Size]byte

// digestKey is of this process only: nothing can be found out from a digest elsewhere.
var digestKey = []byte(rand.Text())

func digestOf(credentials oauth2.Credentials) (digest digest) {
	mac := hmac.New(sha256.New, digestKey)
	for _, part := range credentials.Parts() {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	copy(digest[:], mac.Sum(nil))
	return digest
}

// rememberRefused notes the credentials that the server refused last.
func (m *memory) rememberRefused(owner *v1alpha1.ClientCredential, credentials oauth2.Credentials) {
	m.with(owner, func(e *entry) { e.refused = digestOf(credentials) })
}

func (m *memory) isRefused(owner *v1alpha1.ClientCredential, credentials oauth2.Credentials) (refused bool) {
	m.with(owner, func(e *entry) { refused = e.refused == digestOf(credentials) })
	return refused
}
