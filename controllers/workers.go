package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tokensync/tokensync/internal/throttle"
)

// workerRetry is how soon a request that waits for a worker is retried. Without the retry, a lost call
// would end the renewals of a token.
const workerRetry = time.Minute

// workers divides the workers of one controller among namespaces: a namespace holds no more workers than
// are left free. A request of a namespace with no worker left waits in line, and is enqueued again when a
// worker is free.
type workers struct {
	clock      clock.WithTicker
	controller string
	slots      *throttle.InFlight
	// called receives the objects that are enqueued again.
	called chan event.GenericEvent
}

// addWorkers returns the workers of a controller, and adds a runnable that enqueues waiting requests.
func addWorkers(mgr manager.Manager, clock clock.WithTicker, controller string, number int) (*workers, error) {
	// InFlight treats the workers as one host.
	w := &workers{clock: clock, controller: controller, slots: throttle.NewInFlight(number, number), called: make(chan event.GenericEvent)}
	err := mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		w.call(ctx)
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("add the workers of controller %s: %w", controller, err)
	}
	return w, nil
}

// source is the watch source of the waiting requests.
func (w *workers) source() source.Source {
	return source.Channel(w.called, &handler.EnqueueRequestForObject{})
}

// call enqueues waiting requests when workers are free, until the context ends.
func (w *workers) call(ctx context.Context) {
	ticker := w.clock.NewTicker(wakeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.slots.Calling():
		case <-ticker.C():
		}
		for _, key := range w.slots.Due(w.clock.Now()) {
			enqueue(ctx, w.called, key)
		}
	}
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
