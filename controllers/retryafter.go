package controllers

import (
	"net/http"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
)

// maxRetryAfter is the maximum Retry-After of the API server that a worker waits for. A busy API
// server asks for one or a few seconds.
const maxRetryAfter = 5 * time.Second

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
