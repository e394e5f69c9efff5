package renewal

import (
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// Cause says why a token request is deferred.
type Cause string

const (
	// HostBusy means that too many requests to the host or from the namespace are in flight.
	HostBusy Cause = "host busy"
	// RateLimited means that other requests come first under the rate limit of the server.
	RateLimited Cause = "rate limited"
	// ServerPaused means that the server asked this client to wait.
	ServerPaused Cause = "paused"
	// ServerDown means that all requests to the server fail, and another request probes it.
	ServerDown Cause = "server down"
	// TooManyRequests means that the ClientCredential recently sent too many token requests.
	TooManyRequests Cause = "too many token requests"
	// RefusedBefore means that the server refused the same request before, and the backoff is not over.
	RefusedBefore Cause = "the server refused the same request"
)

// Deferral postpones a token request. Nothing was sent, and nothing failed.
type Deferral struct {
	Cause Cause
	// Until is when to try again, unless the ClientCredential is requeued earlier.
	Until time.Time
	// Problem is the problem that Shown may return.
	Problem *problem.Problem
	// BusySince is when the request began to wait for a busy host; zero for other causes.
	BusySince time.Time
}

// Busy defers a request that has been waiting for a busy host since the given time.
func Busy(server string, since, until time.Time) *Deferral {
	return &Deferral{Cause: HostBusy, Until: until, BusySince: since, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointBusy,
		"there is no valid token, and too many other requests to the host of %s or from this namespace are in flight; the token is requested as soon as one of them ends", server)}
}

// Throttled defers a request that waits behind other requests for a rate limit.
func Throttled(server string, requests int, per time.Duration, until time.Time) *Deferral {
	return &Deferral{Cause: RateLimited, Until: until, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"there is no valid token yet: authorizationServer.rateLimit of %s is %d per %s, and other requests come first", server, requests, per)}
}

// Paused defers a request because the server asked this client to pause until end. until may be later than
// end, to spread the requests.
func Paused(in Input, server string, end, until time.Time) *Deferral {
	return &Deferral{Cause: ServerPaused, Until: until, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"%s, and %s asked this client to wait until %s (Retry-After)", in.awaited(), server, end.UTC().Format(time.RFC3339))}
}

// Down defers a request to a server that is down, until another request succeeds. reason is the reason of
// the last failure.
func Down(in Input, server, reason string, until time.Time) *Deferral {
	return &Deferral{Cause: ServerDown, Until: until, Problem: problem.Retry(problem.Unavailable, reason,
		"%s: the latest requests to %s failed, so a single request tests it every few seconds; the token is requested as soon as one succeeds", in.awaited(), server)}
}

// TooMany defers a request because the ClientCredential recently sent too many requests.
func TooMany(in Input, until time.Time) *Deferral {
	return &Deferral{Cause: TooManyRequests, Until: until, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"%s, and edits or requests to renew led to %d token requests in a row: the next one is sent at %s",
		in.awaited(), requestsAtOnce, until.UTC().Format(time.RFC3339))}
}

// StillRefused defers a request to the retry time of a failure that an edit did not fix.
func StillRefused(failure *v1alpha1.FailureStatus) *Deferral {
	return &Deferral{Cause: RefusedBefore, Until: failure.RetryAt.Time, Problem: problem.Recorded(failure)}
}

// Shown returns the problem that the status shows during the wait; now describes the current target. It
// returns nil while there is a valid token. It also returns nil while the last failure applies, because the
// failure says more than the wait. RefusedBefore is always shown. ServerPaused, ServerDown and
// TooManyRequests are also shown while a requested renewal waits.
func (d *Deferral) Shown(now Input) *problem.Problem {
	failure := now.Last.Failure
	switch {
	case d.Cause == RefusedBefore:
	case (d.Cause == ServerPaused || d.Cause == ServerDown || d.Cause == TooManyRequests) && now.IsRenewRequested():
	case now.Valid(), failure != nil && !now.ChangedSince(failure):
		return nil
	}
	return d.Problem
}

// awaited describes, for a message, what the user is waiting for.
func (in Input) awaited() string {
	if in.Valid() {
		return "the requested renewal is not done yet"
	}
	return "there is no valid token"
}

// KeepWaiting returns the decision to keep waiting for a token while the target holds no valid token.
func KeepWaiting(in Input) Decision {
	decision := Decision{Action: Wait, Why: "waiting for a token"}
	if token := in.Token(); token == nil || in.Now.Before(token.ExpiresAt) {
		decision.Problem = problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenMissing,
			"Secret %q holds no valid token for this spec: the operator is verifying or requesting one", in.TargetName)
	}
	return decision
}
