package renewal

import (
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// Cause says why a token request is deferred.
type Cause string

const (
	// HostBusy means that too many requests to the host, or of the namespace, are in flight.
	HostBusy Cause = "host busy"
	// RateLimited means that the rate limit of the server lets other requests go first.
	RateLimited Cause = "rate limited"
	// ServerPaused means that the server asked this client to wait.
	ServerPaused Cause = "paused"
	// ServerDown means that the server fails for all, and another request probes it.
	ServerDown Cause = "server down"
	// TooManyRequests means that the ClientCredential sent too many token requests lately.
	TooManyRequests Cause = "too many token requests"
	// RefusedBefore means that the server refused the same request, whose backoff is not over.
	RefusedBefore Cause = "the credentials are those that the server refused"
)

// Deferral says that a token request is sent later. Nothing was sent, and nothing failed.
type Deferral struct {
	Cause Cause
	// Until is when the request is tried again, if the ClientCredential is not woken before.
	Until time.Time
	// Problem is what Shown may show.
	Problem *problem.Problem
	// BusySince is when the request began to wait for a busy host; zero for other causes.
	BusySince time.Time
}

// Busy defers a request to a server whose host is busy since an instant.
func Busy(server string, since, until time.Time) *Deferral {
	return &Deferral{Cause: HostBusy, Until: until, BusySince: since, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointBusy,
		"there is no valid token, and too many other requests to the host of %s, or of this namespace, are under way; the token is requested as soon as one of them ends", server)}
}

// AwaitTurn defers a request behind others under a rate limit.
func AwaitTurn(server string, requests int, per time.Duration, until time.Time) *Deferral {
	return &Deferral{Cause: RateLimited, Until: until, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"there is no valid token yet: authorizationServer.rateLimit allows %d requests to %s in %s, and others come first", requests, server, per)}
}

// Paused defers a request until the pause ends that the server asked this client for. until may be
// later: not all requests go at the same instant.
func Paused(in Input, server string, end, until time.Time) *Deferral {
	return &Deferral{Cause: ServerPaused, Until: until, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"%s, and %s asked this client to wait until %s (Retry-After)", in.awaited(), server, end.UTC().Format(time.RFC3339))}
}

// Down defers a request to a server that is down, until another request succeeds. The reason is that of
// the last failure.
func Down(in Input, server, reason string, until time.Time) *Deferral {
	return &Deferral{Cause: ServerDown, Until: until, Problem: problem.Retry(problem.Unavailable, reason,
		"%s: the latest requests to %s failed, so a single request tests it every few seconds; the token is requested as soon as one succeeds", in.awaited(), server)}
}

// TooMany defers a request because the ClientCredential sent many lately.
func TooMany(in Input, until time.Time) *Deferral {
	return &Deferral{Cause: TooManyRequests, Until: until, Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"%s, and edits or requests to renew led to %d token requests in a row: the next one is sent at %s",
		in.awaited(), requestsAtOnce, until.UTC().Format(time.RFC3339))}
}

// StillRefused defers a request until the retry after a failure that an edit did not fix.
func StillRefused(failure *v1alpha1.FailureStatus) *Deferral {
	return &Deferral{Cause: RefusedBefore, Until: failure.RetryAt.Time, Problem: problem.Recorded(failure)}
}

// Shown returns the problem that the status shows meanwhile, with the target as it is now. It is nil
// while there is a valid token, unless a renewal was requested. It is nil too while the last failure
// stands, which says more than a wait.
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

// awaited says what a wait keeps from the user.
func (in Input) awaited() string {
	if in.Valid() {
		return "the renewal that was requested is not done yet"
	}
	return "there is no valid token"
}

// Awaited is the decision to go on waiting for a token, at an instant at which the target
// holds no valid one.
func Awaited(in Input) Decision {
	decision := Decision{Action: Wait, Why: "a token is awaited"}
	if token := in.Token(); token == nil || in.Now.Before(token.ExpiresAt) {
		decision.Problem = problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenMissing,
			"Secret %q holds no valid token for this spec: the operator is verifying or requesting one", in.TargetName)
	}
	return decision
}
