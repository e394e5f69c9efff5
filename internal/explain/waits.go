package explain

import (
	"fmt"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// waits is what has to come before something happens by itself.
func (in Input) waits() []Point {
	if !in.ClientCredential.DeletionTimestamp.IsZero() {
		return in.deletion()
	}
	var points []Point
	if in.ClientCredential.IsSuspended() {
		points = append(points, Point{
			Message: "spec.suspend is true: no token is asked for until somebody resumes it",
			Command: in.plugin("resume"),
		})
	}
	points = append(points, in.attempt()...)
	return append(points, in.renewRequest()...)
}

// deletion tells which finalizers hold a deletion up.
func (in Input) deletion() []Point {
	var points []Point
	for _, finalizer := range in.ClientCredential.Finalizers {
		message := fmt.Sprintf("the finalizer %s, which is not the operator's", finalizer)
		if finalizer == v1alpha1.RevokeTokenFinalizer {
			message = "the revocation of its token, which the operator tries for a minute after the deletion"
		}
		points = append(points, Point{Message: message})
	}
	return points
}

// attempt tells what the next attempt to get a token waits for.
func (in Input) attempt() []Point {
	failure, trouble := in.ClientCredential.Status.Failure, in.trouble()
	switch {
	case in.ClientCredential.IsSuspended() || !in.isObserved():
		return nil
	case failure != nil && failure.RetryAt.After(in.Now):
		why := "it backs off after " + failure.Reason + " " + inARow(failure.Attempts)
		switch {
		case failure.Reason == v1alpha1.ReasonRateLimited:
			why = "the server limits the rate, and said how long to wait (Retry-After), or it backs off"
		case in.condition(v1alpha1.StalledCondition) != nil:
			why = "without a change it is tried again now and then"
		}
		return []Point{{Message: fmt.Sprintf("the next attempt at %s (%s): %s",
			instant(failure.RetryAt), in.relative(failure.RetryAt), why)}}
	case failure == nil && trouble != nil && isTurn(trouble):
		return []Point{{Message: "its turn: " + clean(trouble.Message)}}
	case failure != nil && !in.isLate(failure.RetryAt.Time):
		return []Point{{Message: "the next attempt, which is due now"}}
	}
	return nil
}

// isRefused tells that no attempt is made before somebody changes something.
func (in Input) isRefused() bool {
	return in.condition(v1alpha1.StalledCondition) != nil && in.ClientCredential.Status.Failure == nil
}
