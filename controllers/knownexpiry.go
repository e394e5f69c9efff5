package controllers

import (
	"slices"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// maxKnownExpiries is the number of recent tokens remembered per ClientCredential. A server may return
// tokens from that many caches in turn.
const maxKnownExpiries = 8

// knownExpiry is a token that the server returned, and the expiry that the operator uses for it.
type knownExpiry struct {
	token  digest
	expiry tokensecret.Expiry
	// source is where the response states the expiry; empty if the expiry is assumed or its source
	// is unknown. reading identifies how the declaration reads that source.
	source  oauth2.LifetimeSource
	reading digest
}

// knownExpiryOf returns the remembered expiry of a token that the server returned before, even if no
// Secret holds the token. It returns nil for an unknown token.
func (k remembered) knownExpiryOf(token oauth2.Sensitive) *knownExpiry {
	wanted := digestOf(token.Reveal())
	if i := slices.IndexFunc(k.knownExpiries, func(b knownExpiry) bool { return b.token == wanted }); i >= 0 {
		return &k.knownExpiries[i]
	}
	return nil
}

// rememberExpiry remembers the expiry of a token, and corrects the expiry of that token if it waits to be
// written. If there are too many tokens, it forgets the token that the server returned least recently.
func (e *entry) rememberExpiry(latest knownExpiry) {
	known := slices.DeleteFunc(slices.Clone(e.knownExpiries), func(b knownExpiry) bool { return b.token == latest.token })
	known = append(known, latest)
	e.knownExpiries = known[max(0, len(known)-maxKnownExpiries):]
	if e.unwritten != nil && digestOf(e.unwritten.token.AccessToken.Reveal()) == latest.token {
		corrected := *e.unwritten
		corrected.token.ExpiresAt = latest.expiry.At
		e.unwritten = &corrected
	}
}
