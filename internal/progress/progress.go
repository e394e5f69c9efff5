// Package progress detects an operator whose reconciles do not end.
package progress

import (
	"fmt"
	"sync"
	"time"
)

// patience is how long reconciles may run before one of them must end. A reconcile within its timeouts
// takes less.
const patience = 5 * time.Minute

// Progress reports whether the reconciles of a controller end. A single stuck reconcile is no reason to
// restart the operator: other reconciles still end, and a tenant may have caused it.
type Progress struct {
	mutex   sync.Mutex
	running int
	// since is when a reconcile last ended, or when the first running reconcile began, if that is later.
	since time.Time
}

// Begin counts a reconcile that begins.
func (p *Progress) Begin(now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.running == 0 {
		p.since = now
	}
	p.running++
}

// End counts a reconcile that ended.
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
