package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// flushTimeout limits the time to send the last spans when the operator exits.
const flushTimeout = 5 * time.Second

// startTracing returns the tracer, and a function that sends the last spans. Without an endpoint, the
// tracer is nil.
func startTracing(ctx context.Context, o *options) (_ trace.Tracer, flush func(), err error) {
	if o.tracingEndpoint == "" {
		return nil, func() {}, nil
	}
	log := logf.Log.WithName("tracing")
	// Set the logger before anything reads the environment, which may hold the collector's token.
	otel.SetLogger(log.WithSink(withoutValues{log.GetSink()}))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Error(withoutBody(err), "Cannot send traces") }))
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(o.tracingEndpoint+"/v1/traces"))
	if err != nil {
		return nil, nil, fmt.Errorf("set up the traces for %s: %w", o.tracingEndpoint, err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(o.tracingSamplingRatio)),
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName("tokensync"), semconv.ServiceVersion(version))),
	)
	return provider.Tracer("github.com/tokensync/tokensync"), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Error(withoutBody(err), "Cannot send the last traces")
		}
	}, nil
}

// withoutBody returns an error of the exporter without the response of the collector, which may repeat the
// headers that the environment sets.
func withoutBody(err error) error {
	var unreachable *net.OpError
	switch {
	case errors.As(err, &unreachable):
		return unreachable
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return errors.New("the collector does not accept the traces: see its log")
}

// setTracingEndpoint sets the value of --tracing-endpoint.
func (o *options) setTracingEndpoint(value string) error {
	endpoint, err := url.Parse(value)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") || endpoint.RequestURI() != "/" ||
		endpoint.User != nil || endpoint.Fragment != "" {
		return errors.New("not a URL such as http://collector.observability:4318, without a path")
	}
	o.tracingEndpoint = endpoint.Scheme + "://" + endpoint.Host
	return nil
}

// setTracingSamplingRatio sets the value of --tracing-sampling-ratio.
func (o *options) setTracingSamplingRatio(value string) error {
	ratio, err := strconv.ParseFloat(value, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) {
		return errors.New("not a number from 0 to 1")
	}
	o.tracingSamplingRatio = ratio
	return nil
}
