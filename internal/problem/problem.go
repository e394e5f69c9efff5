// Package problem describes failures to get a token for a ClientCredential.
package problem

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Class says whether a problem can resolve itself. It decides when the operator retries, and
// whether the ClientCredential is Stalled.
type Class = v1alpha1.FailureClass

const (
	// Unavailable means that the server cannot be reached, is overloaded, or fails.
	Unavailable Class = "Unavailable"
	// MayPass means that the server, or the API server, refused the request in a way that may
	// be temporary.
	MayPass Class = "MayPass"
	// CredentialsRefused means that the server refused the client's credentials. Servers lock
	// accounts after a few such requests.
	CredentialsRefused Class = "CredentialsRefused"
	// ObjectNotReady means that an object of the cluster, or a part of it, is missing. Another
	// controller may be about to create it.
	ObjectNotReady Class = "ObjectNotReady"
	// Invalid means that an object of the cluster must be changed.
	Invalid Class = "Invalid"
)

// Problem is a failure to get a token for a ClientCredential. It holds no credentials, no token and no
// response body, so it may be shown.
type Problem struct { //nolint:errname // A problem is mostly shown to users, not handled as a Go error.
	// Reason is a reason of a condition, or of an event.
	Reason string
	// Message says what happened, to which object, and what to do about it.
	Message string
	Class   Class
	// RetryAfter is the delay that the server asked for (RFC 9110 section 10.2.3); 0 if it asked
	// for none.
	RetryAfter time.Duration
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }

// Stalled returns a problem that lasts until a person changes an object of the cluster.
func Stalled(reason, format string, args ...any) *Problem {
	return Retry(Invalid, reason, format, args...)
}

// Retry returns a problem that the operator retries after the delays of its class.
func Retry(class Class, reason, format string, args ...any) *Problem {
	return &Problem{Reason: reason, Message: fmt.Sprintf(format, args...), Class: class}
}

// NotLabelled returns the problem of a Secret or ServiceAccount that lacks v1alpha1.UsageLabel.
func NotLabelled(reason, kind, name string) *Problem {
	return Retry(ObjectNotReady, reason,
		"%s %q does not carry the label that allows its use: run kubectl label %s %s %s=%s in its namespace",
		kind, name, strings.ToLower(kind), name, v1alpha1.UsageLabel, v1alpha1.UsageClientCredential)
}

// CredentialsNotFound returns the problem of a credentials Secret that does not exist. where says that it is
// missing, and where; remedy says how to add it. Both have a default.
func CredentialsNotFound(name, where, remedy string) *Problem {
	return Retry(ObjectNotReady, v1alpha1.ReasonCredentialsNotFound, "Secret %q %s: %s, or correct spec.credentialsRef.name",
		name, cmp.Or(where, "does not exist"), cmp.Or(remedy, "create it with the client ID and the client secret"))
}

// Shorten returns the first maxBytes of a text for a message, and marks the cut. It never splits a
// character.
func Shorten(text string, maxBytes int) string {
	if len(text) <= maxBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxBytes], "") + "..."
}

// Recorded returns the problem that a status records.
func Recorded(failure *v1alpha1.FailureStatus) *Problem {
	return &Problem{Reason: failure.Reason, Message: failure.Message, Class: failure.Class}
}

// Of returns the problem in the chain of an error; nil if there is none.
func Of(err error) *Problem {
	var found *Problem
	if !errors.As(err, &found) {
		return nil
	}
	return found
}

// WithClass returns a copy of the problem with another class.
func (p *Problem) WithClass(class Class) *Problem {
	changed := *p
	changed.Class = class
	return &changed
}
