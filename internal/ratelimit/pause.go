package ratelimit

import "time"

// client is a client of a server.
type client struct{ server, id string }

// pause is the time in which a client must not send.
type pause struct{ since, until time.Time }

// maxSetBack is how far a clock may be set back before a pause counts as one of another time.
const maxSetBack = 5 * time.Minute

// isAhead reports whether the pause begins in the future: the clock was set back since.
func (p pause) isAhead(now time.Time) bool { return p.since.After(now.Add(maxSetBack)) }

// Pause records that the server asked the client at now to send nothing before until
// (Retry-After). Of two pauses, the later counts.
func (l *Limiter) Pause(server, clientID string, now, until time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	key := client{server, clientID}
	if known := l.pauses[key]; until.After(known.until) || known.isAhead(now) {
		l.pauses[key] = pause{now, until}
	}
}

// Resume ends the client's pause after a successful request, if that started during the
// pause.
func (l *Limiter) Resume(server, clientID string, startedAt time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	key := client{server, clientID}
	if known, found := l.pauses[key]; found && (startedAt.After(known.since) || known.isAhead(startedAt)) {
		delete(l.pauses, key)
	}
}

// PausedUntil returns when the pause of the client at the server ends. It returns zero without
// one, and for a pause that begins in the future.
func (l *Limiter) PausedUntil(server, clientID string, now time.Time) time.Time {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.sweep(now)
	if known := l.pauses[client{server, clientID}]; known.until.After(now) && !known.isAhead(now) {
		return known.until
	}
	return time.Time{}
}
