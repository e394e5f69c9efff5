package throttle

import (
	"maps"
	"time"
)

// pauses holds the pauses of the clients that a server asked to wait (Retry-After).
type pauses map[client]pause

// client is a client of a server.
type client struct{ server, id string }

type pause struct{ since, until time.Time }

// maxSetBack is how far a clock may be set back without ending a pause.
const maxSetBack = 5 * time.Minute

// isAhead reports whether the pause begins in the future, because the clock was set back since.
func (p pause) isAhead(now time.Time) bool { return p.since.After(now.Add(maxSetBack)) }

// begin records a pause of a client from now until the given time, because the server asked for it. Of two
// pauses, the pause that ends later counts.
func (p pauses) begin(c client, now, until time.Time) {
	if known := p[c]; until.After(known.until) || known.isAhead(now) {
		p[c] = pause{now, until}
	}
}

// end ends the pause of a client after a successful request, if that request started during the pause.
func (p pauses) end(c client, startedAt time.Time) {
	if known, found := p[c]; found && (startedAt.After(known.since) || known.isAhead(startedAt)) {
		delete(p, c)
	}
}

// until returns when the pause of a client ends. It returns zero if there is no pause, or if the pause begins
// in the future.
func (p pauses) until(c client, now time.Time) time.Time {
	if known := p[c]; known.until.After(now) && !known.isAhead(now) {
		return known.until
	}
	return time.Time{}
}

// forget drops the pauses that are over.
func (p pauses) forget(now time.Time) {
	maps.DeleteFunc(p, func(_ client, over pause) bool { return !over.until.After(now) })
}
