package controllers

import (
	"context"
	"slices"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// deliver writes a token to its Secret, unless the Secret already holds it.
func (w *secretWriter) deliver(ctx context.Context, o *observed, d delivery) (status.Outcome, error) {
	isContextDone := func() bool { return ctx.Err() != nil }
	finish, cancel := finishContext(ctx)
	defer cancel()
	token := tokensecret.WithoutTemplateKeys(o.owner, *d.token)
	expiry, err := w.expiries.of(finish, o, token, d.provenance)
	if err != nil {
		return status.Outcome{}, err
	}
	token.ExpiresAt = expiry.At
	outcome := status.Outcome{Lifetime: &token.Lifetime, ExpirySource: expiry.Source}
	if tokensecret.IsSame(o.Target, token, d.provenance) {
		w.memory.update(o.owner, func(e *entry) { e.setUnwritten(nil) })
		if !d.isNew {
			// An earlier write succeeded, but its response was lost.
			outcome.Target = o.Target
			return outcome, nil
		}
		logger(ctx).Info("The server returned the same token again", "secret", o.TargetName)
		outcome.SameToken = true
		return outcome, nil
	}
	outcome.Notices = noticesAbout(token)
	d.token = &token
	outcome.Target, err = w.write(finish, o, d)
	for err != nil && isContextDone() {
		again := w.observeAgain(finish, o, err)
		if again == nil {
			break
		}
		outcome.Target, err = w.write(finish, again, d)
	}
	if outcome.Target == nil {
		outcome.ExpirySource = ""
	}
	return outcome, err
}

// observeAgain returns a new observation after a failed write of the target, or nil if the write must not
// be retried. It is used while the operator shuts down: no reconcile follows, so without a retry the token
// would be lost.
func (w *secretWriter) observeAgain(ctx context.Context, o *observed, failed error) *observed {
	if failure := problem.Of(failed); failure != nil && failure.Class == problem.Invalid {
		return nil
	}
	if !waitToRetry(ctx) {
		return nil
	}
	known := w.memory.snapshot(o.owner)
	target, err := w.targets.read(ctx, o.owner, known.targetOf(o.owner))
	if err != nil {
		// Retry the write anyway: it reports the failure too.
		return o
	}
	after := o.withRemembered(known).withTarget(target)
	if isOurs := target == nil || (target.Owned && target.Finalizers == nil); !isOurs || !after.Unwritten {
		return nil
	}
	return after
}

// noticesAbout returns the notices about a token that no condition shows.
func noticesAbout(token oauth2.Token) []oauth2.Notice {
	return slices.DeleteFunc(token.AllNotices(), func(notice oauth2.Notice) bool {
		return notice.Reason == v1alpha1.ReasonLifetimeUnreadable && token.Lifetime.IsUnreadable()
	})
}
