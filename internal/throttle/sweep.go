package throttle

import (
	"maps"
	"slices"
	"time"
)

const (
	// grace is for a waiter that is late: its reconcile stands in a queue.
	grace = 5 * time.Second
	// sweepEvery is short beside grace. A sweep looks at everything, which costs
	// about 0.1 ms for 10,000 waiters.
	sweepEvery = time.Second
)

// sweep forgets what is over, at most once a second.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.sweptAt) < sweepEvery {
		return
	}
	l.sweptAt = now
	for _, w := range l.waiting {
		if w.isAway && now.Sub(w.until) > grace {
			l.forget(w)
		}
	}
	maps.DeleteFunc(l.servers, func(_ string, s *server) bool {
		l.sweepServer(s, now)
		return len(s.lines) == 0 && s.dropped == (Limit{})
	})
}

// sweepServer keeps a line while its limit looks back at a call, and the places
// that some line counts.
func (l *limiter) sweepServer(s *server, now time.Time) {
	if !now.Before(s.droppedUntil) {
		s.dropped = Limit{}
	}
	largest := s.dropped
	s.lines = slices.DeleteFunc(s.lines, func(line *line) bool {
		l.sweepAbsent(line, now)
		unused := line.isIdle() && now.Sub(line.usedAt) >= line.limit.Per
		if !unused {
			largest = largest.or(line.limit)
		}
		return unused
	})
	// A caller may have read its clock before now, and come after.
	s.trim(now.Add(-largest.Per-grace), largest.Requests)
}

// sweepAbsent forgets those who did not come when they were told to. Should they
// come later, they are new.
func (l *limiter) sweepAbsent(line *line, now time.Time) {
	line.queues = slices.DeleteFunc(line.queues, func(q *queue) bool {
		before := len(q.waiting)
		q.waiting = slices.DeleteFunc(q.waiting, func(w *waiter) bool {
			absent := now.Sub(w.until) > grace
			if absent {
				delete(l.waiting, w.ID)
			}
			return absent
		})
		line.server.count(q.tenant, len(q.waiting)-before)
		return len(q.waiting) == 0
	})
}
