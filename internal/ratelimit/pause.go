package ratelimit

import "time"

// client is a client of a server.
type client struct{ server, id string }

// pause is when a server asked a client to wait, and until when.
type pause struct{ since, until time.Time }

// Pause says that the server wants no request of the client before until, as
// Retry-After told now. Of two pauses, the later counts.
func (l *Limiter) Pause(server, clientID string, now, until time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	key := client{server, clientID}
	if until.After(l.pauses[key].until) {
		l.pauses[key] = pause{now, until}
	}
}

// Resume ends the pause of the client at the server, because a request that began at
// startedAt was answered well. A request from before the pause ends nothing.
func (l *Limiter) Resume(server, clientID string, startedAt time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	key := client{server, clientID}
	if known, found := l.pauses[key]; found && startedAt.After(known.since) {
		delete(l.pauses, key)
	}
}

// PausedUntil is when the pause of the client at the server ends; zero when there
// is none.
func (l *Limiter) PausedUntil(server, clientID string, now time.Time) time.Time {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.sweep(now)
	if until := l.pauses[client{server, clientID}].until; until.After(now) {
		return until
	}
	return time.Time{}
}
