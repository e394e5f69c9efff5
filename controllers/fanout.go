package controllers

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// smallFanOut is the number of requests that one event leads to at once.
	smallFanOut = 8
	// fanOutDelay is how much each further request delays all of them, up to maxFanOutDelay. Events
	// that come meanwhile lead to no further reconciles.
	fanOutDelay    = time.Millisecond
	maxFanOutDelay = 5 * time.Second
)

// fanOut returns a handler that enqueues what an object maps to. The more requests one event leads to,
// the later they come: edits of an object that a thousand others use must not delay other tenants.
func fanOut(toRequests handler.MapFunc) handler.EventHandler {
	enqueue := func(ctx context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request], priority int, objects ...client.Object) {
		requests := map[reconcile.Request]bool{}
		for _, object := range objects {
			for _, request := range toRequests(ctx, object) {
				requests[request] = true
			}
		}
		after := min(time.Duration(max(0, len(requests)-smallFanOut))*fanOutDelay, maxFanOutDelay)
		for request := range requests {
			if prioritized, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
				prioritized.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(priority), After: after}, request)
			} else {
				q.Add(request)
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			priority := 0
			if e.IsInInitialList {
				priority = handler.LowPriority
			}
			enqueue(ctx, q, priority, e.Object)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			priority := 0
			if e.ObjectOld.GetResourceVersion() == e.ObjectNew.GetResourceVersion() {
				// The cache repeats what it has.
				priority = handler.LowPriority
			}
			enqueue(ctx, q, priority, e.ObjectOld, e.ObjectNew)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, q, 0, e.Object)
		},
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, q, 0, e.Object)
		},
	}
}
