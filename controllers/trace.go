package controllers

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/utils/clock"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// tracing creates spans.
type tracing struct {
	tracer trace.Tracer
	clock  clock.PassiveClock
}

// reconcileTrace is the trace of one reconcile. It begins with the first step, so that a reconcile without
// steps costs nothing. It is sent only if a step did something.
type reconcileTrace struct {
	owner         *v1alpha1.ClientCredential
	startedAt     time.Time
	root, observe trace.Span
	observedAt    time.Time
	isSent        bool
}

type reconcileTraceKey struct{}

// begin returns a context for the steps of a reconcile. at is when the reconcile began. end ends the
// trace.
func (t tracing) begin(ctx context.Context, owner *v1alpha1.ClientCredential, at time.Time) (_ context.Context, end func()) {
	current := &reconcileTrace{owner: owner, startedAt: at}
	return context.WithValue(ctx, reconcileTraceKey{}, current), func() {
		if current.isSent {
			current.observe.End(trace.WithTimestamp(current.observedAt))
			current.root.End(trace.WithTimestamp(t.clock.Now()))
		}
	}
}

// step begins a span for a step of the reconcile, and end ends the span. If isDone is false, the step did
// nothing, and the span is not sent.
func (t tracing) step(ctx context.Context, name string, attributes ...attribute.KeyValue) (_ context.Context, end func(err error, isDone bool)) {
	current, _ := ctx.Value(reconcileTraceKey{}).(*reconcileTrace)
	t.start(ctx, current)
	ctx, endStep := t.span(trace.ContextWithSpan(ctx, current.root), name, trace.WithAttributes(attributes...))
	return ctx, func(err error, isDone bool) {
		if isDone {
			current.isSent = true
			fail(current.root, err)
			endStep(err)
		}
	}
}

func (t tracing) start(ctx context.Context, r *reconcileTrace) {
	if r.root != nil {
		return
	}
	from := trace.WithTimestamp(r.startedAt)
	ctx, r.root = t.tracer.Start(ctx, "reconcile", from, trace.WithAttributes(
		semconv.K8SNamespaceName(r.owner.Namespace), attribute.String("tokensync.clientcredential.name", r.owner.Name)))
	_, r.observe = t.tracer.Start(ctx, "observe", from)
	r.observedAt = t.clock.Now()
}

// span begins a child span of the span in the context.
func (t tracing) span(ctx context.Context, name string, options ...trace.SpanStartOption) (_ context.Context, end func(error)) {
	ctx, span := t.tracer.Start(ctx, name, append(options, trace.WithTimestamp(t.clock.Now()))...)
	return ctx, func(err error) {
		fail(span, err)
		span.End(trace.WithTimestamp(t.clock.Now()))
	}
}

// fail records an error in a span. A *problem.Problem is recorded with the reason and message that the
// status shows. The text of any other error is not recorded, because it may quote anything.
func fail(span trace.Span, err error) {
	failure := problem.Of(err)
	switch {
	case err == nil:
	case failure != nil:
		span.SetAttributes(semconv.ErrorTypeKey.String(failure.Reason))
		span.SetStatus(codes.Error, failure.Message)
	default:
		span.SetAttributes(semconv.ErrorTypeOther)
		span.SetStatus(codes.Error, "")
	}
}
