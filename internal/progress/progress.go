// Package progress tells an operator whose reconciles end from one that is stuck.
package progress

import (
	"fmt"
	"sync"
	"time"
)

// patience is how long reconciles may run without one of them ending. A reconcile
// that works within its bounds takes less.
const patience = 5 * time.Minute

// Progress reports whether the reconciles of a controller end. A single one that does not end is no reason to
// restart the operator: other reconciles do end meanwhile, and a tenant may have caused it.
type Progress struct {
	mutex   sync.Mutex
	running int
	// since is when the last reconcile ended, or when the first of those that run began.
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
