package throttle

import "time"

// maxWait is the maximum time until a caller tries again, in case a call is lost.
const maxWait = time.Hour

// Limit allows a number of requests in each half-open interval of the length Per. There is no limit
// unless both are positive.
type Limit struct {
	Requests int
	Per      time.Duration
}

func (l Limit) isSet() bool { return l.Requests > 0 && l.Per > 0 }

// rate returns the number of requests per nanosecond.
func (l Limit) rate() float64 { return float64(l.Requests) / float64(l.Per) }

// or returns a limit with the longer period and the higher number of requests.
func (l Limit) or(other Limit) Limit {
	return Limit{Requests: max(l.Requests, other.Requests), Per: max(l.Per, other.Per)}
}

// limiter keeps the recent requests to servers with a rate limit, and the requests that wait. Later calls
// drop what is no longer needed.
type limiter struct {
	// servers are the servers with a limit, by name.
	servers map[string]*server
	// waiting are the requests that wait, by ID.
	waiting map[string]*waiter
	// arrivals counts the requests that began to wait.
	arrivals uint64
	sweptAt  time.Time
}

func newLimiter() *limiter {
	return &limiter{servers: map[string]*server{}, waiting: map[string]*waiter{}}
}

// Reserve reserves one request to the server, and reports whether it may be sent now. If not, the request
// waits until the returned time, which is after now. A caller that comes more than 5 s late may lose its
// position.
//
// Callers may have different limits for the same server. Each limit counts the requests of all callers. A
// server has at most 8 limits at a time. If requests wait under all of them, a request with another limit
// gets the strictest of the 8.
//
// While another tenant waits or has a recent reservation, a tenant gets another reservation only if it holds
// fewer reservations than are free. A tenant at that threshold does not delay other tenants. One free
// reservation goes to the waiting tenant that has gone without a reservation for the longest time.
func (l *limiter) Reserve(server string, limit Limit, requester Waiter, now time.Time) (until time.Time, ok bool) {
	if !limit.isSet() {
		l.reserveUnlimited(server, requester, now)
		return time.Time{}, true
	}
	w := l.join(server, limit, requester)
	// The caller may be late: the sweep must not drop it now.
	w.until, w.line.usedAt = now, now
	l.sweep(now)
	if !w.mayReserve(now) {
		w.until = w.expected(now)
		return w.until, false
	}
	l.forget(w)
	w.line.server.add(w.tenant, now)
	return time.Time{}, true
}

// Await keeps the position of a request that waits for something other than the limit, such as its host. The
// request delays no other requests until its next Reserve. If that is more than 5 s after the given time, the
// request may lose its position.
func (l *limiter) Await(server string, limit Limit, requester Waiter, until, now time.Time) {
	if !limit.isSet() {
		return
	}
	w := l.join(server, limit, requester)
	w.line.goAway(w)
	w.until, w.line.usedAt = until, now
	l.sweep(now)
}

// reserveUnlimited counts a request without a limit if other callers of the server have one.
func (l *limiter) reserveUnlimited(server string, requester Waiter, now time.Time) {
	l.Withdraw(requester.ID)
	l.sweep(now)
	if s, found := l.servers[server]; found {
		s.add(s.tenant(requester.Tenant), now)
	}
}

// counts reports whether requests to a server are counted, because a caller of the server has a limit.
func (l *limiter) counts(server string) bool { return l.servers[server] != nil }

// Release drops the reservation made at the given time, because nothing was sent.
func (l *limiter) Release(server string, at time.Time) {
	if s, found := l.servers[server]; found {
		s.release(at)
	}
}

// Sent moves the reservation made at the given time to now. The request is sent only now, and so the server
// counts it from now on.
func (l *limiter) Sent(server string, at, now time.Time) {
	if s, found := l.servers[server]; found {
		if tenant := s.release(at); tenant != nil {
			s.add(tenant, now)
		}
	}
}

// Withdraw drops a waiting request.
func (l *limiter) Withdraw(id string) {
	if w, found := l.waiting[id]; found {
		l.forget(w)
	}
}

// Due returns the IDs of the requests that may be sent sooner than expected, because requests before them
// were withdrawn, did not come, or were released. Each ID is returned once, and its request has 5 s to
// reserve. Call Due about every second.
func (l *limiter) Due(now time.Time) (ids []string) {
	l.sweep(now)
	for _, s := range l.servers {
		ids = append(ids, s.call(now)...)
	}
	return ids
}

// join adds a request to the line for its limit, if it is not there yet.
func (l *limiter) join(name string, limit Limit, requester Waiter) *waiter {
	line := l.line(name, limit)
	w, known := l.waiting[requester.ID]
	switch {
	case !known:
		w = &waiter{}
		w.number = l.nextNumber()
	case w.line == line && !w.isAway && w.Waiter == requester:
		return w
	case w.line.server == line.server:
		l.forget(w)
	default:
		l.forget(w)
		w.number = l.nextNumber()
	}
	w.Waiter, w.tenant = requester, line.server.tenant(requester.Tenant)
	line.add(w)
	l.waiting[w.ID] = w
	return w
}

// nextNumber returns the number of the next arrival.
func (l *limiter) nextNumber() uint64 {
	l.arrivals++
	return l.arrivals
}

// line returns the line of a server for a limit.
func (l *limiter) line(name string, limit Limit) *line {
	s, found := l.servers[name]
	if !found {
		s = &server{tenants: map[string]*tenant{}}
		l.servers[name] = s
	}
	return s.line(limit)
}

func (l *limiter) forget(w *waiter) {
	w.line.remove(w)
	delete(l.waiting, w.ID)
}
