// Package throttle decides when a request to an authorization server may be sent. It bounds the
// requests in flight, heeds the rate limits that are declared and the pauses that servers ask
// for (Retry-After), and sends a single probe at a time to a server that is down. It is pure: the time
// is an argument.
//
// No caller is blocked. A request that has to wait is called when it may be sent, the one whose token
// expires soonest first. Tenants share what is scarce: none of them delays the requests of the
// others for long.
//
// Everything is in memory. After a restart nothing is known of earlier requests, so a server may
// receive up to twice its limit in the first period.
package throttle

import (
	"slices"
	"sync"
	"time"
)

const (
	// maxInFlight bounds the requests in flight. It is less than the workers of a controller,
	// so that slow servers do not take all workers.
	maxInFlight = 224
	// maxInFlightPerHost bounds the requests in flight to one host. A single namespace has
	// half of them.
	maxInFlightPerHost = 32
	// callInterval is when a request that waits asks again although nothing called it.
	callInterval = 2 * time.Minute
	// lookInterval is how often Due looks for what only time changes.
	lookInterval = time.Second
)

// Request is a request of a ClientCredential to an authorization server.
type Request struct {
	Waiter
	// Server identifies the authorization server, see ServerKey.
	Server string
	// Host identifies its host, see HostKey.
	Host string
	// Client identifies the client that a Retry-After is about; empty while it is not known.
	Client string
	// Limit is the declared limit; zero without one.
	Limit Limit
}

func (r Request) client() client { return client{server: r.Server, id: r.Client} }

// Cause says what a request waits for.
type Cause int

const (
	// HostBusy means that too many requests to the host, or of the namespace, are in flight.
	HostBusy Cause = iota + 1
	// RateLimited means that the rate limit lets other requests go first.
	RateLimited
	// ServerPaused means that the server asked the client to wait.
	ServerPaused
	// ServerDown means that the server fails, and that another request probes it.
	ServerDown
)

// Wait says that a request must not be sent yet.
type Wait struct {
	Cause Cause
	// Since is when the request began to wait for a busy host; zero for other causes.
	Since time.Time
	// Down is the reason of the last failure of a server that is down; empty for other causes.
	Down string
	// Until is when to reserve again, if nothing calls the request before.
	Until time.Time
}

// Throttle knows the requests in flight and of late, the servers that are paused or down, and
// which requests wait. It may be used by several goroutines at once.
type Throttle struct {
	mutex    sync.Mutex
	inFlight *InFlight
	limiter  *limiter
	pauses   pauses
	outages  *outages
	// requests are those that wait or are reserved, by ID.
	requests map[string]*request
	// calls has the IDs that Due returns next.
	calls    []string
	lookedAt time.Time
}

// request is a request and what it holds.
type request struct {
	Request
	// reservedAt is when the request got its place under the rate limit; zero without one.
	reservedAt time.Time
	isSent     bool
	// waitsSince is when the request began to wait for a rate limit or a pause; zero if it did not.
	waitsSince time.Time
}

// New returns a Throttle that knows of no request.
func New() *Throttle {
	return &Throttle{
		inFlight: NewInFlight(maxInFlightPerHost, maxInFlight), limiter: newLimiter(), pauses: pauses{}, outages: newOutages(),
		requests: map[string]*request{},
	}
}

// Reserve reserves the right to send a request, until Release. It returns nil if the request has
// that right. Otherwise the request waits, and Due returns its ID when it may be sent.
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
	if !r.reservedAt.IsZero() {
		return nil
	}
	until, ok := t.limiter.Reserve(r.Server, r.Limit, r.Waiter, now)
	switch {
	case !ok:
		r.beginWait(now)
		return &Wait{Cause: RateLimited, Until: until}
	case r.Limit.isSet():
		r.reservedAt = now
	}
	return nil
}

// Enter moves a request to the host that it is sent to: the metadata of an issuer may name a
// token endpoint at another host. For a request that is not reserved, only the requests in flight
// count.
func (t *Throttle) Enter(requester Request, now time.Time) *Wait {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.find(requester, now)
	if !t.inFlight.Enter(r.Host, r.Waiter, now) {
		return t.awaitHost(r, now)
	}
	return nil
}

