package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/internal/progress"
)

// watchedReconciler is the reconciler of one controller. Each reconcile that ends counts as progress of
// the controller.
type watchedReconciler struct {
	progress.Progress

	name       string
	reconciler reconcile.Reconciler
	clock      clock.PassiveClock
}

// watched returns a reconciler whose progress CheckProgress checks.
func (o *Operator) watched(name string, reconciler reconcile.Reconciler) reconcile.Reconciler {
	watched := &watchedReconciler{name: name, reconciler: reconciler, clock: o.Clock}
	o.controllers = append(o.controllers, watched)
	return watched
}

// Reconcile implements reconcile.Reconciler.
func (r *watchedReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	r.Begin(r.clock.Now())
	// End must be called after a panic too, because the controller recovers from it.
	defer func() { r.End(r.clock.Now()) }()
	return r.reconciler.Reconcile(ctx, request)
}

// CheckProgress is a liveness check. It fails if reconciles of a controller run and none of them ends,
// even if other controllers make progress.
func (o *Operator) CheckProgress(*http.Request) error {
	var stuck []error
	now := o.Clock.Now()
	for _, controller := range o.controllers {
		if err := controller.Check(now); err != nil {
			stuck = append(stuck, fmt.Errorf("controller %s: %w", controller.name, err))
		}
	}
	return errors.Join(stuck...)
}
