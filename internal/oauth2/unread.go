package oauth2

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Unread is a value that should state the lifetime of a token but cannot be read.
type Unread struct {
	// Field is the field of the declaration that points to the value.
	Field LifetimeSource
	At    Location
	// Kind describes the value without showing it, such as "a string of 7 characters".
	Kind string
}

// These kinds of values have their own remedies.
const (
	// passedWithoutZone is a date without a zone that has passed in UTC: the server's zone
	// is west of UTC, or the token has expired.
	passedWithoutZone = "a date without a zone that has passed in UTC"
	passedLongAgo     = "a date that passed more than a day ago"
	farAhead          = "a date more than 10 years ahead"
	anObject          = "an object"
	aList             = "a list"
)

// kindOf describes a value without showing it.
func kindOf(value any) string {
	switch value := value.(type) {
	case string:
		return fmt.Sprintf("a string of %d characters", utf8.RuneCountInString(value))
	case json.Number:
		return fmt.Sprintf("a number of %d characters", len(value))
	case bool:
		return "a boolean"
	case []any:
		return aList
	}
	return anObject
}

// isBlank reports whether a value is null or a blank text.
func isBlank(value any) bool {
	s, isText := value.(string)
	return value == nil || (isText && strings.TrimSpace(s) == "")
}

// maxAssumed caps the assumed lifetime of a token whose response has a lifetime that cannot be
// read. That lifetime may be shorter than the default.
const maxAssumed = time.Hour

// assume returns the lifetime that is assumed for a token whose response has no lifetime that can
// be read.
func assume(server v1alpha1.AuthorizationServerSpec, unread []Unread) (time.Duration, LifetimeSource) {
	if len(unread) > 0 && server.DefaultTokenLifetime.Duration > maxAssumed {
		return maxAssumed, LifetimeFromCaution
	}
	return server.DefaultTokenLifetime.Duration, LifetimeFromDefault
}

// Notice returns a notice that a lifetime was assumed, or that a value could not be read. It
// returns nil if neither happened.
func (l Lifetime) Notice() *Notice {
	switch {
	case len(l.Unread) > 0:
		return &Notice{Reason: v1alpha1.ReasonLifetimeUnreadable, Message: l.unreadMessage()}
	case l.IsAssumed():
		return &Notice{Reason: v1alpha1.EventLifetimeAssumed, Message: fmt.Sprintf(
			"the token response names no lifetime: %s is assumed; set authorizationServer.response.expiresIn or expiresAt to its location, or authorizationServer.defaultTokenLifetime to the lifetime of tokens",
			l.Assumed)}
	}
	return nil
}

func (l Lifetime) unreadMessage() string {
	var found, fields []string
	for _, unread := range l.Unread {
		found = append(found, fmt.Sprintf("%s at %q (%s)", unread.Kind, unread.At.String(), unread.Field.display()))
		fields = append(fields, unread.Field.display())
	}
	instead := fmt.Sprintf("%s is used instead", l.Source.display())
	if l.IsAssumed() {
		instead = l.Assumed.String() + " is assumed"
	}
	remedy := l.Unread[len(l.Unread)-1].remedy()
	return fmt.Sprintf("the token response has %s, which cannot be read as a lifetime: %s%s. If there is no lifetime, set %s to [] and authorizationServer.defaultTokenLifetime to the lifetime of tokens",
		strings.Join(found, " and "), instead, remedy, strings.Join(fields, " and "))
}

// remedy says how to make the value readable, after a semicolon. It is empty if that is not
// possible.
func (u Unread) remedy() string {
	switch {
	case u.Kind == passedWithoutZone:
		return "; set authorizationServer.response.expiresAtZone to the zone of the server, such as -08:00"
	case u.Kind == passedLongAgo:
		return "; check the clock of the server"
	case u.Kind == farAhead:
		return ""
	case u.Kind == anObject, u.Kind == aList:
		return "; point to a value inside it"
	case u.Field == LifetimeFromExpiresAt && strings.HasPrefix(u.Kind, "a number"):
		return "; point authorizationServer.response.expiresIn to it if it is a lifetime"
	case u.Field == LifetimeFromExpiresAt:
		return "; set authorizationServer.response.expiresAtLayout to the layout of the date, such as MM/DD/YYYY hh:mm:ss A"
	}
	return "; point it to a lifetime, or point authorizationServer.response.expiresAt to the time of expiry"
}
