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

// watchedReconciler is the reconciler of one controller. Its reconciles count as the progress of the
// controller when they end.
type watchedReconciler struct {
	progress.Progress

	name       string
	reconciler reconcile.Reconciler
	clock      clock.PassiveClock
}

// watched returns the reconciler of a controller, which CheckProgress looks at.
func (r *Operator) watched(name string, reconciler reconcile.Reconciler) reconcile.Reconciler {
	watched := &watchedReconciler{name: name, reconciler: reconciler, clock: r.Clock}
	r.controllers = append(r.controllers, watched)
	return watched
}

// Reconcile implements reconcile.Reconciler.
func (r *watchedReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	r.Begin(r.clock.Now())
	// Also after a panic, which the controller recovers from.
	defer func() { r.End(r.clock.Now()) }()
	return r.reconciler.Reconcile(ctx, request)
}

// CheckProgress is a liveness check. It fails if reconciles of a controller run and none of them
// ends, whatever the other controllers do.
func (r *Operator) CheckProgress(*http.Request) error {
	var stuck []error
	now := r.Clock.Now()
	for _, controller := range r.controllers {
		if err := controller.Check(now); err != nil {
			stuck = append(stuck, fmt.Errorf("controller %s: %w", controller.name, err))
		}
	}
	return errors.Join(stuck...)
}
