package controllers

import (
	"context"
	"time"
)

// finishTimeout bounds each step after a token request or a revocation. The steps are the writes of the
// token and the status, the note in the token Secret, and the removal of the finalizers.
const finishTimeout = 10 * time.Second

// finishing returns a context for work that must be finished even if the operator shuts down or the
// reconcile has timed out.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// insist calls do. While the operator shuts down, insist retries do until it succeeds or finishTimeout
// is over, because no reconcile follows.
func insist(ctx context.Context, do func(context.Context) error) error {
	finish, cancel := finishing(ctx)
	defer cancel()
	err := do(finish)
	for err != nil && ctx.Err() != nil && pause(finish) {
		err = do(finish)
	}
	return err
}

// lastWriteInterval is how soon a write is retried while the operator shuts down.
const lastWriteInterval = 500 * time.Millisecond

// pause waits for lastWriteInterval. It returns false if the context ends first.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(lastWriteInterval):
		return true
	}
}
