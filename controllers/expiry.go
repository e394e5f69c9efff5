package controllers

import (
	"context"

	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

// watchExpiry reports the expiry of a valid token that comes while an attempt is under
// way: a server may take half a minute to answer, and Ready must not be True meanwhile.
// The returned function ends that. It must be called before the attempt is reported.
func (r *Reconciler) watchExpiry(ctx context.Context, o *observed) (end func()) {
	if !o.Valid() {
		return func() {}
	}
	// The attempt goes on changing what was observed.
	before := *o
	timer := r.Clock.NewTimer(o.Token().ExpiresAt.Sub(o.Now))
	ended, done := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case <-timer.C():
			r.report(ctx, &before, renewal.Decision{Action: renewal.Wait, Why: "the token expired"}, status.Outcome{})
			r.endJourney(&before)
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
