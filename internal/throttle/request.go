package throttle

import "time"

// Request is a request of a ClientCredential to an authorization server.
type Request struct {
	Waiter
	// Server identifies the authorization server, see ServerKey.
	Server string
	// Host identifies the host of the server, see HostKey.
	Host string
	// Client identifies the client that a Retry-After applies to; empty while it is not known.
	Client string
	// Limit is the declared limit; zero if there is none.
	Limit Limit
}

func (r Request) client() client { return client{server: r.Server, id: r.Client} }

// Cause says what a request waits for.
type Cause int

const (
	// HostBusy means that too many requests to the host or from the namespace are in flight.
	HostBusy Cause = iota + 1
	// RateLimited means that other requests go first under the rate limit.
	RateLimited
	// ServerPaused means that the server asked the client to wait.
	ServerPaused
	// ServerDown means that the server is down, and another request probes it.
	ServerDown
)

// Wait says that a request must not be sent yet.
type Wait struct {
	Cause Cause
	// Since is when the request began to wait for a busy host; zero for other causes.
	Since time.Time
	// Down is the reason of the last failure of a server that is down; empty for other causes.
	Down string
	// Until is when to reserve again, unless the request is called earlier.
	Until time.Time
}

// request is a request and its reservations.
type request struct {
	Request
	// reservedAt is when the request got its reservation under the rate limit; zero if there is none.
	reservedAt time.Time
	isSent     bool
	// waitsSince is when the request began to wait for a rate limit or a pause; zero if it did not.
	waitsSince time.Time
}

// isLate reports whether the limit no longer counts the reservation, although nothing was sent.
func (r *request) isLate(now time.Time) bool {
	return !r.isSent && r.Limit.isSet() && now.Sub(r.reservedAt) >= r.Limit.Per
}

func (r *request) beginWait(now time.Time) {
	if r.waitsSince.IsZero() || r.waitsSince.After(now) {
		r.waitsSince = now
	}
}
