package oauth2

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// longestLifetime caps what a server claims, so that arithmetic on it is safe.
const longestLifetime = 10 * 365 * 24 * time.Hour

// expiry finds out when a token expires. A lifetime is anchored at the start of
// the request, which is never later than the issue. assumed tells that nothing
// named a lifetime that can be read.
//
// Order: what the response says, the earlier of the relative and the absolute
// value; else the claim exp of a JWT; else the default.
func expiry(server v1alpha1.AuthorizationServerSpec, document any, token string, response Response) (expiresAt time.Time, assumed bool) {
	latest := response.StartedAt.Add(longestLifetime)
	relative, hasRelative := first(document, server.Response.ExpiresIn, func(value any) (time.Time, bool) {
		lifetime, ok := lifetimeOf(value, server.Response.ExpiresInUnit)
		return response.StartedAt.Add(lifetime), ok && !isInstant(value, response.StartedAt)
	})
	absolute, hasAbsolute := first(document, server.Response.ExpiresAt, func(value any) (time.Time, bool) {
		at, ok := absoluteExpiry(value, server, response)
		// What lies further ahead was written in a way that is misunderstood.
		return at, ok && at.Before(latest)
	})
	// A clock that runs far behind: the server says the token lives and has died.
	if hasRelative && hasAbsolute && !absolute.After(response.ReceivedAt) {
		hasAbsolute = false
	}
	switch {
	case hasRelative && hasAbsolute && absolute.Before(relative):
		expiresAt = absolute
	case hasRelative:
		expiresAt = relative
	case hasAbsolute:
		expiresAt = absolute
	default:
		var hasClaim bool
		if expiresAt, hasClaim = jwtExpiry(token); !hasClaim {
			expiresAt, assumed = response.StartedAt.Add(server.DefaultTokenLifetime.Duration), true
		}
	}
	if expiresAt.After(latest) {
		expiresAt = latest
	}
	return expiresAt.Truncate(time.Second), assumed
}

// isInstant tells of what cannot be a lifetime: as one it would be decades long,
// and as an instant it lies within a few years.
func isInstant(value any, now time.Time) bool {
	const leastSeconds = 1e9
	n, ok := number(value)
	at, _ := instant(value)
	return ok && n >= leastSeconds && at.Sub(now).Abs() < longestLifetime
}

// absoluteExpiry reads an instant. Without a zone it may be meant as local time
// somewhere: then it counts as no later than the default lifetime, so that no
// dead token seems alive.
func absoluteExpiry(value any, server v1alpha1.AuthorizationServerSpec, response Response) (time.Time, bool) {
	if at, ok := instant(value); ok {
		return at, true
	}
	zone := server.Response.ExpiresAtZone
	at, ok := localTime(value, zone)
	if !ok || zone != "" {
		return at, ok
	}
	if cautious := response.StartedAt.Add(server.DefaultTokenLifetime.Duration); at.After(cautious) {
		return cautious, true
	}
	// Past for UTC, so it is the time of somewhere in the west.
	return at, at.After(response.ReceivedAt)
}

// number accepts a JSON number or a text that holds one.
func number(value any) (float64, bool) {
	switch v := value.(type) {
	case json.Number:
		return parseNumber(v.String())
	case string:
		return parseNumber(strings.TrimSpace(v))
	}
	return 0, false
}

// parseNumber takes decimal notation only; a number too large is infinite.
func parseNumber(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// durationOf turns seconds into a duration between 0 and most.
func durationOf(seconds float64, most time.Duration) time.Duration {
	switch {
	case seconds <= 0:
		return 0
	case seconds >= most.Seconds():
		return most
	}
	return time.Duration(seconds * float64(time.Second))
}

// jwtExpiry reads the claim exp of a JWT (RFC 7519 section 4.1.4). The signature
// is the business of whoever accepts the token.
func jwtExpiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expiry json.Number `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Expiry == "" {
		return time.Time{}, false
	}
	return instant(claims.Expiry)
}
