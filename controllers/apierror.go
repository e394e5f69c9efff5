package controllers

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// errCacheBehind tells that the API server knows better than the cache; the
// reconcile is repeated.
var errCacheBehind = errors.New("the cache is behind the API server")

// apiFailure is the failure of a request to the API server.
func apiFailure(err error) *problem.Problem {
	advice := "the request is retried"
	if apierrors.IsForbidden(err) {
		advice = "check the operator's role and the admission policies"
	}
	failure := problem.Retry(apiFailureClass(err), v1alpha1.ReasonAPIRequestFailed, "cannot %s; %s", shorten(err.Error()), advice)
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		failure.RetryAfter = min(time.Duration(seconds)*time.Second, maxAPIDelay)
	}
	return failure
}

// maxAPIDelay bounds the delay that the API server asks for.
const maxAPIDelay = 5 * time.Minute

// apiFailureClass tells a refusal from an API server that cannot be reached or fails.
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

// quiet hides the words of the API server about a write of a Secret: an admission webhook
// saw the Secret, and may repeat it. The status code and the reason say enough.
func quiet(err error) error {
	if err == nil {
		return nil
	}
	return quietError{err}
}

type quietError struct{ error }

func (e quietError) Unwrap() error { return e.error }

func (e quietError) Error() string {
	var refused apierrors.APIStatus
	if !errors.As(e.error, &refused) {
		return "the API server cannot be reached"
	}
	return fmt.Sprintf("the API server answered %d %s", refused.Status().Code, refused.Status().Reason)
}

// shorten cuts a text of a server, so that an event and a condition can hold it.
func shorten(text string) string {
	const maxText = 1000
	return problem.Shorten(text, maxText)
}
