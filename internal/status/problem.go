package status

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
)

// agedProblem is the problem that the conditions show, with its age.
type agedProblem struct {
	reason, message string
	// since is when the problem began.
	since time.Time
	// stallsAt is when the problem becomes Stalled; zero for never.
	stallsAt time.Time
	// isAnother is true for a new problem that has the same reason as the last problem.
	isAnother bool
}

// problemOf returns the problem that the conditions show; nil if there is none.
func problemOf(in Input, after renewal.Input, failure *v1alpha1.FailureStatus) *agedProblem {
	if deferred := in.Outcome.Deferred; deferred != nil {
		if shown := deferred.Shown(after); shown != nil {
			return newProblem(in, shown)
		}
	}
	switch {
	case in.Decision.Problem != nil:
		return newProblem(in, in.Decision.Problem)
	case in.Outcome.Failure != nil && failure != nil && in.Observed.ChangedSince(failure):
		// The last failure is still backing off, but it happened before the last change.
		return newProblem(in, in.Outcome.Failure)
	case failure != nil:
		// The failure of this attempt, or of the last attempt while its backoff continues.
		return newProblem(in, problem.Recorded(failure))
	}
	return nil
}

// bounded shortens a message so that it fits into a condition. Names of objects may be long.
func bounded(message string) string {
	const maxMessage = 4096
	return problem.Shorten(message, maxMessage)
}

// newProblem takes the age of a problem from the conditions of the last status.
func newProblem(in Input, found *problem.Problem) *agedProblem {
	aged := &agedProblem{reason: found.Reason, message: bounded(found.Message)}
	if last := in.Previous.Failure; last != nil && last.Reason == found.Reason &&
		last.Class == problem.Unavailable && found.Class != problem.Unavailable {
		// After an outage, a refusal with the same reason is a new problem: a server that is starting
		// may answer with it.
		aged.since, aged.stallsAt, aged.isAnother = in.Observed.Now, renewal.StallsAt(found.Class, in.Observed.Now), true
		return aged
	}
	aged.since, aged.stallsAt = age(in.Previous.Conditions, found.Reason, in.Observed.Generation, found.Class, in.Observed.Now)
	return aged
}

// age returns when a problem began, and when it becomes Stalled. It reads both from the previous conditions,
// so they survive a restart. Another reason or generation is another problem.
func age(before []metav1.Condition, reason string, generation int64, class problem.Class, now time.Time) (since, stallsAt time.Time) {
	since = now
	isSame := func(condition *metav1.Condition) bool {
		return condition != nil && condition.Reason == reason && condition.ObservedGeneration == generation
	}
	for _, conditionType := range []string{v1alpha1.ReconcilingCondition, v1alpha1.RenewalFailingCondition} {
		condition := meta.FindStatusCondition(before, conditionType)
		if isSame(condition) && condition.LastTransitionTime.Time.Before(since) {
			since = condition.LastTransitionTime.Time
		}
	}
	if class != problem.Unavailable && isSame(meta.FindStatusCondition(before, v1alpha1.StalledCondition)) {
		return since, now
	}
	return since, renewal.StallsAt(class, since)
}

// isOver reports whether the time at has come. A zero time means never.
func isOver(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }
