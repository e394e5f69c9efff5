package controllers

import (
	"context"
	"time"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/ratelimit"
	"github.com/tokensync/tokensync/internal/renewal"
)

// notYet tells that a token request has to wait for those of others. Nothing was
// sent, and nothing failed.
type notYet struct {
	until    time.Time
	decision renewal.Decision
}

func (n *notYet) Error() string { return n.decision.Why }

// place is the right to send one token request.
type place struct {
	limiter *ratelimit.Limiter
	server  string
	at      time.Time
	used    bool
}

// takePlace asks for a place under the rate limit of the server, before anything
// is read that only a request needs. The error is a *notYet.
func (r *Reconciler) takePlace(o *observed) (*place, error) {
	place := &place{limiter: r.limiter, server: o.server.name(), at: r.Clock.Now()}
	limit := o.server.RateLimit
	if limit == nil || limit.Per == nil {
		return place, nil
	}
	waiter := ratelimit.Waiter{ID: o.key()}
	if o.Valid() {
		waiter.ExpiresAt = o.Token().ExpiresAt
	}
	until, ok := r.limiter.Take(place.server, ratelimit.Limit{Requests: int(limit.Requests), Per: limit.Per.Duration}, waiter, place.at)
	if !ok {
		return nil, &notYet{until: until, decision: renewal.AwaitTurn(place.server, int(limit.Requests), limit.Per.Duration)}
	}
	return place, nil
}

// giveBack leaves the place to others if nothing was sent.
func (p *place) giveBack() {
	if !p.used {
		p.limiter.GiveBack(p.server, p.at)
	}
}

// paused tells whether the server asked to wait, which holds for all who are the
// same client there. The error is a *notYet.
func (r *Reconciler) paused(o *observed, clientID string) error {
	until := r.limiter.PausedUntil(o.server.name(), clientID, r.Clock.Now())
	if until.IsZero() {
		return nil
	}
	return &notYet{until: until, decision: renewal.Paused(o.server.name(), until)}
}

// pause makes all who are the same client at the server wait as long as it asked.
func (r *Reconciler) pause(o *observed, clientID string, failure *oauth2.Error) {
	if failure.RetryAfter > 0 {
		r.limiter.Pause(o.server.name(), clientID, r.Clock.Now().Add(failure.RetryAfter))
	}
}

// name is what the limits of a server go by.
func (d declaration) name() string {
	if d.Issuer != "" {
		return d.Issuer
	}
	return d.TokenEndpoint
}

// wakeInterval is how often those are woken whose turn came sooner than expected.
const wakeInterval = time.Second

// wake calls those whose turn under a rate limit came sooner than they were told,
// until the context ends.
func (r *Reconciler) wake(ctx context.Context, call func(key string)) {
	ticker := r.Clock.NewTicker(wakeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
			for _, key := range r.limiter.Due(r.Clock.Now()) {
				call(key)
			}
		}
	}
}
