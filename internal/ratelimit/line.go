package ratelimit

import (
	"cmp"
	"slices"
	"time"
)

// line is those who wait at a server with the same limit, the most urgent first.
//
// A sorted slice of pointers is enough: to insert into 10,000 of them moves 40 kB,
// which takes a microsecond or two, and a rank is an index.
type line struct {
	server  *server
	limit   Limit
	waiting []*waiter
	// away is the number of waiters that something else than the limit holds up.
	away   int
	usedAt time.Time
}

// isIdle reports whether nobody waits with the limit.
func (l *line) isIdle() bool { return len(l.waiting)+l.away == 0 }

// waiter is who was told to ask again at until.
type waiter struct {
	id        string
	line      *line
	expiresAt time.Time
	arrived   uint64
	until     time.Time
	// isAway is true for a waiter that is not in line now, and comes back in its old order.
	isAway bool
}

// byUrgency orders by expiry, and those who expire together as they came. No token
// is the zero time, and so comes first.
func byUrgency(a, b *waiter) int {
	return compareUrgency(a.expiresAt, b.expiresAt, a.arrived, b.arrived)
}

func compareUrgency(expiresAt, otherExpiresAt time.Time, arrived, otherArrived uint64) int {
	return cmp.Or(expiresAt.Compare(otherExpiresAt), cmp.Compare(arrived, otherArrived))
}

func (l *line) add(w *waiter) {
	w.line = l
	l.waiting = slices.Insert(l.waiting, l.before(w), w)
}

func (l *line) remove(w *waiter) {
	if w.isAway {
		w.isAway = false
		l.away--
		return
	}
	i := l.before(w)
	l.waiting = slices.Delete(l.waiting, i, i+1)
}

func (l *line) goAway(w *waiter) {
	l.remove(w)
	w.isAway = true
	l.away++
}

// before counts those in the line who are more urgent than w, who may wait in
// another.
func (l *line) before(w *waiter) int {
	i, _ := slices.BinarySearchFunc(l.waiting, w, byUrgency)
	return i
}

// free is how many places there are now. There is none when others, with a larger
// limit, took more than this limit allows.
func (l *line) free(now time.Time) int {
	return max(0, l.limit.Requests-len(l.server.within(l.limit.Per, now)))
}

// call returns those who can take a place now and do not know.
func (l *line) call(now time.Time) (ids []string) {
	for _, w := range l.waiting {
		if !w.mayTake(now) {
			break
		}
		if w.until.After(now) {
			w.until = now
			ids = append(ids, w.id)
		}
	}
	return ids
}

// mayTake tells whether there is a place even if all who are more urgent take
// theirs. They take no more than their own limit leaves them: who may not send does
// not hold up others.
func (w *waiter) mayTake(now time.Time) bool {
	places := w.line.free(now)
	for _, line := range w.line.server.lines {
		places -= min(line.before(w), line.free(now))
	}
	return places > 0
}

// expected is when a waiter who may not take a place now gets one, if all before it
// take theirs as soon as they may.
func (w *waiter) expected(now time.Time) time.Time {
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

// place is when the place of the given rank becomes free; those of the ranks before
// are taken as soon as they are. Rank 0 is the next place.
//
// A place comes back a period after it was taken. So the places are a ring: those
// free now, then those taken, the oldest first, then the same a period later.
func (l *line) place(rank int, now time.Time) time.Time {
	latest := now.Add(longestWait)
	rounds, rank := rank/l.limit.Requests, rank%l.limit.Requests
	if rounds > int(longestWait/l.limit.Per) {
		return latest
	}
	taken := l.server.within(l.limit.Per, now)
	taken = taken[max(0, len(taken)-l.limit.Requests):]
	at := now
	if free := l.limit.Requests - len(taken); rank >= free {
		at = taken[rank-free].Add(l.limit.Per)
	}
	if at = at.Add(time.Duration(rounds) * l.limit.Per); at.Before(latest) {
		return at
	}
	return latest
}

// allows is how many places the limit has until then, at most.
func (l *line) allows(then, now time.Time) int {
	// No more rounds than waiters: a tiny period makes so many that they overflow.
	rounds := min(len(l.waiting), int(then.Sub(now)/l.limit.Per))
	return l.free(now) + rounds*l.limit.Requests
}
