package throttle

import (
	"slices"
	"sort"
	"time"
)

// line is those who wait at a server with the same limit.
//
// Sorted slices of pointers are enough: to insert into 10,000 of them moves 40 kB,
// which takes a microsecond or two, and a rank is an index.
type line struct {
	server *server
	limit  Limit
	// queues has one for each tenant that waits.
	queues []*queue
	// away is the number of waiters that something else than the limit holds up.
	away   int
	usedAt time.Time
}

// isIdle reports whether nobody waits with the limit.
func (l *line) isIdle() bool { return len(l.queues)+l.away == 0 }

// waiter is who was told to ask again at until.
type waiter struct {
	Waiter
	line    *line
	tenant  *tenant
	arrived uint64
	until   time.Time
	// isAway is true for a waiter that is not in line now, and comes back in its old order.
	isAway bool
}

// byUrgency orders the most urgent first, and equals as they came.
func byUrgency(a, b *waiter) int {
	return a.byArrival(a.arrived, b.Waiter, b.arrived)
}

func (l *line) add(w *waiter) {
	w.line = l
	i := l.queueOf(w.tenant)
	if i < 0 {
		i = len(l.queues)
		l.queues = append(l.queues, &queue{tenant: w.tenant})
	}
	q := l.queues[i]
	q.waiting = slices.Insert(q.waiting, q.before(w), w)
	l.server.count(w.tenant, 1)
}

func (l *line) remove(w *waiter) {
	if w.isAway {
		w.isAway = false
		l.away--
		return
	}
	i := l.queueOf(w.tenant)
	q := l.queues[i]
	rank := q.before(w)
	if q.waiting = slices.Delete(q.waiting, rank, rank+1); len(q.waiting) == 0 {
		l.queues = slices.Delete(l.queues, i, i+1)
	}
	l.server.count(w.tenant, -1)
}

func (l *line) queueOf(t *tenant) int {
	return slices.IndexFunc(l.queues, func(q *queue) bool { return q.tenant == t })
}

func (l *line) goAway(w *waiter) {
	l.remove(w)
	w.isAway = true
	l.away++
}

// before counts those in the line who are more urgent than w, who may wait in
// another.
func (l *line) before(w *waiter) (count int) {
	for _, q := range l.queues {
		count += q.before(w)
	}
	return count
}

// free is how many places there are now. There is none when others, with a larger
// limit, took more than this limit allows.
func (l *line) free(now time.Time) int {
	return max(0, l.limit.Requests-len(l.server.within(l.limit.Per, now)))
}

// share is how many of the free places a tenant may take now: all, unless another tenant
// waits or took a place.
func (l *line) share(t *tenant, free int, now time.Time) int {
	if free == 0 || l.isAlone(t, now) {
		return free
	}
	return shareOf(free, t.held(now.Add(-l.limit.Per)))
}

// isAlone reports whether no other tenant waits, nor took a place that the limit counts.
func (l *line) isAlone(t *tenant, now time.Time) bool {
	return l.server.waitingBeside(t) == 0 && t.held(now.Add(-l.limit.Per)) == len(l.server.within(l.limit.Per, now))
}

// mayTake reports whether there is a place even if all who are more urgent take
// theirs. They take no more than their own limit and the share of their tenant allow:
// a waiter that may not send delays no other waiter.
func (w *waiter) mayTake(now time.Time) bool {
	places := w.line.free(now)
	share := w.line.share(w.tenant, places, now)
	if share == 0 {
		return false
	}
	next := w.line.server.next(now)
	if next == w {
		return true
	}
	if next != nil && byUrgency(next, w) > 0 {
		places--
	}
	for _, line := range w.line.server.lines {
		free := line.free(now)
		for _, q := range line.queues {
			ahead := min(q.before(w), line.share(q.tenant, free, now))
			places -= ahead
			if q.tenant == w.tenant {
				share -= ahead
			}
		}
	}
	return places > 0 && share > 0
}

