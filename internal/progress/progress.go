// Package progress detects that the reconciles of the operator are stuck.
package progress

import (
	"fmt"
	"sync"
	"time"
)

// patience is how long reconciles may run until at least one must end. A reconcile that keeps its timeouts
// takes less time.
const patience = 5 * time.Minute

// Progress reports whether the reconciles of a controller end. A single stuck reconcile is no reason to
// restart the operator, because other reconciles still end, and because a tenant may have caused the stuck
// reconcile.
type Progress struct {
	mutex   sync.Mutex
	running int
	// since is when a reconcile last ended, or when the first running reconcile began, if that is later.
	since time.Time
}

// Begin records the begin of a reconcile.
func (p *Progress) Begin(now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.running == 0 {
		p.since = now
	}
	p.running++
}

// End records the end of a reconcile.
func (p *Progress) End(now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.running--
	p.since = now
}

// Check returns an error if reconciles run and none has ended for 5 minutes. An operator
// with nothing to do, such as a standby, is healthy.
func (p *Progress) Check(now time.Time) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if stuck := now.Sub(p.since); p.running > 0 && stuck >= patience {
		return fmt.Errorf("%d reconciles run, and none has ended for %s", p.running, stuck.Round(time.Second))
	}
	return nil
}
