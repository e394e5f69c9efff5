package oauth2

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// maxLifetime caps the lifetime that a server claims, so that arithmetic with it is safe.
const maxLifetime = 10 * 365 * 24 * time.Hour

// LifetimeSource is the source of the lifetime of a token: a field of the declaration, or the claim
// exp.
type LifetimeSource string

const (
	LifetimeFromExpiresIn LifetimeSource = "response.expiresIn"
	LifetimeFromExpiresAt LifetimeSource = "response.expiresAt"
	LifetimeFromClaim     LifetimeSource = "claim exp of the JWT"
	LifetimeFromDefault   LifetimeSource = "defaultTokenLifetime"
	// LifetimeFromCaution is the cap for a token whose response has a lifetime that cannot be read.
	LifetimeFromCaution LifetimeSource = "the maximum for a lifetime that cannot be read"
)

// display returns the source for a message: a field with its full path.
func (s LifetimeSource) display() string {
	if s == LifetimeFromExpiresIn || s == LifetimeFromExpiresAt {
		return "authorizationServer." + string(s)
	}
	return "the " + string(s)
}

// Lifetime describes how the expiry of a token was determined.
type Lifetime struct {
	Source LifetimeSource
	// At is nil if the response itself has no lifetime.
	At *Location
	// Assumed is the assumed lifetime; 0 if the lifetime is known.
	Assumed time.Duration
	// IsCautious is true if the expiry is a date without a zone that is capped at the default
	// lifetime.
	IsCautious bool
	// Unread are the values that should state the lifetime but cannot be read.
	Unread []Unread
	// HasClaim is true for a JWT with the claim exp. The expiry is never later than that claim.
	HasClaim bool
}

// IsAssumed reports whether the lifetime is assumed, because no value that can be read states it.
func (l Lifetime) IsAssumed() bool { return l.Assumed != 0 }

// ExpirySource returns whether the server states the expiry or the operator assumes it. It is empty
// for a token that was read from its Secret.
func (l Lifetime) ExpirySource() v1alpha1.ExpirySource {
	switch {
	case l.Source == "":
		return ""
	case l.IsAssumed(), l.IsCautious:
		return v1alpha1.ExpiryAssumed
	}
	return v1alpha1.ExpiryFromServer
}

// IsUnreadable reports whether the lifetime is assumed although the response has a value for it.
func (l Lifetime) IsUnreadable() bool { return l.IsAssumed() && len(l.Unread) > 0 }

// expiries are the times of expiry that a response and its token state.
type expiries struct {
	// relative, absolute and claim are nil if the response does not state them.
	relative, absolute, claim *expiry
	unread                    []Unread
}

type expiry struct {
	at       time.Time
	source   LifetimeSource
	location *Location
	// isCautious is true if at is earlier than the expiry that the server stated.
	isCautious bool
}

// maxCached bounds how long after its expiry a server's cache may still return a token.
const maxCached = 24 * time.Hour

// expiryOf returns the time when a token expires. That is the earliest of the relative value of the
// response, the absolute value of the response, and the claim exp of a JWT. Without any of them,
// the default lifetime applies. A lifetime starts at the start of the request, which is never later
// than the issue of the token.
func expiryOf(server v1alpha1.AuthorizationServerSpec, document any, token string, response Response) (time.Time, Lifetime) {
	told := expiriesIn(server, document, token, response)
	earliest := told.earliest()
	lifetime := Lifetime{Unread: told.unread, HasClaim: told.claim != nil}
	if earliest == nil {
		lifetime.Assumed, lifetime.Source = assume(server, told.unread)
		earliest = &expiry{at: response.StartedAt.Add(lifetime.Assumed)}
	} else {
		lifetime.Source, lifetime.At, lifetime.IsCautious = earliest.source, earliest.location, earliest.isCautious
	}
	if latest := response.StartedAt.Add(maxLifetime); earliest.at.After(latest) {
		earliest.at = latest
	}
	return earliest.at.Truncate(time.Second), lifetime
}

func (e expiries) earliest() (earliest *expiry) {
	for _, told := range []*expiry{e.relative, e.absolute, e.claim} {
		if told != nil && (earliest == nil || told.at.Before(earliest.at)) {
			earliest = told
		}
	}
	return earliest
}

