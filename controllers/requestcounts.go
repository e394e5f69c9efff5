package controllers

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/internal/renewal"
)

// requestCounts counts the token requests of ClientCredentials by name, so that deleting and recreating a
// ClientCredential does not permit more requests.
type requestCounts struct {
	mutex   sync.Mutex
	counts  map[types.NamespacedName]renewal.Requests
	sweptAt time.Time
}

func newRequestCounts() *requestCounts {
	return &requestCounts{counts: map[types.NamespacedName]renewal.Requests{}}
}

// nextAt returns when a ClientCredential may send the next token request; zero for now.
func (c *requestCounts) nextAt(name types.NamespacedName, now time.Time) time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.counts[name].NextAt(now)
}

// sweepInterval is how often expired counts are dropped.
const sweepInterval = time.Minute

func (c *requestCounts) add(name types.NamespacedName, now time.Time) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if now.Sub(c.sweptAt).Abs() > sweepInterval {
		maps.DeleteFunc(c.counts, func(_ types.NamespacedName, r renewal.Requests) bool { return r.IsExpired(now) })
		c.sweptAt = now
	}
	c.counts[name] = c.counts[name].Add(now)
}
