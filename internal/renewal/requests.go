package renewal

import "time"

// requestsAtOnce is the number of token requests that a ClientCredential may send without a delay between
// them. A user who corrects a spec or a Secret sees the result immediately.
const requestsAtOnce = 5

// Requests counts the token requests of a ClientCredential. Edits, renew requests and new objects of the
// same name retry immediately. Together they send at most requestsAtOnce requests, plus one per
// MinInterval.
type Requests struct {
	// recoversAt is when the last request stops counting. Each request counts for MinInterval, one after
	// another.
	recoversAt time.Time
}

// Add adds a request sent at now.
func (r Requests) Add(now time.Time) Requests {
	if r.recoversAt.Before(now) || r.isAhead(now) {
		r.recoversAt = now
	}
	return Requests{recoversAt: r.recoversAt.Add(MinInterval)}
}

// NextAt returns when the next request may be sent. It returns zero if that is now.
func (r Requests) NextAt(now time.Time) time.Time {
	next := r.recoversAt.Add(-(requestsAtOnce - 1) * MinInterval)
	if !next.After(now) || r.isAhead(now) {
		return time.Time{}
	}
	return next
}

// IsExpired reports whether no request counts any more.
func (r Requests) IsExpired(now time.Time) bool { return !r.recoversAt.After(now) || r.isAhead(now) }

// isAhead reports whether the requests are in the future, because the clock was set back since.
func (r Requests) isAhead(now time.Time) bool {
	return r.recoversAt.After(now.Add(requestsAtOnce*MinInterval + maxClockSkew))
}
