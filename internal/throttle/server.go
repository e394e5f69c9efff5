package throttle

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"
)

// maxLines is the maximum number of limits of a server. Callers can declare any number of limits, and each
// limit takes time at each call.
const maxLines = 8

// server is a token endpoint with a limit.
type server struct {
	// taken are the reservations, ordered by time.
	taken []reservation
	// trimmed is the latest reservation that was dropped because no limit counts so many reservations.
	trimmed reservation
	// tenants holds the tenants that wait or have reservations, by name.
	tenants map[string]*tenant
	// waiting is the number of waiting tenants.
	waiting int
	// turns counts all reservations since the start.
	turns uint64
	// lines has one line for each recently used limit. Usually there is a single line.
	lines []*line
	// dropped is the largest limit whose line was replaced. It is kept until droppedUntil, because a caller
	// may use that limit again.
	dropped      Limit
	droppedUntil time.Time
}

// line returns the line for a limit. If there are maxLines already, it replaces the least recently used idle
// line. If no line is idle, it returns the strictest line.
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

// dropIdle drops the least recently used idle line, and reports whether such a line existed.
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

// tenant returns a tenant, and adds it if it is new.
func (s *server) tenant(name string) *tenant {
	t, found := s.tenants[name]
	if !found {
		t = &tenant{name: name}
		s.tenants[name] = t
	}
	return t
}

// add inserts a reservation, and keeps the reservations ordered by time. Callers read the clock before they
// lock the mutex, so reservations may arrive out of order.
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

// release drops the reservation made at the given time, and returns its tenant; nil if there is none. If
// reservations were trimmed, the latest trimmed reservation counts again.
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

// trim drops the reservations before the start, and keeps at most the given number, because no limit counts
// more. It also drops tenants without a reservation and without a waiting request.
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

// within returns the reservations of the last period of the given length. It also includes reservations after
// now, because a period can contain both such a reservation and a new reservation at now.
func (s *server) within(per time.Duration, now time.Time) []reservation {
	start := now.Add(-per)
	first := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].at.After(start) })
	return s.taken[first:]
}

// count adds to the number of waiting requests of a tenant.
func (s *server) count(t *tenant, by int) {
	before := t.waiting
	t.waiting += by
	s.waiting += min(1, t.waiting) - min(1, before)
}

// waitingBeside returns the number of other waiting tenants.
func (s *server) waitingBeside(t *tenant) int { return s.waiting - min(1, t.waiting) }

// call returns the requests that may be sent sooner than expected.
func (s *server) call(now time.Time) (ids []string) {
	offers := s.offers(now)
	if next := s.next(now); next != nil {
		// Keep the order of the other offers.
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

// offer is a waiting request whose tenant may send a request now.
type offer struct {
	*waiter
	// free is how many requests the limit allows now. share is how many of these the tenant may send.
	free, share int
}

// offers returns the requests that may be sent if no other request goes first, the most urgent first.
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
	slices.SortFunc(offers, func(a, b offer) int { return byUrgency(a.arrival, b.arrival) })
	return offers
}

// next returns the most urgent request of the tenant whose latest reservation is the oldest. This request
// goes first, even if requests of other tenants are more urgent, so that no tenant starves another. next
// returns nil if fewer than two tenants wait.
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
			if next == nil || cmp.Or(cmp.Compare(q.tenant.turn, next.tenant.turn), byUrgency(q.waiting[0].arrival, next.arrival)) < 0 {
				next = q.waiting[0]
			}
		}
	}
	return next
}
