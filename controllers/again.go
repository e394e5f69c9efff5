package controllers

import (
	"context"
	"fmt"
	"slices"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// believe corrects the expiry of a token that the server gave again: it is never
// believed to live longer than before.
func (r *Reconciler) believe(ctx context.Context, o *observed, token *oauth2.Token, provenance tokensecret.Provenance) error {
	former, err := r.formerOf(ctx, o, *token, provenance)
	if err != nil {
		return err
	}
	now := tokensecret.Former{ExpiresAt: token.ExpiresAt, IsGuess: token.Lifetime.IsGuess(), IsTold: !token.Lifetime.IsGuess()}
	if former != nil {
		expiresAt, err := tokensecret.Believe(*former, *token)
		if err != nil {
			// The next attempt must ask the server, and not write this token.
			r.memory.rememberUnwritten(o.owner, nil)
			return err
		}
		if !expiresAt.Equal(token.ExpiresAt) {
			now = *former
		}
	}
	token.ExpiresAt = now.ExpiresAt
	r.memory.rememberBelieved(o.owner, believed{token: digestOf(token.AccessToken.Reveal()), reading: o.reading(), former: now})
	return nil
}

// formerOf is what was believed of a token that the server gave before; nil for one that
// is not known, or whose response is read in another way now.
func (r *Reconciler) formerOf(ctx context.Context, o *observed, token oauth2.Token, provenance tokensecret.Provenance) (*tokensecret.Former, error) {
	if known := r.memory.believed(o.owner, token.AccessToken); known != nil {
		if known.reading != o.reading() {
			return nil, nil
		}
		return &known.former, nil
	}
	again, err := r.isGivenAgain(ctx, o, token, provenance)
	if !again || err != nil {
		return nil, err
	}
	return &tokensecret.Former{ExpiresAt: o.Target.Record.ExpiresAt}, nil
}

// maxBelieved is how many tokens of a ClientCredential are known again: as many caches may
// answer in turn.
const maxBelieved = 8

// believed is a token, how the declaration has its lifetime read, and what is believed of it.
type believed struct {
	token, reading digest
	former         tokensecret.Former
}

// reading identifies how the declaration has the lifetime of a token read.
func (o *observed) reading() digest {
	response, lifetime := o.server.Response, o.server.DefaultTokenLifetime
	if response == nil {
		return digest{}
	}
	return digestOf(fmt.Sprint(response.ExpiresIn, response.ExpiresAt), string(response.ExpiresInUnit), response.ExpiresAtLayout, response.ExpiresAtZone, fmt.Sprint(lifetime))
}

// believed is what is believed of a token that the server gave before, also if it is in no
// Secret any more; nil for one that is not known.
func (m *memory) believed(owner *v1alpha1.ClientCredential, token oauth2.Sensitive) (known *believed) {
	wanted := digestOf(token.Reveal())
	m.with(owner, func(e *entry) {
		if i := slices.IndexFunc(e.believed, func(b believed) bool { return b.token == wanted }); i >= 0 {
			found := e.believed[i]
			known = &found
		}
	})
	return known
}

// rememberBelieved notes what is believed of a token, also for one that waits to be written,
// and forgets the one that the server has not given for the longest time.
func (m *memory) rememberBelieved(owner *v1alpha1.ClientCredential, latest believed) {
	m.with(owner, func(e *entry) {
		e.believed = slices.DeleteFunc(e.believed, func(b believed) bool { return b.token == latest.token })
		e.believed = append(e.believed[max(0, len(e.believed)-maxBelieved+1):], latest)
		if e.unwritten != nil && digestOf(e.unwritten.token.AccessToken.Reveal()) == latest.token {
			corrected := *e.unwritten
			corrected.token.ExpiresAt = latest.former.ExpiresAt
			e.unwritten = &corrected
		}
	})
}

// isGivenAgain reports whether the target holds an access token already. It reads the
// Secret only if the record cannot tell.
func (r *Reconciler) isGivenAgain(ctx context.Context, o *observed, token oauth2.Token, provenance tokensecret.Provenance) (bool, error) {
	switch tokensecret.Compare(o.Target, token, provenance) {
	case tokensecret.GivenAgain:
		return true, nil
	case tokensecret.GivenNew:
		return false, nil
	case tokensecret.GivenUnknown:
	}
	secret, err := r.target(ctx, o)
	if err != nil {
		return false, err
	}
	return tokensecret.Holds(secret, token), nil
}
