package controllers

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

const (
	// revocationPatience is how long a deletion waits for the revocation, and
	// revocationInterval how long after one attempt the next comes.
	revocationPatience = time.Minute
	revocationInterval = 5 * time.Second
	// maxRevocation is how long after the deletion, by the clock of the API server alone, the last
	// attempt comes: an operator that is restarted again and again starts revocationPatience anew.
	maxRevocation = time.Hour
)

// revocation is how far the revocation of a token is.
type revocation struct {
	// since is when this operator first saw the deletion. Its own clock tells how long the
	// deletion waits: that of the API server may show another time.
	since time.Time
	// until is when the last attempt comes; zero before the first one has failed.
	until time.Time
	// ended is true once the end was told, and released once the finalizer is gone: the cache
	// may go on to show the ClientCredential as it was.
	ended, released bool
}

// finalizer ends the deletion of ClientCredentials whose token must be revoked.
type finalizer struct {
	revoker    *revoker
	finalizers *finalizerWriter
	holder     *holder
	live       liveReader
	memory     *memory
	recorder   events.EventRecorder
	clock      clock.PassiveClock
	// apiTime returns the time of the API server.
	apiTime func(context.Context) (time.Time, error)
	// timeout bounds one attempt.
	timeout time.Duration
}

// finalize revokes the token of a ClientCredential that is being deleted. It ends
// in bounded time, and at once where nothing can be done.
func (f *finalizer) finalize(ctx context.Context, owner *v1alpha1.ClientCredential) (reconcile.Result, error) {
	if !tokensecret.IsHeld(owner) {
		return reconcile.Result{}, nil
	}
	state := f.begun(owner)
	if !state.ended {
		revoked, err := f.revoke(ctx, owner)
		if isInterrupted(ctx, err) {
			// The next operator goes on.
			return reconcile.Result{}, nil
		}
		if next := f.nextRevocation(ctx, owner, state, err); !next.IsZero() {
			logger(ctx).Info("The token is not revoked yet", "message", err.Error())
			return requeueBy(f.clock.Now(), next), nil
		}
		f.memory.update(owner, func(e *entry) { e.revocation.ended = true })
		f.tellRevocation(owner, revoked, err)
	}
	if state.released {
		return reconcile.Result{}, nil
	}
	if err := insist(ctx, func(ctx context.Context) error { return f.finalizers.remove(ctx, owner) }); err != nil {
		return reconcile.Result{}, err
	}
	f.memory.update(owner, func(e *entry) { e.revocation.released = true })
	if ctx.Err() == nil {
		return reconcile.Result{}, nil
	}
	return reconcile.Result{}, insist(ctx, func(ctx context.Context) error { return f.holder.releaseFor(ctx, owner) })
}

// isInterrupted reports whether a revocation failed while the operator ends, and another attempt
// may help.
func isInterrupted(ctx context.Context, err error) bool {
	return err != nil && errors.Is(ctx.Err(), context.Canceled) && (errors.Is(err, context.Canceled) || isRetryable(err))
}

// isRetryable reports whether a revocation that failed may succeed later. Refused credentials are not
// tried again and again: servers lock accounts.
func isRetryable(err error) bool {
	failure := problem.Of(err)
	return failure == nil || failure.Class == problem.Unavailable || failure.Class == problem.MayPass
}

// nextRevocation returns when the revocation is tried again after an error; zero for never.
func (f *finalizer) nextRevocation(ctx context.Context, owner *v1alpha1.ClientCredential, state revocation, err error) time.Time {
	if err == nil || !isRetryable(err) {
		return time.Time{}
	}
	deadline := f.revocationDeadline(ctx, owner, state)
	now := f.clock.Now()
	if !now.Before(deadline) {
		return time.Time{}
	}
	next := revocationInterval
	if failure := problem.Of(err); failure != nil {
		if f.isEnding(ctx, owner.Namespace) {
			return time.Time{}
		}
		next = max(next, failure.RetryAfter)
	}
	if errors.Is(err, errCacheBehind) {
		next = time.Second
	}
	return earliest(now.Add(next), deadline)
}

// revocationDeadline returns when the last attempt comes, by the clock of the operator. It asks
// the API server once for its time, to know for how long the deletion has waited by that.
func (f *finalizer) revocationDeadline(ctx context.Context, owner *v1alpha1.ClientCredential, state revocation) time.Time {
	if !state.until.IsZero() {
		return state.until
	}
	deadline := state.since.Add(revocationPatience)
	finish, cancel := finishing(ctx)
	defer cancel()
	if now, err := f.apiTime(finish); err != nil {
		logger(ctx).Info("The API server does not tell its time, so the revocation is tried for a minute", "message", err.Error())
	} else {
		left := owner.DeletionTimestamp.Add(maxRevocation).Sub(now)
		deadline = earliest(deadline, f.clock.Now().Add(left))
	}
	f.memory.update(owner, func(e *entry) { e.revocation.until = deadline })
	return deadline
}

func (f *finalizer) tellRevocation(owner *v1alpha1.ClientCredential, revoked bool, err error) {
	switch {
	case revoked:
		f.recorder.Eventf(owner, nil, corev1.EventTypeNormal, v1alpha1.EventTokenRevoked, "Revoke", "the token was revoked")
	case err != nil:
		f.recorder.Eventf(owner, nil, corev1.EventTypeWarning, v1alpha1.EventRevocationFailed, "Revoke",
			"the token was not revoked, and lives until it expires: %s", shorten(err.Error()))
	}
}

// isEnding reports whether a namespace is being deleted. No server may hold up its deletion.
func (f *finalizer) isEnding(ctx context.Context, name string) bool {
	ends, err := f.live.namespaceEnds(ctx, name)
	return err != nil || ends
}

// begun returns how far the revocation for an owner is, which begins now if it has not.
func (f *finalizer) begun(owner *v1alpha1.ClientCredential) revocation {
	state := f.memory.snapshot(owner).revocation
	if state.since.IsZero() {
		state.since = f.clock.Now()
		f.memory.update(owner, func(e *entry) { e.revocation = state })
	}
	return state
}

// revoke makes one attempt, in its time.
func (f *finalizer) revoke(ctx context.Context, owner *v1alpha1.ClientCredential) (revoked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return f.revoker.revoke(ctx, owner)
}
