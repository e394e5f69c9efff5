package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// wakeInterval is how often a waker checks for requests that need not wait any longer.
const wakeInterval = time.Second

// waitingRequests holds reconcile requests that wait for a worker (throttle.InFlight) or until they may
// send a token request (throttle.Throttle).
type waitingRequests interface {
	// Calling signals that Due would return keys.
	Calling() <-chan struct{}
	// Due returns the keys of the requests that need not wait any longer.
	Due(now time.Time) (keys []string)
}

// waker enqueues waiting requests that need not wait any longer.
type waker struct {
	clock   clock.WithTicker
	waiting waitingRequests
	wakeups chan event.GenericEvent
}

// addWaker adds a waker to a manager, and returns the watch source of the requests that it wakes.
func addWaker(mgr manager.Manager, clock clock.WithTicker, waiting waitingRequests) (source.Source, error) {
	w := waker{clock: clock, waiting: waiting, wakeups: make(chan event.GenericEvent)}
	if err := mgr.Add(manager.RunnableFunc(w.run)); err != nil {
		return nil, fmt.Errorf("add the runnable that wakes waiting requests: %w", err)
	}
	return source.Channel(w.wakeups, &handler.EnqueueRequestForObject{}), nil
}

// run enqueues requests until the context ends.
func (w waker) run(ctx context.Context) error {
	ticker := w.clock.NewTicker(wakeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.waiting.Calling():
		case <-ticker.C():
		}
		for _, key := range w.waiting.Due(w.clock.Now()) {
			w.enqueue(ctx, key)
		}
	}
}

// enqueue puts the object with a key into the queue of the controller.
func (w waker) enqueue(ctx context.Context, key string) {
	namespace, name, isNamespaced := strings.Cut(key, string(types.Separator))
	if !isNamespaced {
		namespace, name = "", key
	}
	select {
	case w.wakeups <- event.GenericEvent{Object: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}}:
	case <-ctx.Done():
	}
}
