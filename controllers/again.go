package controllers

import (
	"context"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// believe corrects the expiry of a token that the server gave again: it is never
// believed to live longer than before.
func (r *Reconciler) believe(ctx context.Context, o *observed, token *oauth2.Token, provenance tokensecret.Provenance) error {
	again, err := r.isGivenAgain(ctx, o, *token, provenance)
	if !again || err != nil {
		return err
	}
	if token.ExpiresAt, err = tokensecret.Believe(*o.Target.Record, *token); err != nil {
		// The next attempt must ask the server, and not write this token.
		r.memory.rememberUnwritten(o.owner, nil)
	}
	return err
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
