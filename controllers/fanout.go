package controllers

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// smallFanOut is the number of requests that one event enqueues immediately.
	smallFanOut = 8
	// fanOutDelay is the delay that each additional request adds to all requests of the event, up to
	// maxFanOutDelay. Later events within the delay cause no further reconciles.
	fanOutDelay    = time.Millisecond
	maxFanOutDelay = 5 * time.Second
)

// requestQueue is the queue of a controller.
type requestQueue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// fanOut returns a handler that enqueues the requests that toRequests returns for an object. The more
// requests one event causes, the longer their delay: edits of an object with a thousand users must not
// delay other tenants.
func fanOut(toRequests handler.MapFunc) handler.EventHandler {
	enqueue := func(ctx context.Context, queue requestQueue, objects ...client.Object) {
		requests := map[reconcile.Request]bool{}
		for _, object := range objects {
			for _, request := range toRequests(ctx, object) {
				requests[request] = true
			}
		}
		delay := min(time.Duration(max(0, len(requests)-smallFanOut))*fanOutDelay, maxFanOutDelay)
		for request := range requests {
			queue.AddAfter(request, delay)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue requestQueue) { enqueue(ctx, queue, e.Object) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue requestQueue) {
			enqueue(ctx, queue, e.ObjectOld, e.ObjectNew)
		},
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, queue requestQueue) { enqueue(ctx, queue, e.Object) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, queue requestQueue) { enqueue(ctx, queue, e.Object) },
	}
}
