package controllers

import (
	"context"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// metadataWriter sets the finalizers and owner references of a ClientCredential and its Secrets before a
// decision.
type metadataWriter struct {
	finalizers   *finalizerWriter
	writer       *secretWriter
	holder       *holder
	dependencies dependencyStore
}

// ensured is the result of ensure.
type ensured struct {
	// observed is the observation after the changes.
	observed *observed
	// isChanged is true if the ClientCredential was changed. Its watch event triggers the next reconcile.
	isChanged bool
	// takeOverProblem says why an inherited target could not be taken over; nil if no takeover failed.
	takeOverProblem *problem.Problem
}

// ensure corrects the finalizers and the owner of the Secret, and returns the new observation.
func (w *metadataWriter) ensure(ctx context.Context, o *observed) (after ensured, err error) {
	after.observed = o
	if failure := o.BackoffFailure(); failure != nil && failure.Reason == v1alpha1.ReasonAPIRequestFailed {
		// The API server may have refused these changes.
		return after, nil
	}
	if after.isChanged, err = w.finalizers.sync(ctx, o); after.isChanged || err != nil {
		return after, err
	}
	if after.observed, after.takeOverProblem, err = w.writer.takeOver(ctx, after.observed); err != nil {
		return after, err
	}
	if after.observed, err = w.writer.syncOwnerReference(ctx, after.observed); err != nil {
		return after, err
	}
	if tokensecret.IsHeld(o.owner) {
		after.observed = w.holder.hold(ctx, after.observed)
		w.dependencies.remember(ctx, after.observed)
	}
	return after, nil
}
