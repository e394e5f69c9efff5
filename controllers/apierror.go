package controllers

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tokensync/tokensync/internal/problem"
)

// errCacheBehind means that the cache is stale. The reconcile is retried.
var errCacheBehind = errors.New("the cache is behind the API server")

// apiFailure returns the problem of a failed request to the API server.
func apiFailure(err error) *problem.Problem {
	failure := problem.APIRequestFailed(apiFailureClass(err), shorten(err.Error()), apierrors.IsForbidden(err))
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		failure.RetryAfter = min(time.Duration(seconds)*time.Second, maxAPIDelay)
	}
	return failure
}

// maxAPIDelay is the maximum delay that the API server can set.
const maxAPIDelay = 5 * time.Minute

// apiFailureClass returns MayPass if the API server refused a request, and Unavailable if it failed
// or cannot be reached.
func apiFailureClass(err error) problem.Class {
	var refused apierrors.APIStatus
	if !errors.As(err, &refused) {
		return problem.Unavailable
	}
	switch code := refused.Status().Code; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code < 400, code >= 500:
		return problem.Unavailable
	}
	return problem.MayPass
}

// withoutMessage hides the message of the API server about a failed write of a Secret, because an
// admission webhook may quote the data of the Secret. The status code and the reason remain.
func withoutMessage(err error) error {
	if err == nil {
		return nil
	}
	return withoutMessageError{err}
}

type withoutMessageError struct{ error }

func (e withoutMessageError) Unwrap() error { return e.error }

func (e withoutMessageError) Error() string {
	var refused apierrors.APIStatus
	if !errors.As(e.error, &refused) {
		return "the API server cannot be reached"
	}
	return fmt.Sprintf("the API server answered %d %s", refused.Status().Code, refused.Status().Reason)
}

// shorten truncates the text of a server so that it fits into an event and a condition.
func shorten(text string) string {
	const maxText = 1000
	return problem.Shorten(text, maxText)
}
