package controllers

import (
	"slices"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// maxKnownExpiries is the number of recent tokens remembered per ClientCredential. A server with several
// caches may return several tokens in turn.
const maxKnownExpiries = 8

// knownExpiry is a token that the server returned, and the expiry that the operator uses for it.
type knownExpiry struct {
	token  digest
	expiry tokensecret.Expiry
	// source is the part of the response that states the expiry; empty if the expiry is assumed or its
	// source is unknown. reading identifies how the declaration reads that part.
	source  oauth2.LifetimeSource
	reading digest
}

// knownExpiryOf returns the remembered expiry of a token that the server returned before, even if no
// Secret holds the token. It returns nil for an unknown token.
func (k remembered) knownExpiryOf(token oauth2.Sensitive) *knownExpiry {
	wanted := digestOf(token.Reveal())
	if i := slices.IndexFunc(k.knownExpiries, func(earlier knownExpiry) bool { return earlier.token == wanted }); i >= 0 {
		return &k.knownExpiries[i]
	}
	return nil
}

// rememberExpiry remembers the expiry of a token. If that token is not written yet, rememberExpiry
// corrects its expiry. If there are too many tokens, it forgets the least recently returned token.
func (e *entry) rememberExpiry(latest knownExpiry) {
	known := slices.DeleteFunc(slices.Clone(e.knownExpiries), func(earlier knownExpiry) bool { return earlier.token == latest.token })
	known = append(known, latest)
	e.knownExpiries = known[max(0, len(known)-maxKnownExpiries):]
	if e.unwritten != nil && digestOf(e.unwritten.token.AccessToken.Reveal()) == latest.token {
		corrected := *e.unwritten
		corrected.token.ExpiresAt = latest.expiry.At
		e.unwritten = &corrected
	}
}
