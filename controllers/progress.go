package controllers

import (
	"context"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// CheckProgress is a liveness check. It fails if reconciles run and none ends.
func (r *Reconciler) CheckProgress(*http.Request) error { return r.progress.Check(r.Clock.Now()) }

// watched returns a reconciler whose reconciles count as progress when they end.
func (r *Reconciler) watched(reconciler reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		r.progress.Begin(r.Clock.Now())
		// Also after a panic, which the controller recovers from.
		defer func() { r.progress.End(r.Clock.Now()) }()
		return reconciler.Reconcile(ctx, request)
	})
}
