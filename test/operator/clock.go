package operator

import (
	"sync"
	"time"

	testingclock "k8s.io/utils/clock/testing"
)

// WallClock is a fake clock that can jump: Now changes and timers do not. This happens when a machine
// has slept, or when its clock is set.
type WallClock struct {
	// FakeClock is the monotonic clock that timers use.
	*testingclock.FakeClock

	mutex sync.Mutex
	ahead time.Duration
}

// NewWallClock returns a clock that shows the given time.
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

// Jump moves the time that Now shows, forward or back.
func (c *WallClock) Jump(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += by
}
