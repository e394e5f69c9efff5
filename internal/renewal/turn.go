package renewal

import (
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// Busy is the decision to wait in line for a request to a server.
func Busy(server string) Decision {
	return Decision{Action: Wait, Why: "busy", Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointBusy,
		"there is no valid token, and too many other requests to the host of %s, or of this namespace, are under way; the token is requested as soon as one of them ends", server)}
}

// AwaitTurn is the decision to wait for others under a rate limit.
func AwaitTurn(server string, requests int, per time.Duration) Decision {
	return Decision{Action: Wait, Why: "awaiting its turn", Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"there is no valid token yet: authorizationServer.rateLimit allows %d requests to %s in %s, and others come first", requests, server, per)}
}

// Paused is the decision to wait until the pause ends that the server asked this client for.
func Paused(in Input, server string, until time.Time) Decision {
	return Decision{Action: Wait, Why: "paused", Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"%s, and %s asked this client to wait until %s (Retry-After)", in.awaited(), server, until.UTC().Format(time.RFC3339))}
}

// TooMany is the decision to wait because the ClientCredential sent many token requests of late.
func TooMany(in Input, until time.Time) Decision {
	return Decision{Action: Wait, Why: "too many token requests", Problem: problem.Retry(problem.Unavailable, v1alpha1.ReasonRateLimited,
		"%s, and edits or requests to renew led to %d token requests in a row: the next one is sent at %s",
		in.awaited(), requestsAtOnce, until.UTC().Format(time.RFC3339))}
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

// StillRefused is the decision to wait for the retry after a failure that an edit did not
// fix.
func StillRefused(failure *v1alpha1.FailureStatus) Decision {
	return Decision{Action: Wait, Why: "the credentials are those that the server refused",
		Problem: problem.Recorded(failure)}
}
