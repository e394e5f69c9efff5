package controllers

import (
	"context"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// requestSender sends requests to authorization servers.
type requestSender struct {
	tokenEndpoint TokenEndpoint
	tracing       tracing
}

// send sends a request to an authorization server and calls read with the response, both in one span. The
// request has no trace headers, because the server belongs to a third party. If the operator shuts down,
// send sends no new request, but waits for the response to a sent request.
func (s requestSender) send(ctx context.Context, name string, request *oauth2.Request, read func(oauth2.Response) error) (err error) {
	ctx, end := s.tracing.span(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(semconv.ServerAddress(hostOf("//"+request.ShownHost()))))
	defer func() {
		trace.SpanFromContext(ctx).SetAttributes(attribute.String("tokensync.result", metrics.Result(err)))
		end(err)
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	response, err := s.tokenEndpoint.Send(context.WithoutCancel(ctx), request)
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
