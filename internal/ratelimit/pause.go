package ratelimit

import "time"

// client is a client of a server.
type client struct{ server, id string }

// Pause says that the server wants no request of the client before until, as
// Retry-After tells. Of two pauses, the later counts.
func (l *Limiter) Pause(server, clientID string, until time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	key := client{server, clientID}
	if until.After(l.pauses[key]) {
		l.pauses[key] = until
	}
}

// PausedUntil is when the pause of the client at the server ends; zero when there
// is none.
func (l *Limiter) PausedUntil(server, clientID string, now time.Time) time.Time {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.sweep(now)
	if until := l.pauses[client{server, clientID}]; until.After(now) {
		return until
	}
	return time.Time{}
}
