package controllers

import (
	"net/http"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
)

const (
	// reconcileTimeout bounds what a reconcile does before it reports. Two requests for
	// metadata and a token request take up to 30 s each; the API server has the other half.
	reconcileTimeout = 3 * time.Minute
	// reportTimeout bounds the write of a status. It does not count towards the time of the
	// reconcile, so that each reconcile ends in a report.
	reportTimeout = 30 * time.Second
	// maxRetryAfter is the longest Retry-After of the API server that a worker waits for. The
	// API server asks for a second or a few when it has much to do.
	maxRetryAfter = 5 * time.Second
)

const (
	// maxSmall is the size of the largest response that needs no slot. Token responses have a few
	// KiB.
	maxSmall = 16 << 10
	// maxLarge bounds the large tokens that are read and written at a time. Each takes up to
	// 10 MiB, since its values are encoded several times on the way into a Secret. A reconcile that
	// gets no slot in its time goes on without one: an issued token is worth more than the bound.
	maxLarge = 6
	// maxRewrites bounds the token Secrets that are read and written again at a time: how large one
	// is shows only when it is read.
	maxRewrites = 16
)

// BoundRetryAfter keeps client-go from sleeping in a worker for as long as the API server
// asks. The error tells the delay, and the next reconcile heeds it.
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
