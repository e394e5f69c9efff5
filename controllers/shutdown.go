package controllers

import (
	"context"
	"time"
)

// finishTimeout bounds each step after a token request or a revocation. The steps are the writes of the
// token and the status, the note in the token Secret, and the removal of the finalizers.
const finishTimeout = 10 * time.Second

// finishContext returns a context for work that must be finished even if the operator shuts down or the
// reconcile has timed out.
func finishContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// retryAtShutdown calls do. While the operator shuts down, retryAtShutdown retries do until it succeeds or finishTimeout
// is over, because no reconcile follows.
func retryAtShutdown(ctx context.Context, do func(context.Context) error) error {
	finish, cancel := finishContext(ctx)
	defer cancel()
	err := do(finish)
	for err != nil && ctx.Err() != nil && waitToRetry(finish) {
		err = do(finish)
	}
	return err
}

// lastWriteInterval is how soon a write is retried while the operator shuts down.
const lastWriteInterval = 500 * time.Millisecond

// waitToRetry waits for lastWriteInterval. It returns false if the context ends first.
func waitToRetry(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(lastWriteInterval):
		return true
	}
}
