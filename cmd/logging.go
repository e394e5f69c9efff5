package main

import (
	"encoding/json"
	"log"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// maxVerbosity is the highest level that is logged. From 6 on, the Kubernetes client logs
// requests, and from 8 on the bodies of Secrets.
const maxVerbosity = 5

// logTo sets the logger of the operator, of the Kubernetes libraries, and of all code that logs with the
// standard library.
func logTo(logger logr.Logger) {
	logger = logger.WithSink(bodiless{logger.WithCallDepth(1).GetSink()})
	logf.SetLogger(logger)
	klog.SetLoggerWithOptions(logger, klog.ContextualLogger(true))
	quoting := logger.WithName("library")
	quoting = quoting.WithSink(withoutValues{quoting.GetSink()})
	// This redirects the logger of package log too, so it comes first.
	slog.SetDefault(slog.New(logr.ToSlogHandler(quoting)))
	log.SetFlags(0)
	log.SetOutput(&counter{logger: logger.WithName("library")})
}

// bodiless drops values that hold requests, responses or objects, at any level.
type bodiless struct{ logr.LogSink }

func (s bodiless) Enabled(level int) bool { return level <= maxVerbosity && s.LogSink.Enabled(level) }

func (s bodiless) Info(level int, message string, keysAndValues ...any) {
	if level <= maxVerbosity {
		s.LogSink.Info(level, message, withoutBodies(keysAndValues)...)
	}
}

func (s bodiless) Error(err error, message string, keysAndValues ...any) {
	s.LogSink.Error(err, message, withoutBodies(keysAndValues)...)
}

func (s bodiless) WithValues(keysAndValues ...any) logr.LogSink {
	return bodiless{s.LogSink.WithValues(withoutBodies(keysAndValues)...)}
}

func (s bodiless) WithName(name string) logr.LogSink { return bodiless{s.LogSink.WithName(name)} }

func (s bodiless) WithCallDepth(depth int) logr.LogSink {
	if sink, ok := s.LogSink.(logr.CallDepthLogSink); ok {
		return bodiless{sink.WithCallDepth(depth)}
	}
	return s
}

// withoutBodies returns the values with the names of objects instead of the objects, and with requests
// and responses redacted.
func withoutBodies(keysAndValues []any) []any {
	safe := make([]any, len(keysAndValues))
	for i, value := range keysAndValues {
		switch value := value.(type) {
		case client.Object:
			safe[i] = klog.KObj(value)
		case []byte, json.RawMessage, http.Header, *http.Request, *http.Response, runtime.Object:
			safe[i] = "[REDACTED]"
		default:
			safe[i] = value
		}
	}
	return safe
}

// withoutValues drops the values that a library logs with its messages: they may quote secrets.
type withoutValues struct{ logr.LogSink }

func (s withoutValues) Info(level int, message string, _ ...any) { s.LogSink.Info(level, message) }

func (s withoutValues) Error(err error, message string, _ ...any) { s.LogSink.Error(err, message) }

func (s withoutValues) WithValues(...any) logr.LogSink { return s }

func (s withoutValues) WithName(name string) logr.LogSink {
	return withoutValues{s.LogSink.WithName(name)}
}

// counter counts the lines that libraries write to the standard logger, and drops them. net/http writes
// bytes that a server sent and, with GODEBUG=http2debug, also headers and bodies.
type counter struct {
	logger logr.Logger
	lines  atomic.Int64
}

// Write logs the count at the 1st, 10th, 100th ... line, so that no server can fill the log.
func (c *counter) Write(line []byte) (int, error) {
	lines := c.lines.Add(1)
	power := int64(1)
	for power < lines {
		power *= 10
	}
	if power == lines {
		c.logger.Info("Dropped lines that a library wrote to the standard logger, because they may quote a server", "lines", lines)
	}
	return len(line), nil
}