// TryEnter takes a place for a request that does not wait for one, until leave.
func (t *Throttle) TryEnter(host, tenant string) (leave func(now time.Time), ok bool) {
	return t.inFlight.TryEnter(host, tenant)
}

// find returns the request of an ID. A request to another server is another request.
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

func (r *request) beginWait(now time.Time) {
	if r.waitsSince.IsZero() || r.waitsSince.After(now) {
		r.waitsSince = now
	}
}

// awaitHost lets a request wait for its host. The request keeps its turn under a rate limit
// meanwhile.
func (t *Throttle) awaitHost(r *request, now time.Time) *Wait {
	until := now.Add(callInterval)
	t.releaseSlot(r)
	t.limiter.Await(r.Server, r.Limit, r.Waiter, until, now)
	return &Wait{Cause: HostBusy, Since: earlier(t.inFlight.WaitsSince(r.ID), now), Until: until}
}

// release returns the place under a rate limit, unless the request was sent.
func (t *Throttle) releaseSlot(r *request) {
	if !r.reservedAt.IsZero() && !r.isSent {
		t.limiter.Release(r.Server, r.reservedAt)
	}
	r.reservedAt, r.isSent = time.Time{}, false
}

// leaveLines gives back all that a request holds, and its places in line.
func (t *Throttle) leaveLines(r *request, now time.Time) {
	t.releaseSlot(r)
	t.limiter.Withdraw(r.ID)
	t.inFlight.Release(r.ID, now)
}

// Sent says that a reserved request is sent now: only then does it count for a rate limit. It
// returns since when the request waited for a rate limit or a pause; zero if it did not.
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

// Succeeded says that the server issued a token. This ends an outage, and a pause of the client that began
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

// Failure is what a failed request says about the server.
type Failure struct {
	// IsUnsent reports whether the server received nothing.
	IsUnsent bool
	// Down is the reason why the server counts as down: it cannot be reached, or fails whatever is
	// requested. It is empty for another failure.
	Down string
	// RetryAfter is how long the client must not send anything; zero without such a demand.
	RetryAfter time.Duration
}

// Failed says that a request failed.
func (t *Throttle) Failed(id string, failure Failure, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.requests[id]
	if r == nil {
		return
	}
	if failure.RetryAfter > 0 {
		t.pauses.begin(r.client(), now, now.Add(failure.RetryAfter))
	}
	if failure.Down != "" {
		t.outages.fail(r.Server, r.Waiter, failure.Down, now)
	}
	if failure.IsUnsent {
		r.isSent = false
	}
	t.inFlight.Release(id, now)
}

// Release ends a reservation. A request that waits goes on to wait.
func (t *Throttle) Release(id string, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.requests[id]
	if r == nil {
		return
	}
	t.releaseSlot(r)
	isInLine := !t.inFlight.WaitsSince(id).IsZero()
	if !isInLine {
		t.inFlight.Release(id, now)
		t.outages.endProbe(r.Server, id)
	}
	if !isInLine && r.waitsSince.IsZero() && !t.outages.isWaiting(r.Server, id) {
		delete(t.requests, id)
	}
}

// Withdraw says that the ClientCredential wants to send nothing now.
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

// Forget drops all that is known of a ClientCredential that does not exist any more.
func (t *Throttle) Forget(id string, now time.Time) {
	t.Withdraw(id, now)
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if ids := t.outages.forget(id); len(ids) > 0 {
		t.calls = append(t.calls, ids...)
		t.inFlight.signal()
	}
}

// IsRecovered reports whether the last request failed during an outage that is over. The
// request need not wait for its retry.
func (t *Throttle) IsRecovered(id string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.outages.recovered[id]
}

// Calling signals that Due has something to return.
func (t *Throttle) Calling() <-chan struct{} { return t.inFlight.Calling() }

// Due returns the IDs of the requests that may be sent now. Each has 5 s to reserve again; then
// the next is called. Call this about every second, and when Calling signals it.
func (t *Throttle) Due(now time.Time) (ids []string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	ids, t.calls = t.calls, nil
	ids = append(ids, t.inFlight.Due(now)...)
	if now.Sub(t.lookedAt).Abs() < lookInterval {
		return ids
	}
	t.lookedAt = now
	t.pauses.forget(now)
	return slices.Concat(ids, t.outages.due(now), t.limiter.Due(now))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
