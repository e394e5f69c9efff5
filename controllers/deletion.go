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
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

const (
	// revocationTimeout is the time from when this operator first saw the deletion to the last attempt.
	// revocationInterval is the delay before the next attempt.
	revocationTimeout  = time.Minute
	revocationInterval = 5 * time.Second
	// maxRevocationDelay is the maximum time from the deletion to the last attempt, by the clock of the
	// API server. It bounds the delay if the operator restarts repeatedly: each restart begins
	// revocationTimeout again.
	maxRevocationDelay = time.Hour
)

// revocation is the progress of the revocation of a token.
type revocation struct {
	// startedAt is when this operator first saw the deletion, by its own clock, because the clock of the
	// API server may differ.
	startedAt time.Time
	// deadline is the time of the last attempt; zero until the first attempt has failed.
	deadline time.Time
	// reported is true after the result was reported. finalizerRemoved is true after the finalizer was
	// removed, even if the cache does not show that yet.
	reported, finalizerRemoved bool
}

// deleter completes the deletion of ClientCredentials whose token must be revoked.
type deleter struct {
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

// finalize revokes the token of a ClientCredential that is being deleted, and removes the finalizer. It
// gives up after a bounded time, and immediately if a retry cannot help.
func (d *deleter) finalize(ctx context.Context, owner *v1alpha1.ClientCredential) (reconcile.Result, error) {
	if !tokensecret.IsHeld(owner) {
		return reconcile.Result{}, nil
	}
	state := d.revocationState(owner)
	if !state.reported {
		revoked, err := d.revoke(ctx, owner)
		if isInterrupted(ctx, err) {
			// The next leader continues.
			return reconcile.Result{}, nil
		}
		if next := d.nextRevocation(ctx, owner, state, err); !next.IsZero() {
			logger(ctx).Info("The token is not revoked yet", "message", err.Error())
			return requeueBy(d.clock.Now(), next), nil
		}
		d.memory.update(owner, func(e *entry) { e.revocation.reported = true })
		d.reportRevocation(owner, revoked, err)
	}
	if state.finalizerRemoved {
		return reconcile.Result{}, nil
	}
	if err := retryAtShutdown(ctx, func(ctx context.Context) error { return d.finalizers.remove(ctx, owner) }); err != nil {
		return reconcile.Result{}, err
	}
	d.memory.update(owner, func(e *entry) { e.revocation.finalizerRemoved = true })
	if ctx.Err() == nil {
		return reconcile.Result{}, nil
	}
	return reconcile.Result{}, retryAtShutdown(ctx, func(ctx context.Context) error { return d.holder.releaseFor(ctx, owner) })
}

// isInterrupted reports whether a revocation failed while the operator shuts down, and a retry may
// succeed.
func isInterrupted(ctx context.Context, err error) bool {
	return err != nil && errors.Is(ctx.Err(), context.Canceled) && (errors.Is(err, context.Canceled) || isRetryable(err))
}

// isRetryable reports whether a failed revocation may succeed later. Refused credentials are not retried,
// because servers lock accounts.
func isRetryable(err error) bool {
	failure := problem.Of(err)
	return failure == nil || failure.Class == problem.Unavailable || failure.Class == problem.MayPass
}

// nextRevocation returns when to retry the revocation after an error; zero for never.
func (d *deleter) nextRevocation(ctx context.Context, owner *v1alpha1.ClientCredential, state revocation, err error) time.Time {
	if err == nil || !isRetryable(err) {
		return time.Time{}
	}
	deadline := d.revocationDeadline(ctx, owner, state)
	now := d.clock.Now()
	if !now.Before(deadline) {
		return time.Time{}
	}
	next := revocationInterval
	if failure := problem.Of(err); failure != nil {
		if d.mayNamespaceBeTerminating(ctx, owner.Namespace) {
			return time.Time{}
		}
		next = max(next, failure.RetryAfter)
	}
	if errors.Is(err, errCacheBehind) {
		next = time.Second
	}
	return renewal.Earliest(now.Add(next), deadline)
}

// revocationDeadline returns the time of the last attempt, by the clock of the operator. It reads the time
// of the API server once, because the API server sets the deletionTimestamp by its own clock.
func (d *deleter) revocationDeadline(ctx context.Context, owner *v1alpha1.ClientCredential, state revocation) time.Time {
	if !state.deadline.IsZero() {
		return state.deadline
	}
	deadline := state.startedAt.Add(revocationTimeout)
	finish, cancel := finishContext(ctx)
	defer cancel()
	if now, err := d.apiTime(finish); err != nil {
		logger(ctx).Info("Cannot read the time of the API server; the revocation is retried for a minute", "message", err.Error())
	} else {
		remaining := owner.DeletionTimestamp.Add(maxRevocationDelay).Sub(now)
		deadline = renewal.Earliest(deadline, d.clock.Now().Add(remaining))
	}
	d.memory.update(owner, func(e *entry) { e.revocation.deadline = deadline })
	return deadline
}

func (d *deleter) reportRevocation(owner *v1alpha1.ClientCredential, revoked bool, err error) {
	switch {
	case revoked:
		d.recorder.Eventf(owner, nil, corev1.EventTypeNormal, v1alpha1.EventTokenRevoked, "Revoke", "the token was revoked")
	case err != nil:
		d.recorder.Eventf(owner, nil, corev1.EventTypeWarning, v1alpha1.EventRevocationFailed, "Revoke",
			"the token was not revoked, and stays valid until it expires: %s", shorten(err.Error()))
	}
}

// mayNamespaceBeTerminating reports whether a namespace is being deleted or cannot be read. An
// authorization server must not delay the deletion of a namespace.
func (d *deleter) mayNamespaceBeTerminating(ctx context.Context, name string) bool {
	isTerminating, err := d.live.isNamespaceTerminating(ctx, name)
	return err != nil || isTerminating
}

// revocationState returns the progress of the revocation for an owner, and begins it if necessary.
func (d *deleter) revocationState(owner *v1alpha1.ClientCredential) revocation {
	state := d.memory.snapshot(owner).revocation
	if state.startedAt.IsZero() {
		state.startedAt = d.clock.Now()
		d.memory.update(owner, func(e *entry) { e.revocation = state })
	}
	return state
}

// revoke makes one attempt, bounded by the timeout.
func (d *deleter) revoke(ctx context.Context, owner *v1alpha1.ClientCredential) (revoked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.revoker.revoke(ctx, owner)
}
