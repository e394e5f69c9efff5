package metrics

import (
	"errors"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// TokenRequested counts a token request to a URL, and why it failed if it did. What
// the operator itself refused to send is not counted.
func (m *Metrics) TokenRequested(url string, took time.Duration, err error) {
	if neverSent(err) {
		return
	}
	server := m.servers.name(url)
	m.requests.WithLabelValues(server, Result(err)).Inc()
	m.duration.WithLabelValues(server).Observe(took.Seconds())
}

// Result is success for no error, else the reason of the failure.
func Result(err error) string {
	var failure *oauth2.Error
	switch {
	case err == nil:
		return "success"
	case errors.As(err, &failure):
		return known(failure.Reason)
	}
	return other
}

// neverSent tells of a failure that the operator found before it turned to the server.
func neverSent(err error) bool {
	var failure *oauth2.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Reason {
	case v1alpha1.ReasonTokenEndpointMissing, v1alpha1.ReasonTokenEndpointInsecure, v1alpha1.ReasonAddressDenied:
		return true
	}
	return false
}

// Waited tells how long the token request to a URL that goes out now had to wait
// for its turn.
func (m *Metrics) Waited(url string, wait time.Duration) {
	m.waits.WithLabelValues(m.servers.name(url)).Observe(wait.Seconds())
}

// Renewed tells that a new token takes the place of one that was issued at one
// instant and expires at another.
func (m *Metrics) Renewed(issuedAt, expiresAt, now time.Time) {
	left := 0.0
	if now.Before(expiresAt) && issuedAt.Before(expiresAt) {
		left = min(1, float64(expiresAt.Sub(now))/float64(expiresAt.Sub(issuedAt)))
	}
	m.lifetimeLeft.Observe(left)
}
