package oauth2

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// maxLifetime caps what a server claims, so that arithmetic on it is safe.
const maxLifetime = 10 * 365 * 24 * time.Hour

// LifetimeSource is what told how long a token lives: the field of the
// declaration by which it was found, or the claim exp.
type LifetimeSource string

const (
	LifetimeFromExpiresIn LifetimeSource = "response.expiresIn"
	LifetimeFromExpiresAt LifetimeSource = "response.expiresAt"
	LifetimeFromClaim     LifetimeSource = "claim exp of the JWT"
	LifetimeFromDefault   LifetimeSource = "defaultTokenLifetime"
	// LifetimeFromCaution is the cap for a lifetime that is there but cannot be read.
	LifetimeFromCaution LifetimeSource = "the maximum while a lifetime cannot be read"
)

// display names the source in a message: a field by its whole path.
func (s LifetimeSource) display() string {
	if s == LifetimeFromExpiresIn || s == LifetimeFromExpiresAt {
		return "authorizationServer." + string(s)
	}
	return "the " + string(s)
}

// Lifetime tells how it is known when a token expires.
type Lifetime struct {
	Source LifetimeSource
	// At is nil where the response itself names no lifetime.
	At *Place
	// Assumed is the lifetime that is assumed; 0 when something told.
	Assumed time.Duration
	// IsCautious is true for a date without a zone that counts as no later than the default
	// lifetime.
	IsCautious bool
	// Unread are the values that should have told and cannot be read.
	Unread []Unread
	// HasClaim is true for a JWT that says itself when it expires: the token is never
	// believed to live longer.
	HasClaim bool
}

// IsAssumed reports whether nothing that can be read tells the lifetime.
func (l Lifetime) IsAssumed() bool { return l.Assumed != 0 }

// ExpirySource says whether the server states the expiry for certain. It is empty for a token
// that comes from its Secret.
func (l Lifetime) ExpirySource() v1alpha1.ExpirySource {
	switch {
	case l.Source == "":
		return ""
	case l.IsAssumed(), l.IsCautious:
		return v1alpha1.ExpiryAssumed
	}
	return v1alpha1.ExpiryFromServer
}

// IsUnreadable reports whether the lifetime is assumed although the response has a
// value for it.
func (l Lifetime) IsUnreadable() bool { return l.IsAssumed() && len(l.Unread) > 0 }

// expiries are what a response and its token say about the expiry.
type expiries struct {
	// relative, absolute and claim are nil where there is none.
	relative, absolute, claim *expiry
	unread                    []Unread
}

type expiry struct {
	at     time.Time
	source LifetimeSource
	place  *Place
	// isCautious is true if at is earlier than what the server told.
	isCautious bool
}

// maxCached is how long after its expiry a cache may still return a token.
const maxCached = 24 * time.Hour

// expiryOf finds out when a token expires: at the earliest of the relative and the
// absolute value of the response and the claim exp of a JWT, else after the default
// lifetime. A lifetime is anchored at the start of the request, which is never later
// than the issue.
func expiryOf(server v1alpha1.AuthorizationServerSpec, document any, token string, response Response) (time.Time, Lifetime) {
	told := expiriesIn(server, document, token, response)
	earliest := told.earliest()
	lifetime := Lifetime{Unread: told.unread, HasClaim: told.claim != nil}
	if earliest == nil {
		lifetime.Assumed, lifetime.Source = assume(server, told.unread)
		earliest = &expiry{at: response.StartedAt.Add(lifetime.Assumed)}
	} else {
		lifetime.Source, lifetime.At, lifetime.IsCautious = earliest.source, earliest.place, earliest.isCautious
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
		told.absolute.isCautious = told.absolute.at.Equal(cautious(server, response))
	}
	if told.relative != nil && told.absolute != nil && response.ReceivedAt.Sub(told.absolute.at) > maxCached {
		// No cache, but a clock that runs far behind: the server says that the token lives. The
		// claim of a JWT counts all the same, because the API looks at it too.
		told.unread = append(told.unread, Unread{Field: LifetimeFromExpiresAt, At: *told.absolute.place, Kind: passedLongAgo})
		told.absolute = nil
	}
	if at, ok := jwtExpiry(token); ok {
		told.claim = &expiry{at: at, source: LifetimeFromClaim}
	}
	return told
}

// firstExpiry returns the first value that read takes, and otherwise what it does not
// take, of which read returns the kind.
func firstExpiry(document any, pointers []v1alpha1.JSONPointer, source LifetimeSource, read func(any) (time.Time, string)) (*expiry, []Unread) {
	var unread []Unread
	for _, pointer := range pointers {
		value, found := resolve(document, pointer)
		if !found || isBlank(value) {
			continue
		}
		at, kind := read(value)
		if kind == "" {
			return &expiry{at: at, source: source, place: &Place{Pointer: pointer}}, nil
		}
		unread = append(unread, Unread{Field: source, At: Place{Pointer: pointer}, Kind: kind})
	}
	return nil, unread
}

// isInstant reports whether a value cannot be a lifetime: as one it would be decades
// long, and as an instant, in whatever notation, it lies within a few years.
func isInstant(value any, lifetime time.Duration, now time.Time) bool {
	const minLifetime = 1e9 * time.Second
	if lifetime < min(minLifetime, maxLifetime) {
		return false
	}
	text, _ := scalar(value)
	// Some write a unit behind it.
	text = strings.TrimRight(strings.ToLower(text), " abcdefghijklmnopqrstuvwxyz")
	at, _, ok := instantOf(text, "", "")
	return ok && at.Sub(now).Abs() < maxLifetime
}

// minExpiry is a bound: an earlier date is no expiry of a token.
var minExpiry = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// absoluteExpiry reads an instant, or returns what kind of value it cannot read.
// Without a zone it may be meant as local time somewhere: then it counts as no later
// than the default lifetime, so that no dead token seems alive.
func absoluteExpiry(value any, server v1alpha1.AuthorizationServerSpec, response Response) (time.Time, string) {
	zone := server.Response.ExpiresAtZone
	at, zoned, ok := instantOf(value, server.Response.ExpiresAtLayout, zone)
	isCertain := zoned || zone != ""
	switch latest := cautious(server, response); {
	case !ok, at.Unix() > 0 && at.Before(minExpiry):
		// A lifetime perhaps, or a count since another year.
		return at, kindOf(value)
	case !isCertain && at.After(latest):
		return latest, ""
	case !isCertain && !at.After(response.ReceivedAt):
		return at, passedWithoutZone
	case !at.Before(response.StartedAt.Add(maxLifetime)):
		// Misunderstood, or meant as "never".
		return at, farAhead
	}
	return at, ""
}

// cautious is the latest expiry by a date whose zone is not known.
func cautious(server v1alpha1.AuthorizationServerSpec, response Response) time.Time {
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
func durationOf(seconds float64, limit time.Duration) time.Duration {
	switch {
	case seconds <= 0:
		return 0
	case seconds >= limit.Seconds():
		return limit
	}
	return time.Duration(seconds * float64(time.Second))
}
