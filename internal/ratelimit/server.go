package ratelimit

import (
	"slices"
	"sort"
	"time"
)

// server is a token endpoint with a limit.
type server struct {
	// taken tells when places were taken, in the order of time.
	taken []time.Time
	// lines has one for each limit that callers came with lately: mostly a single one.
	lines []*line
}

// take puts a place where it belongs in time: callers read their clock before they
// get the mutex, so they may come in another order.
func (s *server) take(now time.Time) {
	after := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].After(now) })
	s.taken = slices.Insert(s.taken, after, now)
}

// giveBack tells whether the place was still known.
func (s *server) giveBack(at time.Time) bool {
	i, found := slices.BinarySearchFunc(s.taken, at, time.Time.Compare)
	if found {
		s.taken = slices.Delete(s.taken, i, i+1)
	}
	return found
}

// within is the places taken in the given time before now. Those taken after now
// are among them, so that no interval that holds both is overfull.
func (s *server) within(per time.Duration, now time.Time) []time.Time {
	start := now.Add(-per)
	first := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].After(start) })
	return s.taken[first:]
}
