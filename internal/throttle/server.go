package throttle

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"
)

// maxLines bounds the limits of a server. Each of them costs time at each call, and callers
// decide how many there are.
const maxLines = 8

// server is a token endpoint with a limit.
type server struct {
	// taken is the places that were taken, in the order of time.
	taken []reservation
	// trimmed is the latest place that was dropped from taken because no limit counts so many.
	trimmed reservation
	// tenants holds the tenants that wait or have places in taken, by name.
	tenants map[string]*tenant
	// waiting is the number of tenants that wait.
	waiting int
	// turns counts the places that were ever taken.
	turns uint64
	// lines has one for each limit that callers came with lately: mostly a single one.
	lines []*line
	// dropped is the largest of the limits whose lines were dropped for others, until
	// droppedUntil: a caller may come with such a limit again.
	dropped      Limit
	droppedUntil time.Time
}

// line finds the line for a limit, or opens it. If there are maxLines already, it drops the
// idle line that was used longest ago. If none is idle, it returns the strictest line.
func (s *server) line(limit Limit) *line {
	if i := slices.IndexFunc(s.lines, func(line *line) bool { return line.limit == limit }); i >= 0 {
		return s.lines[i]
	}
	if len(s.lines) == maxLines && !s.dropIdle() {
		return slices.MinFunc(s.lines, func(a, b *line) int { return cmp.Compare(a.limit.rate(), b.limit.rate()) })
	}
	opened := &line{server: s, limit: limit}
	s.lines = append(s.lines, opened)
	return opened
}

// dropIdle drops the idle line that was used longest ago, and reports whether there was one.
func (s *server) dropIdle() bool {
	oldest := -1
	for i, line := range s.lines {
		if line.isIdle() && (oldest < 0 || line.usedAt.Before(s.lines[oldest].usedAt)) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	limit := s.lines[oldest].limit
	if until := s.lines[oldest].usedAt.Add(limit.Per); until.After(s.droppedUntil) {
		s.droppedUntil = until
	}
	s.dropped = s.dropped.or(limit)
	s.lines = slices.Delete(s.lines, oldest, oldest+1)
	return true
}

// tenant finds a tenant, or starts to remember it.
func (s *server) tenant(name string) *tenant {
	t, found := s.tenants[name]
	if !found {
		t = &tenant{name: name}
		s.tenants[name] = t
	}
	return t
}

// take puts a place where it belongs in time: callers read their clock before they
// get the mutex, so they may come in another order.
func (s *server) add(t *tenant, now time.Time) {
	s.turns++
	t.turn = s.turns
	s.insert(reservation{at: now, tenant: t})
}

func (s *server) insert(p reservation) {
	after := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].at.After(p.at) })
	s.taken = slices.Insert(s.taken, after, p)
	after = sort.Search(len(p.tenant.taken), func(i int) bool { return p.tenant.taken[i].After(p.at) })
	p.tenant.taken = slices.Insert(p.tenant.taken, after, p.at)
}

// giveBack returns the tenant of the place, or nil if the place is not known any more. If
// places were trimmed, the latest of them counts again: its time is known, and no other is
// later.
func (s *server) release(at time.Time) *tenant {
	i, found := slices.BinarySearchFunc(s.taken, at, func(p reservation, at time.Time) int { return p.at.Compare(at) })
	if !found {
		return nil
	}
	t := s.taken[i].tenant
	s.taken = slices.Delete(s.taken, i, i+1)
	i, _ = slices.BinarySearchFunc(t.taken, at, time.Time.Compare)
	t.taken = slices.Delete(t.taken, i, i+1)
	if s.trimmed.tenant != nil {
		s.insert(reservation{at: s.trimmed.at, tenant: s.tenant(s.trimmed.tenant.name)})
	}
	return t
}

// trim drops the places taken before the start, and keeps at most the given number of places: no
// limit counts more. It forgets tenants without a place and without a waiter.
func (s *server) trim(start time.Time, requests int) {
	old := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].at.After(start) })
	drop := max(old, len(s.taken)-requests)
	if drop > old {
		s.trimmed = s.taken[drop-1]
	}
	for _, p := range s.taken[:drop] {
		p.tenant.taken = p.tenant.taken[1:]
	}
	s.taken = slices.Delete(s.taken, 0, drop)
	maps.DeleteFunc(s.tenants, func(_ string, t *tenant) bool { return t.waiting+len(t.taken) == 0 })
}

// within is the places taken in the given time before now. Those taken after now
// are among them, so that no interval that holds both is overfull.
func (s *server) within(per time.Duration, now time.Time) []reservation {
	start := now.Add(-per)
	first := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].at.After(start) })
	return s.taken[first:]
}

// count adds to the waiters of a tenant.
func (s *server) count(t *tenant, by int) {
	before := t.waiting
	t.waiting += by
	s.waiting += min(1, t.waiting) - min(1, before)
}

// waitingBeside is the number of other tenants that wait.
func (s *server) waitingBeside(t *tenant) int { return s.waiting - min(1, t.waiting) }

// call returns those who can take a place now and do not know.
func (s *server) call(now time.Time) (ids []string) {
	offers := s.offers(now)
	if next := s.next(now); next != nil {
		// The order of the other offers stays.
		i := slices.IndexFunc(offers, func(o offer) bool { return o.waiter == next })
		first := offers[i]
		copy(offers[1:i+1], offers[:i])
		offers[0] = first
	}
	ahead := map[*tenant]int{}
	for i, o := range offers {
		if i < o.free && ahead[o.tenant] < o.share && o.until.After(now) {
			o.until = now
			ids = append(ids, o.ID)
		}
		ahead[o.tenant]++
	}
	return ids
}

// offer is a waiter whose tenant may take a place.
type offer struct {
	*waiter
	// free is the number of places of its line, and share is how many of them its tenant may
	// take.
	free, share int
}

// offers returns the waiters that may take a place if nobody is before them, the most urgent
// first.
func (s *server) offers(now time.Time) (offers []offer) {
	for _, line := range s.lines {
		free := line.free(now)
		for _, q := range line.queues {
			share := line.share(q.tenant, free, now)
			for _, w := range q.waiting[:min(share, len(q.waiting))] {
				offers = append(offers, offer{waiter: w, free: free, share: share})
			}
		}
	}
	slices.SortFunc(offers, func(a, b offer) int { return byUrgency(a.waiter, b.waiter) })
	return offers
}

// next returns the waiter that goes first, although waiters of other tenants may be more
// urgent: the most urgent of the tenant whose latest place is the oldest. So tenants do not
// starve another. It returns nil if a single tenant waits.
func (s *server) next(now time.Time) (next *waiter) {
	if s.waiting < 2 {
		return nil
	}
	for _, line := range s.lines {
		free := line.free(now)
		for _, q := range line.queues {
			if line.share(q.tenant, free, now) == 0 {
				continue
			}
			if next == nil || cmp.Or(cmp.Compare(q.tenant.turn, next.tenant.turn), byUrgency(q.waiting[0], next)) < 0 {
				next = q.waiting[0]
			}
		}
	}
	return next
}
