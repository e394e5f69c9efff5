package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/internal/progress"
)

// controllerProgress is the progress of one controller.
type controllerProgress struct {
	progress.Progress

	name string
}

// CheckProgress is a liveness check. It fails if reconciles of a controller run and none of them
// ends, whatever the other controllers do.
func (r *Reconciler) CheckProgress(*http.Request) error {
	var stuck []error
	now := r.Clock.Now()
	for _, controller := range r.progress {
		if err := controller.Check(now); err != nil {
			stuck = append(stuck, fmt.Errorf("controller %s: %w", controller.name, err))
		}
	}
	return errors.Join(stuck...)
}

// watched returns the reconciler of a controller whose reconciles count as its progress when they
// end.
func (r *Reconciler) watched(name string, reconciler reconcile.Reconciler) reconcile.Reconciler {
	counted := &controllerProgress{name: name}
	r.progress = append(r.progress, counted)
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		counted.Begin(r.Clock.Now())
		// Also after a panic, which the controller recovers from.
		defer func() { counted.End(r.Clock.Now()) }()
		return reconciler.Reconcile(ctx, request)
	})
}
