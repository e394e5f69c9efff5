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

// readyGracePeriod is how long the status may stay Ready without a valid token while a step runs. Most
// steps are shorter, so one status write after the step is enough.
const readyGracePeriod = time.Second

// expiryWatch reports once that the token has expired. It runs during a step that can take half a minute.
type expiryWatch struct {
	// reportNow reports the expiry, unless it was already reported.
	reportNow func()
	// stop ends the watch, and waits for a report in progress.
	stop func()
}

// watchExpiry starts the watch. The caller must stop it before reporting anything else.
func (r *reporter) watchExpiry(ctx context.Context, o *observed) expiryWatch {
	if !meta.IsStatusConditionTrue(o.previous.Conditions, v1alpha1.ReadyCondition) {
		return expiryWatch{reportNow: func() {}, stop: func() {}}
	}
	reportNow := sync.OnceFunc(func() {
		now := o.Input
		now.Now = r.clock.Now()
		ctx, end := r.tracing.begin(ctx, o.owner, o.Now)
		defer end()
		r.report(ctx, o, renewal.KeepWaiting(now), status.Outcome{})
	})
	delay := readyGracePeriod
	if o.Valid() {
		delay = o.Token().ExpiresAt.Sub(o.Now)
	}
	timer := r.clock.NewTimer(delay)
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-timer.C():
			reportNow()
		case <-ended:
		}
	}()
	return expiryWatch{reportNow: reportNow, stop: func() {
		timer.Stop()
		close(ended)
		<-done
	}}
}
