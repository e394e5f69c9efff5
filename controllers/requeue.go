package controllers

import (
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// earliest is the earlier of two instants, of which the first may be zero for never.
func earliest(at, other time.Time) time.Time {
	if at.IsZero() || other.Before(at) {
		return other
	}
	return at
}

// wallClockInterval is how soon a changed wall clock is noticed: a timer goes by the
// monotonic clock, which a jump or a sleep of the node does not move.
const wallClockInterval = 2 * time.Minute

// requeueBy asks for the next reconcile at an instant, and within wallClockInterval. The instant may be
// zero for never.
func requeueBy(now, at time.Time) reconcile.Result {
	result := requeueAt(now, at)
	result.RequeueAfter = min(result.RequeueAfter, wallClockInterval)
	return result
}

// requeueAt asks for the next reconcile at an instant, which may be zero for never.
func requeueAt(now, at time.Time) reconcile.Result {
	// An explicit priority: else an object that came with the initial list would
	// stay behind all others for ever.
	result := reconcile.Result{Priority: ptr.To(0)}
	if !at.IsZero() {
		result.RequeueAfter = max(at.Sub(now), 1)
	}
	return result
}
