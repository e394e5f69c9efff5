package controllers

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

// ask sends a token request, and tells the metrics of it.
func (r *Reconciler) ask(ctx context.Context, o *observed, request *resolve.Request, startedAt time.Time, reservation *reservation) (token *oauth2.Token, err error) {
	var received time.Time
	err = r.send(ctx, "token request", request.Request, func(response oauth2.Response) error {
		received = r.Clock.Now()
		if response.StatusCode < http.StatusMultipleChoices && len(response.Body.Reveal()) > maxSmall {
			reservation.takeLarge(ctx)
		}
		token, err = oauth2.ReadResponse(request.Server, request.Request, response)
		return err
	})
	if received.IsZero() {
		received = r.Clock.Now()
	}
	r.Metrics.TokenRequested(o.owner.Namespace, "//"+request.ShownHost(), received.Sub(startedAt), err)
	return token, err
}

// send sends a request to an authorization server and has the response read, both
// in a span. No header tells the server of the trace: it is a stranger. An operator that ends
// sends nothing, and waits for the response to what it has sent.
func (r *Reconciler) send(ctx context.Context, name string, request *oauth2.Request, read func(oauth2.Response) error) (err error) {
	ctx, end := r.span(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(semconv.ServerAddress(hostOf("//"+request.ShownHost()))))
	defer func() {
		trace.SpanFromContext(ctx).SetAttributes(attribute.String("tokensync.result", metrics.Result(err)))
		end(err)
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	response, err := r.TokenEndpoint.Send(context.WithoutCancel(ctx), request)
	if err != nil {
		return err
	}
	trace.SpanFromContext(ctx).SetAttributes(semconv.HTTPResponseStatusCode(response.StatusCode))
	return read(response)
}

func hostOf(rawURL string) string {
	endpoint, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return endpoint.Hostname()
}
