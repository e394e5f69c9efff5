package metrics

import (
	"time"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// TokenRequested counts a token request of a namespace to a URL, with its result. It does not count a
// request that the operator refused to send.
func (m *Metrics) TokenRequested(namespace, url string, took time.Duration, err error) {
	if oauth2.IsUnsent(err) {
		return
	}
	server := m.servers.name(namespace, url)
	m.requests.WithLabelValues(server, Result(err)).Inc()
	m.duration.WithLabelValues(server).Observe(took.Seconds())
}

// Result returns "success" if err is nil, and otherwise the reason of the failure.
func Result(err error) string {
	if err == nil {
		return "success"
	}
	if failure := problem.Of(err); failure != nil {
		return known(failure.Reason)
	}
	return other
}

// Waited records how long a token request of a namespace to a URL waited for its turn.
func (m *Metrics) Waited(namespace, url string, wait time.Duration) {
	m.waits.WithLabelValues(m.servers.name(namespace, url)).Observe(wait.Seconds())
}

// Renewed records that a new token replaces the token with the given times.
func (m *Metrics) Renewed(issuedAt, expiresAt, now time.Time) {
	left := 0.0
	if now.Before(expiresAt) && issuedAt.Before(expiresAt) {
		left = min(1, float64(expiresAt.Sub(now))/float64(expiresAt.Sub(issuedAt)))
	}
	m.lifetimeLeft.Observe(left)
}
