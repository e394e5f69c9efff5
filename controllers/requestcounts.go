package controllers

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/internal/renewal"
)

// requestCounts counts the token requests of ClientCredentials by name, so that a ClientCredential cannot
// send more requests by being deleted and created again.
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

// requestsSweep is how often expired counts are dropped.
const requestsSweep = time.Minute

func (c *requestCounts) add(name types.NamespacedName, now time.Time) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if now.Sub(c.sweptAt).Abs() > requestsSweep {
		maps.DeleteFunc(c.counts, func(_ types.NamespacedName, r renewal.Requests) bool { return r.AreOver(now) })
		c.sweptAt = now
	}
	c.counts[name] = c.counts[name].Another(now)
}
