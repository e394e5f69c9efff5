package ratelimit

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// maxLines bounds the limits of a server. Each of them costs time at each call, and callers
// decide how many there are.
const maxLines = 8

// server is a token endpoint with a limit.
type server struct {
	// taken tells when places were taken, in the order of time.
	taken []time.Time
	// trimmed is the latest place that was dropped from taken because no limit counts so many.
	trimmed time.Time
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

// take puts a place where it belongs in time: callers read their clock before they
// get the mutex, so they may come in another order.
func (s *server) take(now time.Time) {
	after := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].After(now) })
	s.taken = slices.Insert(s.taken, after, now)
}

// giveBack reports whether the place was still known. If places were trimmed, the latest of
// them counts again: its time is known, and no other is later.
func (s *server) giveBack(at time.Time) bool {
	i, found := slices.BinarySearchFunc(s.taken, at, time.Time.Compare)
	if !found {
		return false
	}
	s.taken = slices.Delete(s.taken, i, i+1)
	if !s.trimmed.IsZero() {
		s.taken = slices.Insert(s.taken, 0, s.trimmed)
	}
	return true
}

// trim drops the places that were taken before the start, and those that no limit counts:
// it looks at so many requests, at most.
func (s *server) trim(start time.Time, requests int) {
	old := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].After(start) })
	drop := max(old, len(s.taken)-requests)
	if drop > old {
		s.trimmed = s.taken[drop-1]
	}
	s.taken = slices.Delete(s.taken, 0, drop)
}

// within is the places taken in the given time before now. Those taken after now
// are among them, so that no interval that holds both is overfull.
func (s *server) within(per time.Duration, now time.Time) []time.Time {
	start := now.Add(-per)
	first := sort.Search(len(s.taken), func(i int) bool { return s.taken[i].After(start) })
	return s.taken[first:]
}
