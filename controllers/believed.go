package controllers

import (
	"slices"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// maxBelieved is the number of recent tokens remembered per ClientCredential. A server may return
// tokens from that many caches in turn.
const maxBelieved = 8

// believed is a token that the server returned, and the expiry that the operator uses for it.
type believed struct {
	token  digest
	expiry tokensecret.Expiry
	// source is where the response states the expiry; empty if the expiry is assumed or its source
	// is unknown. reading identifies how the declaration reads that source.
	source  oauth2.LifetimeSource
	reading digest
}

// believedOf returns the remembered expiry of a token that the server returned before, even if no
// Secret holds the token. It returns nil for an unknown token.
func (k remembered) believedOf(token oauth2.Sensitive) *believed {
	wanted := digestOf(token.Reveal())
	if i := slices.IndexFunc(k.believed, func(b believed) bool { return b.token == wanted }); i >= 0 {
		return &k.believed[i]
	}
	return nil
}

// keepBelieved remembers the expiry of a token, and corrects the expiry of that token if it waits to be
// written. If there are too many tokens, it forgets the token that the server returned least recently.
func (e *entry) keepBelieved(latest believed) {
	known := slices.DeleteFunc(slices.Clone(e.believed), func(b believed) bool { return b.token == latest.token })
	known = append(known, latest)
	e.believed = known[max(0, len(known)-maxBelieved):]
	if e.unwritten != nil && digestOf(e.unwritten.token.AccessToken.Reveal()) == latest.token {
		corrected := *e.unwritten
		corrected.token.ExpiresAt = latest.expiry.At
		e.unwritten = &corrected
	}
}