// expected is when a waiter who may not take a place now gets one, if all before it
// take theirs as soon as they may.
func (w *waiter) expected(now time.Time) time.Time {
	if !w.line.isAlone(w.tenant, now) {
		return w.expectedInTurn(now)
	}
	lines := w.line.server.lines
	rank := 0
	for _, line := range lines {
		rank += line.before(w)
	}
	if len(lines) == 1 {
		return w.line.place(rank, now)
	}
	// Not all who wait with a smaller limit get their turn before then.
	latest := w.line.place(rank, now)
	rank = w.line.before(w)
	for _, line := range lines {
		if line != w.line {
			rank += min(line.before(w), line.allows(latest, now))
		}
	}
	return w.line.place(rank, now)
}

// expectedInTurn is the same beside other tenants. These take places before the waiter until
// they hold as many as its tenant will.
func (w *waiter) expectedInTurn(now time.Time) time.Time {
	start := now.Add(-w.line.limit.Per)
	own := 0
	for _, line := range w.line.server.lines {
		if i := line.queueOf(w.tenant); i >= 0 {
			own += line.queues[i].before(w)
		}
	}
	rank := own
	for _, line := range w.line.server.lines {
		for _, q := range line.queues {
			if q.tenant != w.tenant {
				rank += min(q.before(w), max(0, own+1+w.tenant.held(start)-q.tenant.held(start)))
			}
		}
	}
	// There is no place now.
	rank = max(rank, w.line.free(now))
	return later(w.line.place(rank, now), w.line.shared(w.tenant, own, now))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// shared is when the share of a tenant has a place for the waiter of the given rank among its
// waiters, if no other tenant takes a place before.
func (l *line) shared(t *tenant, rank int, now time.Time) time.Time {
	each := max(1, l.limit.Requests/(1+max(1, l.server.waiting)))
	rounds, rank := rank/each, rank%each
	if rounds > int(maxWait/l.limit.Per) {
		return now.Add(maxWait)
	}
	taken := l.counted(now)
	free := l.limit.Requests - len(taken)
	// start is when places must have been taken to be held still when so many came back.
	start := func(back int) time.Time {
		if back == 0 {
			return now.Add(-l.limit.Per)
		}
		return taken[back-1].at
	}
	back := sort.Search(len(taken), func(back int) bool { return shareOf(free+back, t.held(start(back))) > rank })
	at := start(back).Add(time.Duration(rounds+1) * l.limit.Per)
	if latest := now.Add(maxWait); at.After(latest) {
		return latest
	}
	return at
}

// place is when the place of the given rank becomes free; those of the ranks before
// are taken as soon as they are. Rank 0 is the next place.
//
// A place comes back a period after it was taken. So the places are a ring: those
// free now, then those taken, the oldest first, then the same a period later.
func (l *line) place(rank int, now time.Time) time.Time {
	latest := now.Add(maxWait)
	rounds, rank := rank/l.limit.Requests, rank%l.limit.Requests
	if rounds > int(maxWait/l.limit.Per) {
		return latest
	}
	taken := l.counted(now)
	at := now
	if free := l.limit.Requests - len(taken); rank >= free {
		at = taken[rank-free].at.Add(l.limit.Per)
	}
	if at = at.Add(time.Duration(rounds) * l.limit.Per); at.Before(latest) {
		return at
	}
	return latest
}

// counted is the latest places that were taken, no more of them than the limit counts.
func (l *line) counted(now time.Time) []reservation {
	taken := l.server.within(l.limit.Per, now)
	return taken[max(0, len(taken)-l.limit.Requests):]
}

// allows is how many places the limit has until then, at most.
func (l *line) allows(then, now time.Time) int {
	// No more rounds than waiters: a tiny period makes so many that they overflow.
	waiting := 0
	for _, q := range l.queues {
		waiting += len(q.waiting)
	}
	rounds := min(waiting, int(then.Sub(now)/l.limit.Per))
	return l.free(now) + rounds*l.limit.Requests
}
