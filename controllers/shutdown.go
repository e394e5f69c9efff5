package controllers

import (
	"context"
	"time"
)

// finishTimeout bounds each step after a token request or a revocation: writing the token and the status,
// marking the token as revoked in its Secret, and removing the finalizers.
const finishTimeout = 10 * time.Second

// finishContext returns a context for work that must be finished even if the operator shuts down or the
// reconcile has timed out.
func finishContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// retryAtShutdown calls do. While the operator shuts down, it retries do until do succeeds or
// finishTimeout is over, because no reconcile follows.
func retryAtShutdown(ctx context.Context, do func(context.Context) error) error {
	finish, cancel := finishContext(ctx)
	defer cancel()
	err := do(finish)
	for err != nil && ctx.Err() != nil && waitToRetry(finish) {
		err = do(finish)
	}
	return err
}

// shutdownRetryInterval is how soon a write is retried while the operator shuts down.
const shutdownRetryInterval = 500 * time.Millisecond

// waitToRetry waits for shutdownRetryInterval. It returns false if the context ends first.
func waitToRetry(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(shutdownRetryInterval):
		return true
	}
}
