package states_test

import (
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// reader makes the results of all test runs equal: times are relative to now, and names are the names
// in the documentation.
type reader struct {
	now   time.Time
	token *v1alpha1.TokenStatus
	names *strings.Replacer
}

func (w *world) reader(token *v1alpha1.TokenStatus) reader {
	return reader{
		now: w.clock.Now(), token: token,
		names: strings.NewReplacer("idp-"+w.namespace, "idp", w.namespace, "shop", w.server.URL, "https://idp.example.com"),
	}
}

var instants = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// cell returns a cell, which may be a time, a name or empty.
func (r reader) cell(text string) string {
	return r.names.Replace(instants.ReplaceAllStringFunc(text, r.fromNow))
}

// message returns a message with its times in brackets.
func (r reader) message(text string) string {
	return r.names.Replace(instants.ReplaceAllStringFunc(text, func(instant string) string { return "[" + r.fromNow(instant) + "]" }))
}

// fromNow returns a time relative to now.
func (r reader) fromNow(instant string) string {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return instant
	}
	about := ""
	if r.token != nil && at.Equal(r.token.RenewAt.Time) {
		if at.Before(r.now) {
			return "due"
		}
		at, about = r.planned(at)
	}
	// While a test waits, nudge moves the clock a little.
	switch from := at.Sub(r.now).Round(time.Second); {
	case from > 0:
		return "in " + about + duration.HumanDuration(from)
	case from < 0:
		return about + duration.HumanDuration(-from) + " ago"
	}
	return "now"
}

// planned returns the time of renewal without its random part. A renewal is due after two thirds of the
// lifetime, or up to a tenth of the lifetime earlier.
func (r reader) planned(renewAt time.Time) (at time.Time, about string) {
	lifetime := r.token.ExpiresAt.Sub(r.token.IssuedAt.Time)
	latest := r.token.IssuedAt.Add(lifetime * 67 / 100)
	if renewAt.After(latest) || renewAt.Before(latest.Add(-lifetime/10)) {
		return renewAt, ""
	}
	return r.token.IssuedAt.Add((lifetime * 2 / 3).Truncate(time.Minute)), "about "
}
