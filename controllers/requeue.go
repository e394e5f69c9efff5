package controllers

import (
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// wallClockInterval is how soon the operator notices that the wall clock was changed. Timers use the
// monotonic clock, which does not move when the wall clock jumps or the node sleeps.
const wallClockInterval = 2 * time.Minute

// requeueBy returns a result that requeues at an instant, or after wallClockInterval if that is sooner.
// A zero instant means never.
func requeueBy(now, at time.Time) reconcile.Result {
	result := requeueAt(now, at)
	result.RequeueAfter = min(result.RequeueAfter, wallClockInterval)
	return result
}

// requeueAt returns a result that requeues at an instant. A zero instant means never.
func requeueAt(now, at time.Time) reconcile.Result {
	// Set the priority explicitly. Otherwise an object from the initial list would keep its low
	// priority forever.
	result := reconcile.Result{Priority: ptr.To(0)}
	if !at.IsZero() {
		result.RequeueAfter = max(at.Sub(now), 1)
	}
	return result
}
