package throttle

import (
	"cmp"
	"time"
)

// Waiter is a request to an authorization server that may have to wait.
type Waiter struct {
	// ID identifies the ClientCredential. It is the same in each call.
	ID string
	// Tenant is the namespace that the request counts for.
	Tenant string
	// ExpiresAt is the expiry of the valid token; zero if there is none.
	ExpiresAt time.Time
	// HasFailed is true if the last attempt failed. Requests that keep failing must not delay tokens that are
	// due.
	HasFailed bool
}

// compareUrgency orders the most urgent waiter first. Waiters without a valid token come first, then waiters
// whose tokens expire soonest. Waiters whose last attempt failed come after all other waiters.
func (w Waiter) compareUrgency(other Waiter) int {
	if w.HasFailed != other.HasFailed {
		if w.HasFailed {
			return 1
		}
		return -1
	}
	return w.ExpiresAt.Compare(other.ExpiresAt)
}

// byArrival orders waiters by urgency, and equally urgent waiters by arrival.
func (w Waiter) byArrival(arrived uint64, other Waiter, otherArrived uint64) int {
	return cmp.Or(w.compareUrgency(other), cmp.Compare(arrived, otherArrived))
}
