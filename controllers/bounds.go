package controllers

import (
	"net/http"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
)

const (
	// reconcileTimeout bounds a reconcile before it reports. Two metadata requests and a token
	// request take up to 30 s each; the other half is for the API server.
	reconcileTimeout = 3 * time.Minute
	// reportTimeout bounds the write of a status. It does not count towards reconcileTimeout, so
	// that each reconcile can report.
	reportTimeout = 30 * time.Second
	// maxRetryAfter is the maximum Retry-After of the API server that a worker waits for. A busy
	// API server asks for one or a few seconds.
	maxRetryAfter = 5 * time.Second
)

const (
	// maxSmall is the maximum size of a response that needs no slot. Token responses have a few
	// KiB.
	maxSmall = 16 << 10
	// maxLarge bounds the large tokens that are read and written at a time. Each takes up to
	// 10 MiB, since its values are encoded several times on the way into a Secret. A reconcile that
	// gets no slot in time continues without a slot: an issued token is worth more than the bound.
	maxLarge = 6
	// maxRewrites bounds the token Secrets that are read and rewritten at a time. The size of a
	// Secret is known only after it is read.
	maxRewrites = 16
)

// BoundRetryAfter stops client-go from sleeping in a worker for a long Retry-After of the API
// server. The error carries the delay, and the next reconcile waits for it.
func BoundRetryAfter(config *rest.Config) {
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return boundedRetryAfter{next} })
}

type boundedRetryAfter struct{ http.RoundTripper }

func (b boundedRetryAfter) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(request)
	if err != nil {
		return response, err
	}
	if isTooLong(response.Header.Get("Retry-After")) {
		response.Header.Del("Retry-After")
	}
	return response, nil
}

func isTooLong(retryAfter string) bool {
	seconds, err := strconv.Atoi(retryAfter)
	return err != nil || seconds > int(maxRetryAfter.Seconds())
}
