package controllers

import (
	"slices"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// maxBelieved is the number of recent tokens remembered per ClientCredential: as many caches
// may answer in turn.
const maxBelieved = 8

// believed is a token and the expiry that is believed.
type believed struct {
	token  digest
	expiry tokensecret.Expiry
	// source states the expiry; empty if it is assumed or not known. reading identifies how
	// the declaration reads that source.
	source  oauth2.LifetimeSource
	reading digest
}

// believedOf returns what is known about a token that the server returned before, even if no Secret holds it. It
// returns nil for an unknown token.
func (k remembered) believedOf(token oauth2.Sensitive) *believed {
	wanted := digestOf(token.Reveal())
	if i := slices.IndexFunc(k.believed, func(b believed) bool { return b.token == wanted }); i >= 0 {
		return &k.believed[i]
	}
	return nil
}

// keepBelieved notes what is believed of a token, also for one that waits to be written, and forgets the one that
// the server has not given for the longest time.
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
