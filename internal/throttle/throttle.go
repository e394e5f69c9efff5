// Package throttle decides when a request to an authorization server may be sent. It limits the requests in
// flight, and respects declared rate limits and the pauses that servers ask for (Retry-After). It allows only
// one probe at a time to a server that is down. It is pure: the time is an argument.
//
// No caller is blocked. A waiting request is called when it may be sent. The request whose token expires
// first goes first. Tenants share the slots and the rate limits: no tenant delays the requests of another
// tenant for long.
//
// All state is in memory. After a restart, earlier requests are not known, so a server may receive up to
// twice its limit in the first period.
package throttle

import (
	"slices"
	"sync"
	"time"
)

const (
	// maxInFlight is the maximum number of requests in flight. It is lower than the number of workers of a
	// controller, so that slow servers do not occupy all workers.
	maxInFlight = 224
	// maxInFlightPerHost is the maximum number of requests in flight to a host. A single namespace gets at
	// most half of them.
	maxInFlightPerHost = 32
	// callInterval is the time after which a waiting request tries again even if it was not called.
	callInterval = 2 * time.Minute
)

// Throttle records the recent requests, the requests in flight, the waiting requests, and the servers that
// are paused or down. It is safe for concurrent use.
type Throttle struct {
	mutex    sync.Mutex
	inFlight *InFlight
	limiter  *limiter
	pauses   pauses
	outages  *outages
	// requests holds the waiting and the reserved requests, by ID.
	requests map[string]*request
	// calls holds the IDs that Due returns next.
	calls   []string
	sweptAt time.Time
}

// New returns a Throttle without requests.
func New() *Throttle {
	return &Throttle{
		inFlight: NewInFlight(maxInFlightPerHost, maxInFlight), limiter: newLimiter(), pauses: pauses{}, outages: newOutages(),
		requests: map[string]*request{},
	}
}

// Reserve reserves the right to send a request, until Release. It returns nil if the request may be sent now.
// Otherwise the request waits, and Due returns its ID when it may be sent.
//
// A request may be reserved more than once, for example when its client becomes known.
func (t *Throttle) Reserve(requester Request, now time.Time) *Wait {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.find(requester, now)
	if until := t.pauses.until(r.client(), now); !until.IsZero() {
		t.outages.withdraw(r.Server, r.ID)
		t.leaveLines(r, now)
		r.beginWait(now)
		return &Wait{Cause: ServerPaused, Until: until}
	}
	if !t.outages.admits(r.Server, r.Waiter, now) {
		t.leaveLines(r, now)
		return &Wait{Cause: ServerDown, Down: t.outages.servers[r.Server].reason, Until: now.Add(callInterval)}
	}
	if !t.inFlight.Reserve(r.Host, r.Waiter, now) {
		return t.awaitHost(r, now)
	}
	t.outages.begin(r.Server, r.ID, now)
	if !r.reservedAt.IsZero() && !r.isLate(now) {
		return nil
	}
	return t.reserveUnderLimit(r, now)
}

// reserveUnderLimit reserves a request under the rate limit. It drops an earlier reservation that was not used.
func (t *Throttle) reserveUnderLimit(r *request, now time.Time) *Wait {
	t.releaseUnused(r)
	until, ok := t.limiter.Reserve(r.Server, r.Limit, r.Waiter, now)
	switch {
	case !ok:
		r.beginWait(now)
		return &Wait{Cause: RateLimited, Until: until}
	case t.limiter.counts(r.Server):
		r.reservedAt = now
	}
	return nil
}

// Enter moves a request to the host that it is sent to, because the metadata of an issuer may name a token
// endpoint at another host. If the request is not reserved, only the limits of requests in flight apply.
func (t *Throttle) Enter(requester Request, now time.Time) *Wait {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.find(requester, now)
	if !t.inFlight.Enter(r.Host, r.Waiter, now) {
		return t.awaitHost(r, now)
	}
	switch {
	case r.reservedAt.IsZero():
		// Only the requests in flight count for this request, so it leaves the line for the rate limit.
		t.limiter.Withdraw(r.ID)
	case r.isLate(now):
		return t.reserveUnderLimit(r, now)
	}
	return nil
}

