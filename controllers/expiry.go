package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

// readyPatience is how long Ready may be True without a token in the Secret, while an
// attempt is under way to bring one back: it usually takes less, and then one status write
// is enough.
const readyPatience = time.Second

// watchExpiry keeps the status from saying Ready without a valid token while something is
// under way that may take half a minute: a server that hangs, or an API server. The returned
// function ends that. It must be called before anything else is reported.
func (r *Reconciler) watchExpiry(ctx context.Context, o *observed) (end func()) {
	if !meta.IsStatusConditionTrue(o.previous.Conditions, v1alpha1.ReadyCondition) {
		return func() {}
	}
	// What is under way goes on changing what was observed.
	before := *o
	tell := func() {
		r.report(ctx, &before, renewal.Decision{Action: renewal.Wait, Why: "the token is not valid any more"}, status.Outcome{})
		r.endJourney(&before)
	}
	var patience time.Duration
	switch token := o.Token(); {
	case token != nil && !o.Now.Before(token.ExpiresAt):
		tell()
		o.previous = r.memory.status(o.owner)
		return func() {}
	case o.Valid():
		patience = token.ExpiresAt.Sub(o.Now)
	default:
		patience = readyPatience
	}
	timer := r.Clock.NewTimer(patience)
	ended, done := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case <-timer.C():
			tell()
			done <- true
		case <-ended:
			done <- false
		}
	}()
	return func() {
		timer.Stop()
		close(ended)
		if isReported := <-done; isReported {
			o.previous = r.memory.status(o.owner)
		}
	}
}
