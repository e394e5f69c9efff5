package controllers

import (
	"net/http"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
)

const (
	// reconcileTimeout bounds a reconcile before it reports. Two metadata requests and a token request
	// take up to 30 s each, which leaves half of the time for the API server.
	reconcileTimeout = 3 * time.Minute
	// reportTimeout bounds the write of a status. It is not part of reconcileTimeout, so that each
	// reconcile can report.
	reportTimeout = 30 * time.Second
	// maxRetryAfter is the maximum Retry-After of the API server that a worker waits for. A busy API
	// server asks for one or a few seconds.
	maxRetryAfter = 5 * time.Second
)

const (
	// maxSmallBytes is the maximum size of a token response that needs no slot. Typical token responses
	// have a few KiB.
	maxSmallBytes = 16 << 10
	// maxLargeTokens limits how many large tokens are read and written concurrently. Each takes up to 10
	// MiB of memory, because its values are encoded several times. A reconcile that gets no slot in time
	// continues without a slot, because an issued token must not be lost.
	maxLargeTokens = 6
	// maxRewrites limits how many token Secrets are read and rewritten concurrently. The size of a Secret
	// is known only after it is read.
	maxRewrites = 16
)

// BoundRetryAfter stops client-go from sleeping in a worker for a long Retry-After of the API server. The
// error contains the delay, so the next reconcile is delayed instead.
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
