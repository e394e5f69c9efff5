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

// readyPatience is how long the status may stay Ready without a valid token while a step runs. Most
// steps take less, and then one status write is enough.
const readyPatience = time.Second

// expiryWatch reports once that no valid token is left. It runs during a step that can take half a
// minute.
type expiryWatch struct {
	// tell reports the expiry now, unless it was already reported.
	tell func()
	// end stops the watch.
	end func()
}

// watchExpiry starts the watch. The caller must end it before reporting anything else.
func (r *reporter) watchExpiry(ctx context.Context, o *observed) expiryWatch {
	if !meta.IsStatusConditionTrue(o.previous.Conditions, v1alpha1.ReadyCondition) {
		return expiryWatch{tell: func() {}, end: func() {}}
	}
	tell := sync.OnceFunc(func() {
		now := o.Input
		now.Now = r.clock.Now()
		ctx, end := r.tracing.begin(ctx, o.owner, o.Now)
		defer end()
		r.report(ctx, o, renewal.KeepWaiting(now), status.Outcome{})
	})
	patience := readyPatience
	if o.Valid() {
		patience = o.Token().ExpiresAt.Sub(o.Now)
	}
	timer := r.clock.NewTimer(patience)
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
	}}
}