func expiriesIn(server v1alpha1.AuthorizationServerSpec, document any, token string, response Response) (told expiries) {
	var unread []Unread
	told.relative, told.unread = firstExpiry(document, server.Response.ExpiresIn, LifetimeFromExpiresIn, func(value any) (time.Time, string) {
		lifetime, ok := lifetimeOf(value, server.Response.ExpiresInUnit)
		if !ok || isInstant(value, lifetime, response.StartedAt) {
			return time.Time{}, kindOf(value)
		}
		return response.StartedAt.Add(lifetime), ""
	})
	told.absolute, unread = firstExpiry(document, server.Response.ExpiresAt, LifetimeFromExpiresAt, func(value any) (time.Time, string) {
		return absoluteExpiry(value, server, response)
	})
	told.unread = append(told.unread, unread...)
	if told.absolute != nil {
		told.absolute.isCautious = told.absolute.at.Equal(maxExpiryWithoutZone(server, response))
	}
	if told.relative != nil && told.absolute != nil && response.ReceivedAt.Sub(told.absolute.at) > maxCached {
		// The cause is not a cache but a clock that is far behind: the server says that the token is
		// still valid. The claim of a JWT counts nevertheless, because the API checks it too.
		told.unread = append(told.unread, Unread{Field: LifetimeFromExpiresAt, At: *told.absolute.location, Kind: passedLongAgo})
		told.absolute = nil
	}
	if at, ok := jwtExpiry(token); ok {
		told.claim = &expiry{at: at, source: LifetimeFromClaim}
	}
	return told
}

// firstExpiry returns the first value that read accepts. If there is none, it returns the values
// that read rejected, each with the kind that read returned.
func firstExpiry(document any, pointers []v1alpha1.JSONPointer, source LifetimeSource, read func(any) (time.Time, string)) (*expiry, []Unread) {
	var unread []Unread
	for _, pointer := range pointers {
		value, found := resolve(document, pointer)
		if !found || isBlank(value) {
			continue
		}
		at, kind := read(value)
		if kind == "" {
			return &expiry{at: at, source: source, location: &Location{Pointer: pointer}}, nil
		}
		unread = append(unread, Unread{Field: source, At: Location{Pointer: pointer}, Kind: kind})
	}
	return nil, unread
}

// isInstant reports whether a value is an instant rather than a lifetime. As a lifetime, it would
// be decades long; as an instant, in any notation, it is at most 10 years from now.
func isInstant(value any, lifetime time.Duration, now time.Time) bool {
	const minLifetime = 1e9 * time.Second
	if lifetime < min(minLifetime, maxLifetime) {
		return false
	}
	text, _ := scalar(value)
	// Some servers write a unit after the number.
	text = strings.TrimRight(strings.ToLower(text), " abcdefghijklmnopqrstuvwxyz")
	at, _, ok := instantOf(text, "", "")
	return ok && at.Sub(now).Abs() < maxLifetime
}

// minExpiry is the earliest date that can be the expiry of a token.
var minExpiry = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// absoluteExpiry reads an instant, or returns the kind of a value that it cannot read. A date
// without a zone may be local time in any zone. It is capped at the default lifetime, so that an
// expired token never seems valid.
func absoluteExpiry(value any, server v1alpha1.AuthorizationServerSpec, response Response) (time.Time, string) {
	zone := server.Response.ExpiresAtZone
	at, zoned, ok := instantOf(value, server.Response.ExpiresAtLayout, zone)
	isCertain := zoned || zone != ""
	switch latest := maxExpiryWithoutZone(server, response); {
	case !ok, at.Unix() > 0 && at.Before(minExpiry):
		// The value may be a lifetime, or a count from an epoch other than 1970.
		return at, kindOf(value)
	case !isCertain && at.After(latest):
		return latest, ""
	case !isCertain && !at.After(response.ReceivedAt):
		return at, passedWithoutZone
	case !at.Before(response.StartedAt.Add(maxLifetime)):
		// The value was misread, or it means "never".
		return at, farAhead
	}
	return at, ""
}

// maxExpiryWithoutZone returns the cap for an expiry whose zone is not known.
func maxExpiryWithoutZone(server v1alpha1.AuthorizationServerSpec, response Response) time.Time {
	return response.StartedAt.Add(server.DefaultTokenLifetime.Duration)
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

// parseNumber accepts only decimal notation. A number that is too large becomes infinite.
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

// durationOf converts seconds to a duration between 0 and limit.
func durationOf(seconds float64, limit time.Duration) time.Duration {
	switch {
	case seconds <= 0:
		return 0
	case seconds >= limit.Seconds():
		return limit
	}
	return time.Duration(seconds * float64(time.Second))
}
