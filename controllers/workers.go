package controllers

import (
	"context"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tokensync/tokensync/internal/throttle"
)

// workerRetry is how soon a request that waits for a worker is retried. Without this retry, a lost wakeup
// would end the renewals of a token.
const workerRetry = time.Minute

// workers divides the workers of one controller among namespaces: a namespace gets another worker only while
// it uses fewer workers than are free. Further requests of the namespace wait in line, and are enqueued again
// when a worker is free.
type workers struct {
	clock      clock.PassiveClock
	controller string
	slots      *throttle.InFlight
}

// addWorkers returns the workers of a controller, and the watch source of the requests that wait for a
// worker.
func addWorkers(mgr manager.Manager, clock clock.WithTicker, controller string, number int) (*workers, source.Source, error) {
	// InFlight treats the workers as one host.
	w := &workers{clock: clock, controller: controller, slots: throttle.NewInFlight(number, number)}
	wakeups, err := addWaker(mgr, clock, w.slots)
	return w, wakeups, err
}

// share returns a reconciler whose requests share the workers.
func (w *workers) share(reconciler reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		waiter := throttle.Waiter{ID: request.String(), Tenant: request.Namespace}
		if !w.slots.Reserve(w.controller, waiter, w.clock.Now()) {
			return requeueAt(w.clock.Now(), w.clock.Now().Add(workerRetry)), nil
		}
		defer func() { w.slots.Release(waiter.ID, w.clock.Now()) }()
		return reconciler.Reconcile(ctx, request)
	})
}
