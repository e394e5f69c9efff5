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

// arrival is a Waiter that began to wait.
type arrival struct {
	Waiter
	// number orders the arrivals. A later arrival has a higher number.
	number uint64
}

// byUrgency orders the most urgent arrival first. Requests without a valid token come first, then requests
// whose tokens expire soonest. Requests whose last attempt failed come after all other requests. Equally urgent
// requests are in the order of arrival.
func byUrgency(a, b arrival) int {
	if a.HasFailed != b.HasFailed {
		if a.HasFailed {
			return 1
		}
		return -1
	}
	return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.number, b.number))
}
