// Package controllers watches ClientCredentials and their Secrets, and leads each
// through observe, decide, act and report. The thinking is done by the packages
// under internal.
package controllers

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/throttle"
)

// Operator is the controllers of one process. What is nil is taken from the manager.
type Operator struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// APIReader reads from the API server.
	APIReader client.Reader
	Recorder  events.EventRecorder
	Clock     clock.WithTicker

	TokenEndpoint TokenEndpoint
	// Throttle decides when requests are sent; nil for a new one.
	Throttle *throttle.Throttle
	// Timeout bounds what a reconcile does before it reports. Default 3 minutes.
	Timeout time.Duration
	// Policy is what the admin of the cluster permits. With NamedNamespacesOnly, the operator
	// watches no Namespaces.
	Policy resolve.Policy

	// Metrics are registered by whoever makes them.
	Metrics *metrics.Metrics
	// Tracer is for the spans of reconciles; nil for none.
	Tracer trace.Tracer

	controllers []*watchedReconciler
	// working is held for reading by each reconcile of a ClientCredential.
	working sync.RWMutex
}

// Finish waits for the reconciles that are under way after the manager has ended, and lets no
// other begin. A manager that loses its lease does not wait for them, but they may wait for a
// token. The error is that of the context.
func (r *Operator) Finish(ctx context.Context) error {
	finished := make(chan struct{})
	go func() {
		r.working.Lock()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// workingReconciler is a reconciler that Finish waits for.
type workingReconciler struct {
	reconciler reconcile.Reconciler
	working    *sync.RWMutex
}

// Reconcile implements reconcile.Reconciler.
func (r workingReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	if ctx.Err() != nil {
		// The operator ends, and begins nothing.
		return reconcile.Result{}, nil
	}
	r.working.RLock()
	defer r.working.RUnlock()
	return r.reconciler.Reconcile(ctx, request)
}
