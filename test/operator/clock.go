package operator

import (
	"sync"
	"time"

	testingclock "k8s.io/utils/clock/testing"
)

// WallClock is a fake clock that can jump: Now changes, and timers do not, as if the
// machine had slept or its clock had been set.
type WallClock struct {
	// FakeClock is the monotonic clock, which timers go by.
	*testingclock.FakeClock

	mutex sync.Mutex
	ahead time.Duration
}

// NewWallClock makes a clock that shows an instant.
func NewWallClock(now time.Time) *WallClock {
	return &WallClock{FakeClock: testingclock.NewFakeClock(now)}
}

// Now implements clock.PassiveClock.
func (c *WallClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.FakeClock.Now().Add(c.ahead)
}

// Since implements clock.PassiveClock.
func (c *WallClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Jump changes what Now shows, forward or back.
func (c *WallClock) Jump(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += by
}
