package controllers

import (
	"context"
	"time"
)

// finishTimeout bounds what follows a token request or a revocation: each of the write of the
// token, that of the status, the note in the token Secret and the removal of the finalizers.
const finishTimeout = 10 * time.Second

// finishing returns a context for what is finished also while the operator ends, or after the
// time of the reconcile is over.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// insist calls do. While the operator ends, it calls do again until that succeeds or
// finishTimeout is over, because no reconcile follows.
func insist(ctx context.Context, do func(context.Context) error) error {
	finish, cancel := finishing(ctx)
	defer cancel()
	err := do(finish)
	for err != nil && ctx.Err() != nil && pause(finish) {
		err = do(finish)
	}
	return err
}

// lastWriteInterval is how soon an operator that ends tries a write again.
const lastWriteInterval = 500 * time.Millisecond

// pause waits for lastWriteInterval. It returns false if the context ends before.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(lastWriteInterval):
		return true
	}
}
