package controllers

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"k8s.io/utils/clock"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// actor carries out decisions.
type actor struct {
	credentials *credentialsReader
	sender      *tokenSender
	writer      *secretWriter
	former      *formerTargets
	// rewrites limits how many Secrets are read and rewritten concurrently.
	rewrites *fairshare.Slots
	memory   *memory
	metrics  *metrics.Metrics
	clock    clock.PassiveClock
	tracing  tracing
}

// act carries out a decision. It returns a failure in the outcome, and an error only if the cache is
// behind or the context has ended. It calls beforeSend before it sends a token request.
func (a *actor) act(ctx context.Context, o *observed, decision renewal.Decision, beforeSend func()) (status.Outcome, error) {
	switch decision.Action {
	case renewal.Exchange:
		return a.requestToken(ctx, o, decision, beforeSend)
	case renewal.Verify:
		return a.verifyToken(ctx, o, decision, beforeSend)
	case renewal.Repair:
		return a.repairTarget(ctx, o, decision)
	case renewal.Keep:
		return a.keepToken(ctx, o)
	case renewal.Wait, renewal.Refuse:
	}
	return status.Outcome{}, nil
}

// requestToken requests a new token. If the request fails or is deferred, it repairs the Secret of
// the current token.
func (a *actor) requestToken(ctx context.Context, o *observed, decision renewal.Decision, beforeSend func()) (status.Outcome, error) {
	stepCtx, end := a.tracing.step(ctx, "act", attribute.String("tokensync.why", decision.Why))
	logger(stepCtx).Info("Requesting a token", "why", decision.Why)
	outcome, err := a.exchange(stepCtx, o, false, beforeSend)
	end(err, outcome.Deferred == nil)
	if (err != nil || outcome.Deferred != nil) && outcome.Target == nil && o.unwrittenFor(a.memory.snapshot(o.owner).unwritten) == nil {
		outcome.Target = a.repair(ctx, o).Target
	}
	return a.attempted(ctx, o, decision, outcome, err)
}

// verifyToken verifies the token in the Secret and writes it again. If the Secret holds no intact token, it
// requests a new token.
func (a *actor) verifyToken(ctx context.Context, o *observed, decision renewal.Decision, beforeSend func()) (status.Outcome, error) {
	stepCtx, end := a.tracing.step(ctx, "act", attribute.String("tokensync.why", decision.Why))
	outcome, mustReplace, err := a.rewrite(stepCtx, o)
	if err == nil && outcome.Target == nil {
		logger(stepCtx).Info("Token Secret does not hold its token any more, or the credentials changed", "secret", o.TargetName)
		outcome, err = a.exchange(stepCtx, o, mustReplace, beforeSend)
	}
	end(err, outcome.Deferred == nil)
	return a.attempted(ctx, o, decision, outcome, err)
}

// repairTarget repairs the Secret while the renewal fails.
func (a *actor) repairTarget(ctx context.Context, o *observed, decision renewal.Decision) (status.Outcome, error) {
	outcome := a.repair(ctx, o)
	if !outcome.Attempted {
		return outcome, nil
	}
	return a.attempted(ctx, o, decision, outcome, nil)
}

// keepToken keeps the token as it is, and prunes the Secrets of former targets.
func (a *actor) keepToken(ctx context.Context, o *observed) (status.Outcome, error) {
	if err := a.former.prune(ctx, o); err != nil {
		return a.attempted(ctx, o, renewal.Decision{}, status.Outcome{}, err)
	}
	return status.Outcome{}, nil
}

// attempted completes the outcome of an attempt. err is the error of the attempt, or nil.
func (a *actor) attempted(ctx context.Context, o *observed, decision renewal.Decision, outcome status.Outcome, err error) (status.Outcome, error) {
	if outcome.Deferred != nil {
		return outcome, nil
	}
	if old := o.Token(); old != nil && !o.Target.Inherited && outcome.Target != nil && !outcome.Target.Record.IssuedAt.Equal(old.IssuedAt) {
		a.metrics.Renewed(old.IssuedAt, old.ExpiresAt, a.clock.Now())
	}
	if decision.Repair && outcome.Target != nil {
		a.memory.update(o.owner, func(e *entry) { e.repairs = e.repairs.Add(o.Now) })
	}
	outcome.Attempted = true
	switch {
	case err == nil, errors.As(err, &outcome.Failure):
		return outcome, nil
	case errors.Is(err, errCacheBehind), ctx.Err() != nil:
		return outcome, err
	}
	outcome.Failure = apiFailure(err)
	return outcome, nil
}

