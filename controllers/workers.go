package controllers

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/internal/ratelimit"
)

// workerNet is when a ClientCredential looks for a worker that was not called for one. It is a
// net: without one, a call that is lost would end the renewals of its token.
const workerNet = time.Minute

// shared returns a reconciler that shares the workers among namespaces: none holds more of them
// than are left free, whatever holds them. A ClientCredential that may not have one waits in line, without a worker,
// and is called.
func (r *Reconciler) shared(reconciler reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		asking := ratelimit.Asker{Waiter: ratelimit.Waiter{ID: request.String()}, Tenant: request.Namespace}
		if !r.workers.Take(controllerName, asking, r.Clock.Now()) {
			return reconcile.Result{RequeueAfter: workerNet}, nil
		}
		defer func() { r.workers.Leave(asking.ID, r.Clock.Now()) }()
		return reconciler.Reconcile(ctx, request)
	})
}
