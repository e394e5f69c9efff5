package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tokensync/tokensync/internal/ratelimit"
)

// workerRetry is when a request looks for a worker that was not called for one. A call that is lost
// would else end the renewals of a token.
const workerRetry = time.Minute

// workers are the workers of one controller. Namespaces share them: none holds more of them than are left
// free, whatever they do. A request that may not have a worker waits in line, and is called.
type workers struct {
	*Reconciler
	controller string
	places     *ratelimit.Places
	// called are the objects whose requests are called.
	called chan event.GenericEvent
}

// addWorkers returns so many workers for a controller, and has the manager call for them.
func (r *Reconciler) addWorkers(mgr manager.Manager, controller string, number int) (*workers, error) {
	// To Places, the workers are a host.
	w := &workers{Reconciler: r, controller: controller, places: ratelimit.NewPlaces(number, number), called: make(chan event.GenericEvent)}
	err := mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		w.call(ctx)
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("add the workers of controller %s: %w", controller, err)
	}
	return w, nil
}

// source has the controller enqueue what is called.
func (w *workers) source() source.Source {
	return source.Channel(w.called, &handler.EnqueueRequestForObject{})
}

// call calls the requests for which there is a worker, until the context ends.
func (w *workers) call(ctx context.Context) {
	ticker := w.Clock.NewTicker(wakeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.places.Calling():
		case <-ticker.C():
		}
		for _, key := range w.places.Due(w.Clock.Now()) {
			enqueue(ctx, w.called, key)
		}
	}
}

// share returns a reconciler whose requests share the workers.
func (w *workers) share(reconciler reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		asking := ratelimit.Asker{Waiter: ratelimit.Waiter{ID: request.String()}, Tenant: request.Namespace}
		if !w.places.Take(w.controller, asking, w.Clock.Now()) {
			return w.requeueAt(w.Clock.Now().Add(workerRetry)), nil
		}
		defer func() { w.places.Leave(asking.ID, w.Clock.Now()) }()
		return reconciler.Reconcile(ctx, request)
	})
}

// enqueue puts an object, which is named by its key, into the queue of a controller.
func enqueue(ctx context.Context, called chan<- event.GenericEvent, key string) {
	namespace, name, isNamespaced := strings.Cut(key, string(types.Separator))
	if !isNamespaced {
		namespace, name = "", key
	}
	select {
	case called <- event.GenericEvent{Object: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}}:
	case <-ctx.Done():
	}
}
