package throttle

import (
	"maps"
	"slices"
	"time"
)

const (
	// grace is how late a request may come, because its reconcile waits in a queue.
	grace = 5 * time.Second
	// sweepInterval is the time between two checks for changes that depend only on the time. It is short compared
	// to grace. A sweep takes about 0.1 ms for 10,000 waiting requests.
	sweepInterval = time.Second
)

// sweep drops expired entries, at most once a second.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.sweptAt).Abs() < sweepInterval {
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

// sweepServer drops the idle lines that were last used at least a period ago, and the reservations that no
// line counts any more.
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
	// A caller may have read its clock before now, but lock the mutex later.
	s.trim(now.Add(-largest.Per-grace), largest.Requests)
}

// sweepAbsent drops the requests that did not come in time. If they come later, they count as new.
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
