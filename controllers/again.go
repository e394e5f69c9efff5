package controllers

import (
	"context"
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// believe corrects the expiry of a token that the server gave again: it is never
// believed to live longer than before.
func (r *Reconciler) believe(ctx context.Context, o *observed, token *oauth2.Token, provenance tokensecret.Provenance) error {
	former, err := r.formerExpiry(ctx, o, *token, provenance)
	if err != nil {
		return err
	}
	if !former.IsZero() && token.ExpiresAt.After(former) {
		if token.ExpiresAt, err = tokensecret.Believe(former, *token); err != nil {
			// The next attempt must ask the server, and not write this token.
			r.memory.rememberUnwritten(o.owner, nil)
			return err
		}
	}
	r.memory.rememberBelieved(o.owner, token.AccessToken, token.ExpiresAt)
	return nil
}

// formerExpiry is when a token was believed to expire that the server gave before; zero
// for one that is not known.
func (r *Reconciler) formerExpiry(ctx context.Context, o *observed, token oauth2.Token, provenance tokensecret.Provenance) (time.Time, error) {
	if expiresAt := r.memory.believedExpiry(o.owner, token.AccessToken); !expiresAt.IsZero() {
		return expiresAt, nil
	}
	again, err := r.isGivenAgain(ctx, o, token, provenance)
	if !again || err != nil {
		return time.Time{}, err
	}
	return o.Target.Record.ExpiresAt, nil
}

// maxBelieved is how many tokens of a ClientCredential are known again: as many caches may
// answer in turn.
const maxBelieved = 8

// believed is a token and when it is believed to expire.
type believed struct {
	token digest
	// expiresAt in seconds since 1970.
	expiresAt int64
}

// believedExpiry is when a token that the server gave before is believed to expire, also
// if it is in no Secret any more; zero for one that is not known.
func (m *memory) believedExpiry(owner *v1alpha1.ClientCredential, token oauth2.Sensitive) (expiresAt time.Time) {
	wanted := digestOf(token.Reveal())
	m.with(owner, func(e *entry) {
		if i := slices.IndexFunc(e.believed, func(b believed) bool { return b.token == wanted }); i >= 0 {
			expiresAt = time.Unix(e.believed[i].expiresAt, 0)
		}
	})
	return expiresAt
}

// rememberBelieved notes when a token is believed to expire, and forgets the one that the
// server has not given for the longest time.
func (m *memory) rememberBelieved(owner *v1alpha1.ClientCredential, token oauth2.Sensitive, expiresAt time.Time) {
	latest := believed{digestOf(token.Reveal()), expiresAt.Unix()}
	m.with(owner, func(e *entry) {
		e.believed = slices.DeleteFunc(e.believed, func(b believed) bool { return b.token == latest.token })
		e.believed = append(e.believed[max(0, len(e.believed)-maxBelieved+1):], latest)
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
