package controllers

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/ratelimit"
	"github.com/tokensync/tokensync/internal/renewal"
)

// notYetError tells that a token request has to wait for those of others. Nothing was
// sent, and nothing failed.
type notYetError struct {
	until    time.Time
	decision renewal.Decision
	// isBrief is true if the wait is only seconds.
	isBrief bool
	// isLimited is true if a rate limit or a Retry-After causes the wait.
	isLimited bool
}

func (n *notYetError) Error() string { return n.decision.Why }

// place is the right to send one token request.
type place struct {
	*Reconciler
	observed *observed
	// at is when the place was taken under the rate limit of the server; zero
	// before, or without a limit.
	at   time.Time
	used bool
}

// take asks for the place, before anything is read that only a request needs. To
// take it again does nothing. The error is a *notYetError.
func (p *place) take() error {
	o := p.observed
	if p.TokenEndpoint.IsBusy(o.server.name()) {
		return p.awaitHost()
	}
	limit := o.rateLimit()
	if limit == (ratelimit.Limit{}) || !p.at.IsZero() {
		return nil
	}
	now := p.Clock.Now()
	until, ok := p.limiter.Take(o.server.name(), limit, o.waiter(), now)
	if !ok {
		return &notYetError{until: until, decision: renewal.AwaitTurn(o.server.name(), limit.Requests, limit.Per), isLimited: true}
	}
	p.at = now
	return nil
}

// awaitHost is the wait for others that ask the same host. Whose turn it is under the
// rate limit does not lose it to who asks at a better moment.
func (p *place) awaitHost() *notYetError {
	busy := p.busy(p.observed)
	p.limiter.Await(p.observed.server.name(), p.observed.rateLimit(), p.observed.waiter(), busy.until, p.Clock.Now())
	return busy
}

// rateLimit is that of the server; zero without one.
func (o *observed) rateLimit() ratelimit.Limit {
	limit := o.server.RateLimit
	if limit == nil || limit.Per == nil {
		return ratelimit.Limit{}
	}
	return ratelimit.Limit{Requests: int(limit.Requests), Per: limit.Per.Duration}
}

// waiter is how urgent the request is.
func (o *observed) waiter() ratelimit.Waiter {
	waiter := ratelimit.Waiter{ID: o.key()}
	if o.Valid() {
		waiter.ExpiresAt = o.Token().ExpiresAt
	}
	return waiter
}

// sendsNow says that the request goes out only now: credentials were read, and
// perhaps metadata, since the place was taken.
func (p *place) sendsNow(now time.Time) {
	if !p.at.IsZero() {
		p.limiter.Sent(p.observed.server.name(), p.at, now)
		p.at = now
	}
}

// giveBack leaves the place to others if nothing was sent.
func (p *place) giveBack() {
	if !p.at.IsZero() && !p.used {
		p.limiter.GiveBack(p.observed.server.name(), p.at)
	}
}

// pauseSpread is the time over which those come back who were paused.
const pauseSpread = 5 * time.Second

// paused tells whether the server asked to wait, which holds for all who are the
// same client there, unless someone asks for a renewal. The error is a *notYetError.
func (r *Reconciler) paused(o *observed, clientID string) error {
	until := r.limiter.PausedUntil(o.server.name(), o.client(clientID), r.Clock.Now())
	if until.IsZero() || o.IsRenewRequested() {
		return nil
	}
	// Not all at the same instant.
	return &notYetError{until: until.Add(rand.N(pauseSpread)), decision: renewal.Paused(o.server.name(), until), isLimited: true}
}

// pause makes all ClientCredentials of the same client wait for Retry-After if the server is
// overloaded or failing. After another failure, Retry-After applies to this ClientCredential
// only.
func (r *Reconciler) pause(o *observed, clientID string, failure *oauth2.Error) {
	if failure.RetryAfter > 0 && failure.Class == oauth2.Unavailable {
		now := r.Clock.Now()
		r.limiter.Pause(o.server.name(), o.client(clientID), now, now.Add(failure.RetryAfter))
	}
}

// client is by what a server tells clients apart: the ID, or the Secret where there
// is none.
func (o *observed) client(clientID string) string {
	if clientID == "" && o.owner.Spec.CredentialsRef != nil {
		return o.owner.Namespace + "/" + o.owner.Spec.CredentialsRef.Name
	}
	return clientID
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
