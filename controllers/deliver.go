package controllers

import (
	"context"
	"fmt"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// deliver writes a token to its Secret, unless the Secret holds it already. isNew is true if
// the server gave it just now, and false if it waited to be written.
func (r *Reconciler) deliver(ctx context.Context, o *observed, token oauth2.Token, provenance tokensecret.Provenance, isNew bool) (status.Outcome, error) {
	isEnding := func() bool { return ctx.Err() != nil }
	finish, cancel := finishing(ctx)
	defer cancel()
	token = tokensecret.Fit(o.owner, token)
	expiry, err := r.believe(finish, o, token, provenance)
	if err != nil {
		return status.Outcome{}, err
	}
	token.ExpiresAt = expiry.At
	outcome := status.Outcome{Lifetime: &token.Lifetime, ExpirySource: expiry.Source}
	if tokensecret.IsSame(o.Target, token, provenance) {
		r.memory.rememberUnwritten(o.owner, nil)
		if !isNew {
			// The API server wrote it, and its answer was lost.
			outcome.Target = o.Target
			return outcome, nil
		}
		logger(ctx).Info("The server gave the same token again", "secret", o.TargetName)
		outcome.SameToken = true
		return outcome, nil
	}
	outcome.Notices = noticesAbout(token)
	outcome.Target, err = r.write(finish, o, &token, provenance)
	for err != nil && isEnding() && r.writesAgain(finish, o, err) {
		outcome.Target, err = r.write(finish, o, &token, provenance)
	}
	if outcome.Target == nil {
		outcome.ExpirySource = ""
	}
	return outcome, err
}

// writesAgain reports whether an operator that ends may write a token again that could not be
// written: it has no next reconcile, so the token would be lost.
func (r *Reconciler) writesAgain(ctx context.Context, o *observed, failed error) bool {
	if failure := problem.Of(failed); failure != nil && failure.Class == problem.Invalid {
		return false
	}
	if !pause(ctx) {
		return false
	}
	target, err := r.observeTarget(ctx, o.owner)
	if err != nil {
		// The write tells it, too.
		return true
	}
	isOurs := target == nil || (target.Owned && target.Finalizers == nil)
	r.seeTarget(o, target)
	return isOurs && o.Unwritten
}

// seeTarget notes the state of the target, and drops a token that waits to be written if the
// Secret holds a newer one: another operator wrote it. Where a server knows one token per
// client, the newest one is the valid one.
func (r *Reconciler) seeTarget(o *observed, target *tokensecret.State) {
	o.Target = target
	if kept := r.memory.unwritten(o.owner); kept != nil && o.Valid() && o.Token().IssuedAt.After(kept.token.IssuedAt) {
		r.memory.rememberUnwritten(o.owner, nil)
	}
	o.Unwritten = r.unwritten(o) != nil
}

// unwritten returns the token that waits to be written, if it serves; nil otherwise.
func (r *Reconciler) unwritten(o *observed) *issued {
	kept := r.memory.unwritten(o.owner)
	if kept == nil || !o.Now.Before(kept.token.ExpiresAt) || kept.isUnfit(o.owner) ||
		kept.provenance.RequestHash != o.RequestHash || !o.Answers(kept.provenance.RenewRequest) {
		return nil
	}
	return kept
}

// noticesAbout returns what an admin should know about a token.
func noticesAbout(token oauth2.Token) (notices []oauth2.Notice) {
	// The condition LifetimeUnknown says the same as a notice about an unreadable lifetime.
	if notice := token.Lifetime.Notice(); notice != nil && !token.Lifetime.IsUnreadable() {
		notices = append(notices, *notice)
	}
	notices = append(notices, token.Notices...)
	if len(token.MissingFields) > 0 {
		notices = append(notices, oauth2.Notice{
			Reason: v1alpha1.EventResponseFieldMissing,
			Message: fmt.Sprintf("the token response lacks %s: check authorizationServer.response.fields",
				strings.Join(token.MissingFields, ", ")),
		})
	}
	return notices
}
