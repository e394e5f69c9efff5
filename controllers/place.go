package controllers

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/ratelimit"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// place is the right to send one token request.
type place struct {
	*Reconciler
	observed *observed
	// at is when the place was taken under the rate limit of the server; zero
	// before, or without a limit.
	at   time.Time
	used bool
	// isInLine is true if the request waits for a place in flight.
	isInLine bool
	// leaveLarge gives the slot of a large token back; nil without one.
	leaveLarge func()
}

// take asks for the place, before anything is read that only a request needs. To
// take it again does nothing. It returns nil once the place is taken.
func (p *place) take() *renewal.Deferral {
	o := p.observed
	if !p.TokenEndpoint.Take(o.server.URL(), o.asker()) {
		return p.awaitHost()
	}
	if deferral := p.tooMany(o); deferral != nil {
		return deferral
	}
	limit := o.rateLimit()
	if limit == (ratelimit.Limit{}) || !p.at.IsZero() {
		return nil
	}
	now := p.Clock.Now()
	until, ok := p.limiter.Take(serverKey(o.server), limit, o.waiter(), now)
	if !ok {
		return p.limited(o, renewal.AwaitTurn(o.server.URL(), limit.Requests, limit.Per, until))
	}
	p.at = now
	return nil
}

// awaitHost is the wait for requests to the same host, or of the same namespace. The request
// keeps its turn under a rate limit meanwhile.
func (p *place) awaitHost() *renewal.Deferral {
	o, now := p.observed, p.Clock.Now()
	p.isInLine = true
	// The request is called when there is a place.
	until := now.Add(wallClockInterval)
	p.limiter.Await(serverKey(o.server), o.rateLimit(), o.waiter(), until, now)
	return renewal.Busy(o.server.URL(), p.memory.busySince(o.owner, o.Now), until)
}

// limited notes that a rate limit or a Retry-After delays the request.
func (r *Reconciler) limited(o *observed, deferral *renewal.Deferral) *renewal.Deferral {
	r.memory.rememberWait(o.owner, o.Now)
	return deferral
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
	waiter := ratelimit.Waiter{ID: o.key(), Tenant: o.owner.Namespace}
	if o.Valid() {
		waiter.ExpiresAt = o.Token().ExpiresAt
	}
	return waiter
}

// asker identifies the ClientCredential to the bound on requests in flight.
func (o *observed) asker() ratelimit.Asker {
	return ratelimit.Asker{Waiter: o.waiter(), Tenant: o.owner.Namespace}
}

// sendsNow says that the request goes out only now: credentials were read, and
// perhaps metadata, since the place was taken.
func (p *place) sendsNow(now time.Time) {
	if !p.at.IsZero() {
		p.limiter.Sent(serverKey(p.observed.server), p.at, now)
		p.at = now
	}
}

// takeLarge waits for a slot for a large token, until giveBack.
func (p *place) takeLarge(ctx context.Context) {
	if p.leaveLarge == nil {
		p.leaveLarge = p.large.Enter(ctx, p.observed.owner.Namespace)
	}
}

// giveBack leaves the place in flight to others, and that under the rate limit if nothing
// was sent.
func (p *place) giveBack() {
	if p.leaveLarge != nil {
		p.leaveLarge()
	}
	if !p.isInLine {
		p.TokenEndpoint.Leave(p.observed.key())
	}
	if !p.at.IsZero() && !p.used {
		p.limiter.GiveBack(serverKey(p.observed.server), p.at)
	}
}

// pauseSpread is the time over which those come back who were paused.
const pauseSpread = 5 * time.Second

// paused defers the request if the server asked to wait, which holds for all ClientCredentials of the
// namespace that are the same client there.
func (r *Reconciler) paused(o *observed, client clientKey) *renewal.Deferral {
	until := r.limiter.PausedUntil(serverKey(o.server), string(client), r.Clock.Now())
	if until.IsZero() {
		return nil
	}
	// Not all at the same instant.
	return r.limited(o, renewal.Paused(o.Input, o.server.URL(), until, until.Add(rand.N(pauseSpread))))
}

// pause makes all ClientCredentials of the same client wait for Retry-After if the server is
// overloaded or failing. After another failure, Retry-After applies to this ClientCredential
// only: the time of its next attempt heeds it.
func (r *Reconciler) pause(o *observed, client clientKey, failure *problem.Problem) {
	if failure.RetryAfter <= 0 || failure.Class != problem.Unavailable {
		return
	}
	now := r.Clock.Now()
	r.limiter.Pause(serverKey(o.server), string(client), now, now.Add(failure.RetryAfter))
}

// tooMany defers the request if the ClientCredential sent too many lately.
func (r *Reconciler) tooMany(o *observed) *renewal.Deferral {
	until := r.memory.nextRequest(o.owner, r.Clock.Now())
	if until.IsZero() {
		return nil
	}
	return renewal.TooMany(o.Input, until)
}

// clientKey is by what the pauses of a server tell clients apart: a digest, since a client ID
// may come from a Secret. The namespace is part of it: a client ID is public, and no namespace may
// have another one wait.
type clientKey string

// client is the key of a client ID, or of the Secret where there is none.
func (o *observed) client(clientID string) clientKey {
	parts := []string{o.owner.Namespace, "client", clientID}
	if clientID == "" && o.owner.Spec.CredentialsRef != nil {
		parts = []string{o.owner.Namespace, "Secret", o.owner.Spec.CredentialsRef.Name}
	}
	digest := digestOf(parts...)
	return clientKey(digest[:])
}

// serverKey identifies a server to the rate limiter. What one namespace declares bounds no other.
func serverKey(d resolve.Declaration) string {
	return d.Tenant + "/" + tokenendpoint.ServerKey(d.URL())
}

// wakeInterval is how often wake looks for requests that can be sent sooner than expected.
const wakeInterval = time.Second

// wake calls the requests that can be sent now, until the context ends.
func (r *Reconciler) wake(ctx context.Context, call func(key string)) {
	ticker := r.Clock.NewTicker(wakeInterval)
	defer ticker.Stop()
	for {
		var due []string
		select {
		case <-ctx.Done():
			return
		case <-r.TokenEndpoint.Calling():
		case <-ticker.C():
			due = r.limiter.Due(r.Clock.Now())
		}
		for _, key := range slices.Concat(due, r.TokenEndpoint.Due()) {
			call(key)
		}
	}
}
