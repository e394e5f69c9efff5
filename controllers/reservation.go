package controllers

import (
	"context"
	"math/rand/v2"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/throttle"
)

// reservation is the right of a ClientCredential to send one token request.
type reservation struct {
	throttle    *throttle.Throttle
	counts      *requestCounts
	largeTokens *fairshare.Slots
	clock       clock.PassiveClock
	observed    *observed
	request     throttle.Request
	// releaseLargeSlot releases the slot for a large token; nil if there is no slot.
	releaseLargeSlot func()
}

// throttleRequest returns the token request as the throttle expects it.
func (o *observed) throttleRequest() throttle.Request {
	request := throttle.Request{
		Waiter: throttle.Waiter{ID: o.throttleID(), Tenant: o.owner.Namespace},
		Server: serverKey(o.server), Host: throttle.HostKey(o.server.URL()), Limit: o.rateLimit(),
	}
	if failure := o.LastFailure(); failure != nil {
		request.HasFailed = !o.ChangedSince(failure)
	}
	if o.Valid() {
		request.ExpiresAt = o.Token().ExpiresAt
	}
	return request
}

// rateLimit returns the rate limit of the server; zero if there is none.
func (o *observed) rateLimit() throttle.Limit {
	limit := o.server.RateLimit
	if limit == nil || limit.Per == nil {
		return throttle.Limit{}
	}
	return throttle.Limit{Requests: int(limit.Requests), Per: limit.Per.Duration}
}

// serverKey identifies a server to the throttle. It includes the tenant, so that a limit of one namespace
// does not apply to another namespace.
func serverKey(d resolve.Declaration) string { return d.Tenant + "/" + throttle.ServerKey(d.URL()) }

// reserve reserves the request and returns nil. If the request must wait, reserve returns a deferral.
func (s *reservation) reserve() *renewal.Deferral {
	now := s.clock.Now()
	if wait := s.throttle.Reserve(s.request, now); wait != nil {
		return s.deferral(*wait)
	}
	if until := s.counts.nextAt(client.ObjectKeyFromObject(s.observed.owner), now); !until.IsZero() {
		return renewal.TooMany(s.observed.Input, until)
	}
	return nil
}

// reserveAs is like reserve, for a known client.
func (s *reservation) reserveAs(client clientKey) *renewal.Deferral {
	s.request.Client = string(client)
	return s.reserve()
}

// enterHost moves the reservation to the host of a URL. The host may not be known yet when the request is
// reserved.
func (s *reservation) enterHost(rawURL string) *renewal.Deferral {
	request := s.request
	request.Host = throttle.HostKey(rawURL)
	if wait := s.throttle.Enter(request, s.clock.Now()); wait != nil {
		return s.deferral(*wait)
	}
	return nil
}

// pauseSpread spreads retries after a pause ends.
const pauseSpread = 5 * time.Second

func (s *reservation) deferral(wait throttle.Wait) *renewal.Deferral {
	o, server := s.observed, s.observed.server.URL()
	switch wait.Cause {
	case throttle.RateLimited:
		return renewal.Throttled(server, s.request.Limit.Requests, s.request.Limit.Per, wait.Until)
	case throttle.ServerPaused:
		// Spread the retries, so that the requests of a client are not all sent at the same instant.
		return renewal.Paused(o.Input, server, wait.Until, wait.Until.Add(rand.N(pauseSpread)))
	case throttle.ServerDown:
		return renewal.Down(o.Input, server, wait.Down, wait.Until)
	case throttle.HostBusy:
	}
	return renewal.Busy(server, wait.Since, wait.Until)
}

// markSent tells the throttle that the request is sent now. That may be later than the reservation,
// because the credentials and perhaps metadata were read meanwhile. waitedSince is when the request began
// to wait; zero if it did not wait.
func (s *reservation) markSent(now time.Time) (waitedSince time.Time) {
	return s.throttle.Sent(s.request.ID, now)
}

// reportResult reports the result of the request to the throttle. If the server is unavailable, its
// Retry-After applies to all ClientCredentials of the same client. After any other failure, it applies
// only to this ClientCredential.
func (s *reservation) reportResult(startedAt time.Time, err error) {
	now := s.clock.Now()
	if err == nil {
		s.throttle.Succeeded(s.request.ID, startedAt, now)
		return
	}
	failure := throttle.Failure{IsUnsent: oauth2.IsUnsent(err)}
	if found := problem.Of(err); found != nil && found.Class == problem.Unavailable {
		failure.RetryAfter = found.RetryAfter
		if oauth2.IsServerDown(found) {
			failure.Down = found.Reason
		}
	}
	s.throttle.Failed(s.request.ID, failure, now)
}

// takeLargeSlot waits for a slot for a large token. release frees the slot.
func (s *reservation) takeLargeSlot(ctx context.Context) {
	if s.releaseLargeSlot == nil {
		s.releaseLargeSlot = s.largeTokens.Enter(ctx, s.observed.owner.Namespace)
	}
}

// release ends the reservation. A waiting request continues to wait.
func (s *reservation) release() {
	if s.releaseLargeSlot != nil {
		s.releaseLargeSlot()
	}
	s.throttle.Release(s.request.ID, s.clock.Now())
}

// clientKey identifies the client that a pause applies to. It is a digest, because a client ID may come
// from a Secret. It includes the namespace: client IDs are public, so otherwise one namespace could pause
// the client of another namespace.
type clientKey string

// clientKeyFor returns the key of a client ID, or of the credentials Secret if there is no client ID.
func (o *observed) clientKeyFor(clientID string) clientKey {
	parts := []string{o.owner.Namespace, "client", clientID}
	if clientID == "" && o.owner.Spec.CredentialsRef != nil {
		parts = []string{o.owner.Namespace, "Secret", o.owner.Spec.CredentialsRef.Name}
	}
	digest := digestOf(parts...)
	return clientKey(digest[:])
}

// pausedClient is a paused client. requestHash and credentialsVersion are those of the ClientCredential
// when the client ID was read.
type pausedClient struct {
	client                          clientKey
	requestHash, credentialsVersion string
}

// rememberPaused remembers the client, so that a reconcile during the pause does not read the credentials.
func (e *entry) rememberPaused(o *observed, client clientKey) {
	e.paused = &pausedClient{client: client, requestHash: o.RequestHash, credentialsVersion: o.CredentialsVersion()}
}

// pausedClient returns the client of the last pause; nil if the client may have changed since then.
func (o *observed) pausedClient() *clientKey {
	paused := o.remembered.paused
	if paused == nil || paused.requestHash != o.RequestHash || paused.credentialsVersion != o.CredentialsVersion() {
		return nil
	}
	return &paused.client
}
