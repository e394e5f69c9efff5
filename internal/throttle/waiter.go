package throttle

import (
	"cmp"
	"time"
)

// Waiter is a request to an authorization server that may have to wait.
type Waiter struct {
	// ID is the same in each call for the same ClientCredential, and no other one's.
	ID string
	// Tenant is the namespace that the request counts for.
	Tenant string
	// ExpiresAt is the expiry of the valid token; zero without one.
	ExpiresAt time.Time
	// HasFailed reports whether the last attempt failed. What fails again and again must not
	// delay tokens that are due.
	HasFailed bool
}

// compareUrgency orders the most urgent waiter first: one without a valid token, then the one
// whose token expires soonest. All whose last attempt failed come after the others.
func (w Waiter) compareUrgency(other Waiter) int {
	if w.HasFailed != other.HasFailed {
		if w.HasFailed {
			return 1
		}
		return -1
	}
	return w.ExpiresAt.Compare(other.ExpiresAt)
}

// byArrival orders waiters by urgency, and equally urgent ones as they came.
func (w Waiter) byArrival(arrived uint64, other Waiter, otherArrived uint64) int {
	return cmp.Or(w.compareUrgency(other), cmp.Compare(arrived, otherArrived))
}
