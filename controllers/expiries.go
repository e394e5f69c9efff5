package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// expiries decides when tokens expire, with the help of earlier responses.
type expiries struct {
	live   liveReader
	memory *memory
}

// of returns the expiry to use for a token. If the server returned the same token before,
// tokensecret.EffectiveExpiry decides, based on the former expiry.
func (e expiries) of(ctx context.Context, o *observed, token oauth2.Token, provenance tokensecret.Provenance) (tokensecret.Expiry, error) {
	latest, err := o.statedExpiry(token)
	if err != nil {
		return tokensecret.Expiry{}, err
	}
	former, err := e.former(ctx, o, token, provenance)
	if err != nil {
		return tokensecret.Expiry{}, err
	}
	if former != nil {
		expiry, err := tokensecret.EffectiveExpiry(former.expiry, token)
		if err != nil {
			// Drop this token, so that the next attempt requests another token.
			e.memory.update(o.owner, func(known *entry) {
				known.setUnwritten(nil)
				known.rememberExpiry(*former)
			})
			return expiry, err
		}
		if expiry == former.expiry {
			latest = *former
		}
	}
	e.memory.update(o.owner, func(known *entry) { known.rememberExpiry(latest) })
	return latest.expiry, nil
}

// statedExpiry returns the expiry that the response states for a token, or the assumed expiry.
func (o *observed) statedExpiry(token oauth2.Token) (knownExpiry, error) {
	latest := knownExpiry{token: digestOf(token.AccessToken.Reveal()), expiry: tokensecret.ExpiryOf(token)}
	if latest.expiry.Source == v1alpha1.ExpiryFromServer {
		latest.source = token.Lifetime.Source
	}
	var err error
	latest.reading, err = o.readingDigest(latest)
	return latest, err
}

// former returns the former expiry of a token that the server returned before. It returns nil if the
// token is unknown, or if the declaration now reads its lifetime differently. After a restart,
// former can only check whether the declaration reads any lifetime.
func (e expiries) former(ctx context.Context, o *observed, token oauth2.Token, provenance tokensecret.Provenance) (*knownExpiry, error) {
	if known := o.remembered.knownExpiryOf(token.AccessToken); known != nil {
		reading, err := o.readingDigest(*known)
		if err != nil || reading != known.reading {
			return nil, err
		}
		return known, nil
	}
	again, err := e.isReturnedAgain(ctx, o, token, provenance)
	if !again || err != nil {
		return nil, err
	}
	former := &knownExpiry{token: digestOf(token.AccessToken.Reveal()), expiry: tokensecret.Expiry{At: o.Target.Record.ExpiresAt}}
	if last := o.previous.Token; last != nil && last.ExpiresAt.Time.Equal(former.expiry.At) && last.IssuedAt.Time.Equal(o.Target.Record.IssuedAt) {
		former.expiry.Source = last.ExpirySource
	}
	if former.expiry.Source == v1alpha1.ExpiryFromServer && !o.readsLifetime() && !token.Lifetime.HasClaim {
		return nil, nil
	}
	former.reading, err = o.readingDigest(*former)
	return former, err
}

// readsLifetime reports whether the declaration points to a lifetime in the response.
func (o *observed) readsLifetime() bool {
	return o.server.Response != nil && len(o.server.Response.ExpiresIn)+len(o.server.Response.ExpiresAt) > 0
}

// readingDigest identifies the part of the declaration that says how to read the lifetime of a token.
func (o *observed) readingDigest(known knownExpiry) (digest, error) {
	declared, err := json.Marshal(oauth2.LifetimePart(o.server.AuthorizationServerSpec, known.expiry.Source, known.source))
	if err != nil {
		return digest{}, fmt.Errorf("encode the declaration of the authorization server: %w", err)
	}
	return digestOf(string(declared)), nil
}

// isReturnedAgain reports whether the target already holds an access token. It reads the Secret only if
// the record is not enough to decide.
func (e expiries) isReturnedAgain(ctx context.Context, o *observed, token oauth2.Token, provenance tokensecret.Provenance) (bool, error) {
	switch tokensecret.Compare(o.Target, token, provenance) {
	case tokensecret.ReturnedAgain:
		return true, nil
	case tokensecret.ReturnedNew:
		return false, nil
	case tokensecret.ReturnedUnknown:
	}
	secret, err := e.live.target(ctx, o)
	if err != nil {
		return false, err
	}
	return tokensecret.Holds(secret, token), nil
}