// TryEnter reserves a slot, until leave is called, for a request that does not wait in line.
func (t *Throttle) TryEnter(host, tenant string) (leave func(now time.Time), ok bool) {
	return t.inFlight.TryEnter(host, tenant)
}

// find returns the request with an ID. If the server has changed, the old request is withdrawn.
func (t *Throttle) find(requester Request, now time.Time) *request {
	r := t.requests[requester.ID]
	if r != nil && r.Server != requester.Server {
		t.withdraw(r, now)
		r = nil
	}
	if r == nil {
		r = &request{}
		t.requests[requester.ID] = r
	}
	r.Request = requester
	r.HasFailed = requester.HasFailed && !t.outages.recovered[requester.ID]
	return r
}

// awaitHost makes a request wait for its host. Meanwhile, the request keeps its position under a rate limit.
func (t *Throttle) awaitHost(r *request, now time.Time) *Wait {
	until := now.Add(callInterval)
	t.releaseUnused(r)
	t.limiter.Await(r.Server, r.Limit, r.Waiter, until, now)
	return &Wait{Cause: HostBusy, Since: earlier(t.inFlight.WaitsSince(r.ID), now), Until: until}
}

// releaseUnused releases the reservation under a rate limit, unless the request was sent.
func (t *Throttle) releaseUnused(r *request) {
	if !r.reservedAt.IsZero() && !r.isSent {
		t.limiter.Release(r.Server, r.reservedAt)
	}
	r.reservedAt, r.isSent = time.Time{}, false
}

// leaveLines releases the reservations of a request, and takes the request out of all lines.
func (t *Throttle) leaveLines(r *request, now time.Time) {
	t.releaseUnused(r)
	t.limiter.Withdraw(r.ID)
	t.inFlight.Release(r.ID, now)
}

// Release ends a reservation. A waiting request continues to wait.
func (t *Throttle) Release(id string, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.requests[id]
	if r == nil {
		return
	}
	t.releaseUnused(r)
	isInLine := t.inFlight.IsInLine(id)
	if !isInLine {
		t.inFlight.Release(id, now)
		t.outages.endProbe(r.Server, id)
	}
	if !isInLine && r.waitsSince.IsZero() && !t.outages.isWaiting(r.Server, id) {
		delete(t.requests, id)
	}
}

// Withdraw drops the request of a ClientCredential that no longer needs to send it.
func (t *Throttle) Withdraw(id string, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if r := t.requests[id]; r != nil {
		t.withdraw(r, now)
	}
}

func (t *Throttle) withdraw(r *request, now time.Time) {
	t.outages.withdraw(r.Server, r.ID)
	t.leaveLines(r, now)
	delete(t.requests, r.ID)
}

// Forget drops the state of a deleted ClientCredential.
func (t *Throttle) Forget(id string, now time.Time) {
	t.Withdraw(id, now)
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if ids := t.outages.forget(id); len(ids) > 0 {
		t.calls = append(t.calls, ids...)
		t.inFlight.signal()
	}
}

// IsRecovered reports whether the last request failed during an outage that is over. The next request may
// then be sent before the retry is due.
func (t *Throttle) IsRecovered(id string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.outages.recovered[id]
}

// Calling signals that Due has something to return.
func (t *Throttle) Calling() <-chan struct{} { return t.inFlight.Calling() }

// Due returns the IDs of the requests that may be sent now. Each has 5 s to reserve again; then the next
// request is called. Call Due about every second, and after each signal of Calling.
func (t *Throttle) Due(now time.Time) (ids []string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	ids, t.calls = t.calls, nil
	ids = append(ids, t.inFlight.Due(now)...)
	if now.Sub(t.sweptAt).Abs() < sweepInterval {
		return ids
	}
	t.sweptAt = now
	t.pauses.forget(now)
	return slices.Concat(ids, t.outages.due(now), t.limiter.Due(now))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
