package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

// readyPatience is how long the status may say Ready without a valid token, while something
// is under way: it usually takes less, and then one status write is enough.
const readyPatience = time.Second

// expiryWatch reports once that no valid token is left, while a step runs that can take half
// a minute.
type expiryWatch struct {
	tell func()
	end  func()
}

// watchExpiry begins to watch. The watch must be ended before anything else is reported.
func (r *Reconciler) watchExpiry(ctx context.Context, o *observed) expiryWatch {
	if !meta.IsStatusConditionTrue(o.previous.Conditions, v1alpha1.ReadyCondition) {
		return expiryWatch{tell: func() {}, end: func() {}}
	}
	// What is under way goes on changing what was observed.
	before := *o
	tell := sync.OnceFunc(func() {
		now := before.Input
		now.Now = r.Clock.Now()
		r.report(ctx, &before, renewal.Awaited(now), status.Outcome{})
		r.endJourney(&before)
	})
	patience := readyPatience
	if o.Valid() {
		patience = o.Token().ExpiresAt.Sub(o.Now)
	}
	timer := r.Clock.NewTimer(patience)
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-timer.C():
			tell()
		case <-ended:
		}
	}()
	return expiryWatch{tell: tell, end: func() {
		timer.Stop()
		close(ended)
		<-done
		o.previous = r.memory.status(o.owner)
	}}
}

// tellExpired tells, before a request is sent, that the token in the Secret has expired.
func (r *Reconciler) tellExpired(o *observed) {
	if token := o.Token(); token != nil && !r.Clock.Now().Before(token.ExpiresAt) {
		o.expiry.tell()
	}
}
