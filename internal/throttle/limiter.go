package throttle

import "time"

// maxWait is the longest time that a caller is told to wait. It is a net for
// the case that nobody calls Due.
const maxWait = time.Hour

// Limit is so many requests in any half-open interval of the length Per. There is
// no limit unless both are positive.
type Limit struct {
	Requests int
	Per      time.Duration
}

func (l Limit) isSet() bool { return l.Requests > 0 && l.Per > 0 }

// rate is the number of requests in a nanosecond.
func (l Limit) rate() float64 { return float64(l.Requests) / float64(l.Per) }

// or returns a limit that looks back as far as either, and counts as many requests.
func (l Limit) or(other Limit) Limit {
	return Limit{Requests: max(l.Requests, other.Requests), Per: max(l.Per, other.Per)}
}

// limiter knows the requests of late to servers with a rate limit, and who waits to send the
// next. It forgets at later calls what is not needed any more.
type limiter struct {
	// servers that have a limit, by name.
	servers map[string]*server
	// waiting is all who wait, by ID.
	waiting map[string]*waiter
	// arrivals counts who came to wait.
	arrivals uint64
	sweptAt  time.Time
}

func newLimiter() *limiter {
	return &limiter{servers: map[string]*server{}, waiting: map[string]*waiter{}}
}

// Take takes a place for one request to the server. ok tells to send it now; else
// the waiter is remembered, and is to ask again at until, which is after now. Who
// asks 5 s later than told, or never, may lose its place in the order.
//
// Callers may come with different limits for the same server: each is judged by
// its own, and by the requests of all. If waiters hold 8 other limits of the server, a
// waiter is judged by the strictest of these.
//
// While another tenant waits or took a place within the time of the limit, a tenant holds no
// more places than are left free. A tenant that holds so many delays no other tenant. One
// free place is for the waiting tenant whose latest place is the oldest.
func (l *limiter) Reserve(server string, limit Limit, asking Waiter, now time.Time) (until time.Time, ok bool) {
	if !limit.isSet() {
		l.reserveUnlimited(server, asking, now)
		return time.Time{}, true
	}
	w := l.join(server, limit, asking)
	// Who is here is no absentee, however late.
	w.until, w.line.usedAt = now, now
	l.sweep(now)
	if !w.mayTake(now) {
		w.until = w.expected(now)
		return w.until, false
	}
	l.forget(w)
	w.line.server.add(w.tenant, now)
	return time.Time{}, true
}

// Await keeps its order for a waiter that cannot send because of something else than the
// limit. It holds up nobody meanwhile: other waiters may be able to send. It is to ask again
// at until.
func (l *limiter) Await(server string, limit Limit, asking Waiter, until, now time.Time) {
	if !limit.isSet() {
		return
	}
	w := l.join(server, limit, asking)
	w.line.goAway(w)
	w.until, w.line.usedAt = until, now
	l.sweep(now)
}

// takeUnlimited counts a request only where others have a limit.
func (l *limiter) reserveUnlimited(server string, asking Waiter, now time.Time) {
	l.leave(asking.ID)
	l.sweep(now)
	if s, found := l.servers[server]; found {
		s.add(s.tenant(asking.Tenant), now)
	}
}

// GiveBack returns the place that was taken at the given instant, because nothing
// was sent.
func (l *limiter) Release(server string, at time.Time) {
	if s, found := l.servers[server]; found {
		s.release(at)
	}
}

// Sent says that the request for the place that was taken at one instant goes out
// only now: the server counts from then.
func (l *limiter) Sent(server string, at, now time.Time) {
	if s, found := l.servers[server]; found {
		if tenant := s.release(at); tenant != nil {
			s.add(tenant, now)
		}
	}
}

// Leave says that the waiter wants no place any more, at whatever server it waits.
func (l *limiter) Withdraw(id string) {
	l.leave(id)
}

// Due returns the IDs of those who can take a place now, although they were told a
// later time: some of those before them left, did not come, or gave back a place.
// Each is returned once, and is to be woken: it has 5 s to ask. Call this about
// every second, or places may stay idle while somebody waits.
func (l *limiter) Due(now time.Time) (ids []string) {
	l.sweep(now)
	for _, s := range l.servers {
		ids = append(ids, s.call(now)...)
	}
	return ids
}

// join puts who asks into the line for its limit, if it is not there yet.
func (l *limiter) join(name string, limit Limit, asking Waiter) *waiter {
	line := l.line(name, limit)
	w, known := l.waiting[asking.ID]
	switch {
	case !known:
		w = &waiter{arrived: l.arrival()}
	case w.line == line && !w.isAway && w.Waiter == asking:
		return w
	case w.line.server == line.server:
		l.forget(w)
	default:
		l.forget(w)
		w.arrived = l.arrival()
	}
	w.Waiter, w.tenant = asking, line.server.tenant(asking.Tenant)
	line.add(w)
	l.waiting[w.ID] = w
	return w
}

// arrival numbers who comes to a server, so that equals go in the order they came.
func (l *limiter) arrival() uint64 {
	l.arrivals++
	return l.arrivals
}

// line finds the line of a server for a limit, or opens it.
func (l *limiter) line(name string, limit Limit) *line {
	s, found := l.servers[name]
	if !found {
		s = &server{tenants: map[string]*tenant{}}
		l.servers[name] = s
	}
	return s.line(limit)
}

func (l *limiter) leave(id string) {
	if w, found := l.waiting[id]; found {
		l.forget(w)
	}
}

func (l *limiter) forget(w *waiter) {
	w.line.remove(w)
	delete(l.waiting, w.ID)
}
