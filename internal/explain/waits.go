package explain

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// waits returns what the ClientCredential waits for.
func (in Input) waits() []Point {
	if !in.ClientCredential.DeletionTimestamp.IsZero() {
		return in.deletion()
	}
	var points []Point
	if in.ClientCredential.IsSuspended() {
		points = append(points, Point{
			Message: "spec.suspend is true: no token is requested until the ClientCredential is resumed",
			Command: in.plugin("resume"),
		})
	}
	points = append(points, in.attempt()...)
	return append(points, in.renewRequest()...)
}

// deletion returns the finalizers that block the deletion.
func (in Input) deletion() []Point {
	var points []Point
	for _, finalizer := range in.ClientCredential.Finalizers {
		message := fmt.Sprintf("the finalizer %s, which does not belong to the operator", finalizer)
		if finalizer == v1alpha1.RevokeTokenFinalizer {
			message = "the revocation of its token, which the operator retries for at most a minute, or longer if it restarts"
		}
		points = append(points, Point{Message: message})
	}
	return points
}

// attempt returns what the next attempt to get a token waits for.
func (in Input) attempt() []Point {
	failure, condition := in.ClientCredential.Status.Failure, in.problemCondition()
	switch {
	case in.ClientCredential.IsSuspended() || !in.isObserved():
		return nil
	case failure != nil && failure.RetryAt.After(in.Now):
		return notice("the next attempt at %s (%s): %s", instant(failure.RetryAt), in.relative(failure.RetryAt), in.backoff(failure))
	case failure == nil && condition != nil && v1alpha1.Reasons[condition.Reason].IsQueued:
		return notice("its turn: %s", clean(condition.Message))
	case failure == nil && condition != nil && v1alpha1.Reasons[condition.Reason].IsServerDown:
		return notice("the end of an outage: %s", clean(condition.Message))
	case in.mayBeCreated(condition):
		return notice("a change: %s", clean(condition.Message))
	case failure != nil && !in.isLate(failure.RetryAt.Time):
		return notice("the next attempt, which is due now")
	}
	return nil
}

// mayBeCreated reports whether another controller may still create or complete the missing object, and
// there is no command for it in Needs.
func (in Input) mayBeCreated(condition *metav1.Condition) bool {
	return in.isRefused() && in.condition(v1alpha1.StalledCondition) == nil && in.remedy(condition.Reason) == ""
}

// isRefused reports whether the next attempt waits until an object in the cluster changes.
func (in Input) isRefused() bool {
	condition := in.problemCondition()
	if condition == nil || in.ClientCredential.Status.Failure != nil {
		return false
	}
	facts := v1alpha1.Reasons[condition.Reason]
	return !facts.IsQueued && !facts.IsRequested && !facts.IsServerDown
}
