package controllers

import (
	"context"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// metadataWriter sets what a ClientCredential and its Secrets need before a decision: finalizers and owners.
type metadataWriter struct {
	finalizers *finalizerWriter
	writer     *secretWriter
	holder     *holder
	needs      needsKeeper
}

// ensured is what came of ensuring the metadata.
type ensured struct {
	// observed is what is observed then.
	observed *observed
	// isChanged is true if the ClientCredential changed. The change comes back as an event.
	isChanged bool
	// notTakenOver is why the target, which is inherited, could not be taken over.
	notTakenOver *problem.Problem
}

// ensure sets the finalizers and the owner of the Secret, if they differ. It returns what is observed then.
func (w *metadataWriter) ensure(ctx context.Context, o *observed) (after ensured, err error) {
	after.observed = o
	if failure := o.BackingOff(); failure != nil && failure.Reason == v1alpha1.ReasonAPIRequestFailed {
		// The API server may have refused just that.
		return after, nil
	}
	if after.isChanged, err = w.finalizers.keep(ctx, o); after.isChanged || err != nil {
		return after, err
	}
	if after.observed, after.notTakenOver, err = w.writer.takeOver(ctx, after.observed); err != nil {
		return after, err
	}
	if after.observed, err = w.writer.keepOwnerReference(ctx, after.observed); err != nil {
		return after, err
	}
	if tokensecret.IsHeld(o.owner) {
		after.observed = w.holder.hold(ctx, after.observed)
		w.needs.keep(ctx, after.observed)
	}
	return after, nil
}
