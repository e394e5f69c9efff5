// Package controllers watches ClientCredentials and their Secrets. It reconciles each ClientCredential in six
// steps: get, observe, ensure metadata, decide, act and report. The packages under internal hold the logic.
package controllers

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/throttle"
)

// Operator runs the controllers of one process. AddToManager sets unset fields, except TokenEndpoint and
// Policy.
type Operator struct {
	Recorder events.EventRecorder
	Clock    clock.WithTicker

	TokenEndpoint TokenEndpoint
	// Throttle decides when requests are sent. Default: a new Throttle.
	Throttle *throttle.Throttle
	// Timeout bounds a reconcile before it reports. Default: 3 minutes.
	Timeout time.Duration
	// Policy says what the cluster admin permits. With NamedNamespacesOnly, the operator does not watch
	// Namespaces.
	Policy resolve.Policy

	// Metrics must be registered by the caller.
	Metrics *metrics.Metrics
	// Tracer creates the spans of reconciles; nil disables tracing.
	Tracer trace.Tracer

	controllers []*watchedReconciler
	// Each reconcile of a ClientCredential read-locks running, and Finish locks it.
	running sync.RWMutex
}

// Finish waits for running reconciles after the manager has ended, and blocks new reconciles. It is needed
// because a manager that loses its lease does not wait for reconciles, which may be waiting for a token.
// If the context ends first, Finish returns the error of the context.
func (o *Operator) Finish(ctx context.Context) error {
	finished := make(chan struct{})
	go func() {
		o.running.Lock()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runningReconciler is a reconciler that Finish waits for.
type runningReconciler struct {
	reconciler reconcile.Reconciler
	running    *sync.RWMutex
}

// Reconcile implements reconcile.Reconciler.
func (r runningReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	if ctx.Err() != nil {
		// The operator shuts down, so start no reconcile.
		return reconcile.Result{}, nil
	}
	r.running.RLock()
	defer r.running.RUnlock()
	return r.reconciler.Reconcile(ctx, request)
}
