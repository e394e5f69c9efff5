package controllers

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tokensync/tokensync/internal/problem"
)

// journey is one reconcile as a trace. It begins with the first step that may do
// something, so that an idle reconcile costs nothing, and is told only if a step did.
type journey struct {
	whole, observe trace.Span
	observedAt     time.Time
	told           bool
}

func (r *Reconciler) newJourney(ctx context.Context, o *observed) *journey {
	from := trace.WithTimestamp(o.Now)
	ctx, whole := r.Tracer.Start(ctx, "reconcile", from, trace.WithAttributes(
		semconv.K8SNamespaceName(o.owner.Namespace), attribute.String("tokensync.clientcredential.name", o.owner.Name)))
	_, observe := r.Tracer.Start(ctx, "observe", from)
	return &journey{whole: whole, observe: observe, observedAt: r.Clock.Now()}
}

// step begins a span for a step of a reconcile, and end ends it.
func (r *Reconciler) step(ctx context.Context, o *observed, name string, attributes ...attribute.KeyValue) (_ context.Context, end func(error)) {
	if o.journey == nil {
		o.journey = r.newJourney(ctx, o)
	}
	ctx, endStep := r.span(trace.ContextWithSpan(ctx, o.journey.whole), name, trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		o.journey.told = true
		fail(o.journey.whole, err)
		endStep(err)
	}
}

// endJourney ends the trace of a reconcile.
func (r *Reconciler) endJourney(o *observed) {
	if o.journey != nil && o.journey.told {
		o.journey.observe.End(trace.WithTimestamp(o.journey.observedAt))
		o.journey.whole.End(trace.WithTimestamp(r.Clock.Now()))
	}
}

// span begins a span within that of the context. If nothing was done in it, it is
// never ended, and so never sent.
func (r *Reconciler) span(ctx context.Context, name string, options ...trace.SpanStartOption) (_ context.Context, end func(error)) {
	ctx, span := r.Tracer.Start(ctx, name, append(options, trace.WithTimestamp(r.Clock.Now()))...)
	return ctx, func(err error) {
		fail(span, err)
		span.End(trace.WithTimestamp(r.Clock.Now()))
	}
}

// fail says of a failure what the status says of it. Of other errors it tells
// nothing but that there was one: they may quote anything.
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
