// Package ratelimit decides when a request to an authorization server may be sent. It
// holds what the server allows: so many requests in so long a time, over all who use its
// token endpoint, and no request of a client before its Retry-After is over. And it bounds
// the requests in flight, so that slow servers hold up nobody else. It is pure: the time is
// an argument.
//
// Nobody is made to wait here. A caller is told when to ask again, and whoever's
// token expires soonest goes first. Tenants share a limit: one of them does not delay the
// requests of the others for long.
//
// Everything lives in memory. After a restart nothing is known of the requests
// before it, so a server may see up to twice its limit in the first period.
package ratelimit

import (
	"sync"
	"time"
)

// longestWait is the longest time that a caller is told to wait. It is a net for
// the case that nobody calls Due.
const longestWait = time.Hour

// Limit is so many requests in any half-open interval of the length Per. There is
// no limit unless both are positive.
type Limit struct {
	Requests int
	Per      time.Duration
}

// rate is the number of requests in a nanosecond.
func (l Limit) rate() float64 { return float64(l.Requests) / float64(l.Per) }

// or returns a limit that looks back as far as either, and counts as many requests.
func (l Limit) or(other Limit) Limit {
	return Limit{Requests: max(l.Requests, other.Requests), Per: max(l.Per, other.Per)}
}

// Waiter is who wants to send a request.
type Waiter struct {
	// ID is the same at each call, and nobody else's.
	ID string
	// Tenant is the namespace that the place counts for. Waiters without a namespace are a
	// tenant, too.
	Tenant string
	// ExpiresAt is when its token expires. Zero: it has no valid token, and goes
	// before all who have one.
	ExpiresAt time.Time
}

// Limiter knows the requests of late, and who waits to send the next. It may be
// used by several goroutines at once. What is not used any more is forgotten at
// later calls.
type Limiter struct {
	mutex sync.Mutex
	// servers that have a limit, by name.
	servers map[string]*server
	// waiting is all who wait, by ID.
	waiting map[string]*waiter
	// arrivals counts who came to wait.
	arrivals uint64
	// pauses tells when they end.
	pauses  map[client]pause
	sweptAt time.Time
}

// New returns a Limiter that knows of no request.
func New() *Limiter {
	return &Limiter{servers: map[string]*server{}, waiting: map[string]*waiter{}, pauses: map[client]pause{}}
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
func (l *Limiter) Take(server string, limit Limit, asking Waiter, now time.Time) (until time.Time, ok bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if limit.Requests <= 0 || limit.Per <= 0 {
		l.takeUnlimited(server, asking, now)
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
	w.line.server.take(w.tenant, now)
	return time.Time{}, true
}

// Await keeps its order for a waiter that cannot send because of something else than the
// limit. It holds up nobody meanwhile: other waiters may be able to send. It is to ask again
// at until.
func (l *Limiter) Await(server string, limit Limit, asking Waiter, until, now time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if limit.Requests <= 0 || limit.Per <= 0 {
		return
	}
	w := l.join(server, limit, asking)
	w.line.goAway(w)
	w.until, w.line.usedAt = until, now
	l.sweep(now)
}

// takeUnlimited counts a request only where others have a limit.
func (l *Limiter) takeUnlimited(server string, asking Waiter, now time.Time) {
	l.leave(asking.ID)
	l.sweep(now)
	if s, found := l.servers[server]; found {
		s.take(s.tenant(asking.Tenant), now)
	}
}

// GiveBack returns the place that was taken at the given instant, because nothing
// was sent.
func (l *Limiter) GiveBack(server string, at time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if s, found := l.servers[server]; found {
		s.giveBack(at)
	}
}

// Sent says that the request for the place that was taken at one instant goes out
// only now: the server counts from then.
func (l *Limiter) Sent(server string, at, now time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if s, found := l.servers[server]; found {
		if tenant := s.giveBack(at); tenant != nil {
			s.take(tenant, now)
		}
	}
}

// Leave says that the waiter wants no place any more, at whatever server it waits.
func (l *Limiter) Leave(id string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.leave(id)
}

// Due returns the IDs of those who can take a place now, although they were told a
// later time: some of those before them left, did not come, or gave back a place.
// Each is returned once, and is to be woken: it has 5 s to ask. Call this about
// every second, or places may stay idle while somebody waits.
func (l *Limiter) Due(now time.Time) (ids []string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.sweep(now)
	for _, s := range l.servers {
		ids = append(ids, s.call(now)...)
	}
	return ids
}

// join puts who asks into the line for its limit, if it is not there yet.
func (l *Limiter) join(name string, limit Limit, asking Waiter) *waiter {
	line := l.line(name, limit)
	w, known := l.waiting[asking.ID]
	switch {
	case !known:
		w = &waiter{id: asking.ID, arrived: l.arrival()}
	case w.line == line && !w.isAway && w.expiresAt.Equal(asking.ExpiresAt) && w.tenant.name == asking.Tenant:
		return w
	case w.line.server == line.server:
		l.forget(w)
	default:
		l.forget(w)
		w.arrived = l.arrival()
	}
	w.expiresAt, w.tenant = asking.ExpiresAt, line.server.tenant(asking.Tenant)
	line.add(w)
	l.waiting[w.id] = w
	return w
}

// arrival numbers who comes to a server, so that equals go in the order they came.
func (l *Limiter) arrival() uint64 {
	l.arrivals++
	return l.arrivals
}

// line finds the line of a server for a limit, or opens it.
func (l *Limiter) line(name string, limit Limit) *line {
	s, found := l.servers[name]
	if !found {
		s = &server{tenants: map[string]*tenant{}}
		l.servers[name] = s
	}
	return s.line(limit)
}

func (l *Limiter) leave(id string) {
	if w, found := l.waiting[id]; found {
		l.forget(w)
	}
}

func (l *Limiter) forget(w *waiter) {
	w.line.remove(w)
	delete(l.waiting, w.id)
}
