package throttle

import "time"

// Sent records that a reserved request is sent now. The request counts for a rate limit from now on. Sent
// returns when the request began to wait for a rate limit or a pause; zero if it did not wait.
func (t *Throttle) Sent(id string, now time.Time) (waitedSince time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.outages.recovered, id)
	r := t.requests[id]
	if r == nil {
		return time.Time{}
	}
	if !r.reservedAt.IsZero() {
		t.limiter.Sent(r.Server, r.reservedAt, now)
		r.reservedAt = now
	}
	waitedSince = r.waitsSince
	r.isSent, r.waitsSince = true, time.Time{}
	return waitedSince
}

// Succeeded records that the server issued a token. This ends an outage, and a pause of the client that began
// before the request.
func (t *Throttle) Succeeded(id string, startedAt, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.requests[id]
	if r == nil {
		return
	}
	t.pauses.end(r.client(), startedAt)
	t.calls = append(t.calls, t.outages.succeed(r.Server, id)...)
	t.inFlight.Release(id, now)
	t.inFlight.signal()
}

// Failure describes what a failed request shows about the server.
type Failure struct {
	// IsUnsent is true if the server received nothing.
	IsUnsent bool
	// Down is the reason why the server counts as down: it cannot be reached, or fails for every request.
	// Down is empty for other failures.
	Down string
	// RetryAfter is how long the server asks the client to wait; zero if it does not ask.
	RetryAfter time.Duration
}

// Failed records that a request failed.
func (t *Throttle) Failed(id string, failure Failure, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.requests[id]
	if r == nil {
		return
	}
	// After the end of an outage, only the next attempt skips its backoff, even if it sends no token request.
	delete(t.outages.recovered, id)
	if failure.RetryAfter > 0 {
		t.pauses.begin(r.client(), now, now.Add(failure.RetryAfter))
	}
	if failure.Down == "" {
		t.outages.refuse(r.Server, id, failure.RetryAfter == 0, now)
	} else if ids := t.outages.fail(r.Server, r.Waiter, failure.Down, now); len(ids) > 0 {
		t.calls = append(t.calls, ids...)
		t.inFlight.signal()
	}
	if failure.IsUnsent {
		r.isSent = false
	}
	t.inFlight.Release(id, now)
}
