package controllers

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/ratelimit"
)

// workerRetry is when a ClientCredential looks for a worker that was not called for one. A call
// that is lost would else end the renewals of its token.
const workerRetry = time.Minute

// sharingWorkers returns a reconciler that shares the workers among namespaces: none holds more of
// them than are left free, whatever they do. A ClientCredential that may not have a worker waits
// in line, and is called.
func (r *Reconciler) sharingWorkers(reconciler reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		asking := ratelimit.Asker{Waiter: ratelimit.Waiter{ID: request.String()}, Tenant: request.Namespace}
		// To Places, the workers are a host.
		if !r.workers.Take(controllerName, asking, r.Clock.Now()) {
			return r.requeueAt(r.Clock.Now().Add(workerRetry)), nil
		}
		defer func() { r.workers.Leave(asking.ID, r.Clock.Now()) }()
		return reconciler.Reconcile(ctx, request)
	})
}

// busyRetry is when a request comes again that may not have a worker now.
const busyRetry = time.Second

// sharingSlots is sharingWorkers for a controller with so many workers whose requests do not wait in
// line: a request that may not have a worker comes again after busyRetry.
func (r *Reconciler) sharingSlots(workers int, reconciler reconcile.Reconciler) reconcile.Reconciler {
	slots := fairshare.NewSlots(workers)
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		leave, ok := slots.TryWith(request.Namespace, 1)
		if !ok {
			return r.requeueAt(r.Clock.Now().Add(busyRetry)), nil
		}
		defer leave()
		return reconciler.Reconcile(ctx, request)
	})
}