// exchange gets a token and writes it to the target. mustReplace is true if the caller knows that the
// target has the wrong type.
func (a *actor) exchange(ctx context.Context, o *observed, mustReplace bool, beforeSend func()) (outcome status.Outcome, err error) {
	reservation := a.sender.reservation(o)
	defer reservation.release()
	if !mustReplace {
		if mustReplace, err = a.writer.needsReplacement(ctx, o); err != nil {
			return outcome, err
		}
	}
	if err := a.writer.dryRun(ctx, o, mustReplace); err != nil {
		return outcome, err
	}
	if outcome.Deferred = a.sender.reserveUnlessIssued(o, reservation); outcome.Deferred != nil {
		return outcome, nil
	}
	if o.isTargetLost() {
		if err := a.writer.targets.live.confirmLoss(ctx, o); err != nil {
			return outcome, err
		}
	}
	read, err := a.credentials.read(ctx, o)
	if err != nil {
		return status.Outcome{Credentials: read.secret}, err
	}
	read.provenance.RenewRequest = o.RenewRequest
	token, outcome, err := a.sender.token(ctx, o, read.provenance, reservation, beforeSend)
	if err == nil && outcome.Deferred == nil {
		request := outcome.Request
		outcome, err = a.writer.deliver(ctx, o, delivery{token: token, provenance: read.provenance, isNew: request.IsSent, mustReplace: mustReplace})
		outcome.Request, outcome.Notices = request, slices.Concat(read.notices, outcome.Notices)
	}
	outcome.Credentials = read.secret
	return outcome, err
}

// repair repairs the Secret while the renewal fails, if the Secret has drifted and its token is intact. The
// status still reports the failed renewal. If a newer token is not written yet, repair writes that token,
// which ends the failure.
func (a *actor) repair(ctx context.Context, o *observed) status.Outcome {
	if !o.MayBeIntact() || !o.Target.Drifted || !o.MayRepair() {
		return status.Outcome{}
	}
	ctx, end := a.tracing.step(ctx, "repair")
	outcome, _, err := a.rewrite(ctx, o)
	end(err, true)
	if err != nil {
		logger(ctx).Info("Cannot repair the token Secret", "secret", o.TargetName, "message", err.Error())
	}
	switch {
	case outcome.Target == nil:
		return status.Outcome{}
	case outcome.Attempted:
		return outcome
	}
	a.memory.update(o.owner, func(e *entry) { e.repairs = e.repairs.Add(o.Now) })
	return status.Outcome{Target: outcome.Target}
}

// rewrite writes the Secret again, with the token that it holds or with a newer unwritten token.
// outcome.Target is nil if the Secret does not hold the token that its record describes, or if the token was
// issued with other credentials. mustReplace reports whether the Secret has the wrong type.
func (a *actor) rewrite(ctx context.Context, o *observed) (outcome status.Outcome, mustReplace bool, err error) {
	read, err := a.credentials.read(ctx, o)
	outcome.Credentials = read.secret
	if err != nil {
		return outcome, false, err
	}
	defer a.rewrites.Enter(ctx, o.owner.Namespace)()
	secret, err := a.writer.targets.live.target(ctx, o)
	if err != nil {
		return outcome, false, err
	}
	if secret.Size() > maxSmallBytes {
		defer a.writer.largeTokens.Enter(ctx, o.owner.Namespace)()
	}
	mustReplace = secret.Type != tokensecret.TypeOf(o.owner)
	if unwritten := o.unwrittenFor(a.memory.snapshot(o.owner).unwritten); unwritten != nil && unwritten.provenance.Equal(read.provenance) {
		read.provenance.RenewRequest = o.RenewRequest
		outcome, err := a.writer.deliver(ctx, o, delivery{token: &unwritten.token, provenance: read.provenance, mustReplace: mustReplace})
		outcome.Attempted, outcome.Credentials = true, read.secret
		return outcome, mustReplace, err
	}
	intact := tokensecret.VerifiedToken(secret, read.provenance)
	if intact == nil {
		return outcome, mustReplace, nil
	}
	token := tokensecret.WithoutTemplateKeys(o.owner, *intact)
	read.provenance.RenewRequest = o.Target.Record.RenewRequest
	outcome.Target, err = a.writer.write(ctx, o, delivery{token: &token, provenance: read.provenance, mustReplace: mustReplace})
	outcome.Notices = read.notices
	return outcome, mustReplace, err
}
