package oauth2

import (
	"fmt"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// expired returns the error for a token that has already expired on arrival. A cache or a clock may
// be the cause, so the problem may resolve itself.
func expired(endpoint string, response Response, expiresAt time.Time, lifetime Lifetime) *Error {
	return newError(response, problem.Unavailable, v1alpha1.ReasonTokenExpired,
		"token endpoint %s issued a token that has expired already: %s", endpoint, whyExpired(response, expiresAt, lifetime))
}

func whyExpired(response Response, expiresAt time.Time, lifetime Lifetime) string {
	ago := response.ReceivedAt.Sub(expiresAt).Round(time.Second)
	const clocks = "compare the clocks of the server and of the operator's nodes"
	switch {
	case lifetime.Source == LifetimeFromClaim:
		return fmt.Sprintf("by its claim exp, it expired %s; look for a cache in front of the server, and %s", before(ago, expiresAt), clocks)
	case lifetime.At == nil:
		return fmt.Sprintf("the response took longer than the assumed lifetime; set authorizationServer.defaultTokenLifetime to more than %s", ago)
	case lifetime.Source == LifetimeFromExpiresIn && expiresAt.After(response.StartedAt.Truncate(time.Second)):
		return fmt.Sprintf("its lifetime is %s by %q (authorizationServer.response.expiresIn), and the response took longer; correct authorizationServer.response.expiresIn or expiresInUnit, or have longer-lived tokens issued",
			expiresAt.Sub(response.StartedAt.Truncate(time.Second)), lifetime.At)
	case lifetime.Source == LifetimeFromExpiresIn, expiresAt.Unix() <= 0:
		return fmt.Sprintf("its value at %q means a lifetime of 0 or less; if the token never expires, set authorizationServer.%s to [] and authorizationServer.defaultTokenLifetime to the lifetime to assume",
			lifetime.At, lifetime.Source)
	}
	return fmt.Sprintf("by %q (authorizationServer.response.expiresAt), it expired %s; look for a cache in front of the server, check authorizationServer.response.expiresAt and expiresAtZone, and %s. If the server's clock cannot be set right, set authorizationServer.response.expiresAt to []", lifetime.At, before(ago, expiresAt), clocks)
}

// before returns how long before its arrival a token expired, or the time of expiry if that was
// long ago.
func before(ago time.Duration, expiresAt time.Time) string {
	const long = 48 * time.Hour
	if ago > long {
		return "at " + expiresAt.UTC().Format(time.RFC3339)
	}
	return ago.String() + " before it arrived"
}
