// Package status turns a decision and its outcome into the status of a
// ClientCredential and the events of its transitions. It is pure.
package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// Input is all that a status rests on.
type Input struct {
	// Observed is what the decision rested on.
	Observed renewal.Input
	Decision renewal.Decision
	Outcome  Outcome
	// Previous is the status before.
	Previous v1alpha1.ClientCredentialStatus
	// Told are the notices about earlier tokens; nil if they are not known, as after a
	// restart.
	Told []oauth2.Notice
}

// Outcome is what came of acting on a decision.
type Outcome struct {
	// Attempted tells that a token was asked for, or its Secret written.
	Attempted bool
	// Failure is why that did not succeed; nil when it did.
	Failure *oauth2.Error
	// RefusedAgain is true if the server refused credentials that it may have refused
	// before, whatever was edited since.
	RefusedAgain bool
	// SameToken tells that the server gave the token again that the target holds,
	// so nothing was written.
	SameToken bool
	// Target is the state of the target Secret after it was written; nil when it
	// was not.
	Target *tokensecret.State
	// Lifetime tells how it is known how long the token lives that the server gave; nil
	// when it gave none.
	Lifetime *oauth2.Lifetime
	// Notices tell what an admin should know.
	Notices []oauth2.Notice
}

// Report is what the world is told, and when to look again.
type Report struct {
	Status   v1alpha1.ClientCredentialStatus
	Events   []Event
	NextLook time.Time
}

// Compute makes the report.
func Compute(in Input) Report {
	after := in.Observed
	if in.Outcome.Target != nil {
		after.Target = in.Outcome.Target
	}
	if in.Outcome.SameToken {
		after.Last.Generation, after.Last.Token = after.Generation, askAgain(after, in.Outcome.Lifetime)
	}
	status := v1alpha1.ClientCredentialStatus{
		ObservedGeneration:      &after.Generation,
		LastHandledRenewRequest: in.Previous.LastHandledRenewRequest,
		Token:                   tokenStatus(after),
		Failure:                 failureStatus(in),
	}
	if in.Outcome.Attempted && after.RenewRequest != "" {
		status.LastHandledRenewRequest = after.RenewRequest
	}
	problem := problemOf(in, status.Failure)
	for _, condition := range in.Previous.Conditions {
		status.Conditions = append(status.Conditions, *condition.DeepCopy())
	}
	setConditions(&status, after, problem)
	setLifetimeUnknown(&status, after, in.Outcome)
	return Report{
		Status:   status,
		Events:   events(in, after, status),
		NextLook: nextLook(in, after, status, problem),
	}
}

// nextLook is when there is something to do or to tell; zero for never.
func nextLook(in Input, after renewal.Input, status v1alpha1.ClientCredentialStatus, problem *problem) time.Time {
	next := nextAction(in, after, status)
	if problem == nil || problem.stallsAt.IsZero() || !after.Now.Before(problem.stallsAt) {
		return next
	}
	if next.IsZero() || problem.stallsAt.Before(next) {
		return problem.stallsAt
	}
	return next
}

func nextAction(in Input, after renewal.Input, status v1alpha1.ClientCredentialStatus) time.Time {
	switch {
	case !in.Outcome.Attempted:
		return in.Decision.Until
	case status.Failure != nil:
		return renewal.NextLook(after, status.Failure.RetryAt.Time)
	default:
		return renewal.NextLook(after, time.Time{})
	}
}

func tokenStatus(after renewal.Input) *v1alpha1.TokenStatus {
	record := after.Token()
	if record == nil {
		return nil
	}
	return &v1alpha1.TokenStatus{
		SecretName: after.TargetName,
		IssuedAt:   second(record.IssuedAt),
		ExpiresAt:  second(record.ExpiresAt),
		RenewAt:    second(after.RenewAt()),
		Scope:      record.Scope,
	}
}

func failureStatus(in Input) *v1alpha1.FailureStatus {
	if !in.Outcome.Attempted {
		// Without a new attempt the last one stands. Suspension is a fresh start.
		if in.Decision.Action == renewal.Keep || (in.Observed.Suspended && in.Decision.Problem == nil) {
			return nil
		}
		return in.Previous.Failure.DeepCopy()
	}
	failure := in.Outcome.Failure
	if failure == nil {
		return nil
	}
	if held := heldBy(in, failure); held != nil {
		return held.DeepCopy()
	}
	var before []v1alpha1.ClassAttempts
	if last := in.Previous.Failure; last != nil &&
		(!in.Observed.ChangedSince(last) || (in.Outcome.RefusedAgain && in.Observed.OnlyEditedSince(last))) {
		before = last.AttemptsByClass
	}
	byClass, attempts, ofClass := countAttempt(before, failure.Class)
	// Rounded up: no sooner than the server asked for.
	retryAt := second(in.Observed.Policy.RetryAt(in.Observed.Now, failure, ofClass, validUntil(in.Observed)).Add(time.Second - 1))
	status := &v1alpha1.FailureStatus{
		Reason:          failure.Reason,
		Message:         bounded(failure.Message),
		Class:           failure.Class,
		Attempts:        attempts,
		AttemptsByClass: byClass,
		LastAttemptAt:   second(in.Observed.Now),
		RetryAt:         retryAt,
	}
	if in.Observed.Credentials != nil {
		status.CredentialsVersion = in.Observed.Credentials.Version
	}
	status.AuthorizationServerVersion, status.Generation = in.Observed.ServerVersion, in.Observed.Generation
	return status
}

// heldBy returns the last failure, if the server refused the credentials and the wait for
// the next login is not over: another failure in between neither shortens it nor takes its
// place, because servers lock accounts. While the credentials cannot be read, or are not
// complete, they may be the same again in the end.
func heldBy(in Input, failure *oauth2.Error) *v1alpha1.FailureStatus {
	last := in.Previous.Failure
	if last == nil || last.Class != oauth2.CredentialsRefused || failure.Class == oauth2.CredentialsRefused ||
		!in.Observed.Now.Before(last.RetryAt.Time) || in.Observed.LastFailure() == nil {
		return nil
	}
	wasSent := failure.Reason != v1alpha1.ReasonAPIRequestFailed && failure.Class != oauth2.ObjectNotReady && failure.Class != oauth2.Invalid
	mayBeSame := !wasSent && in.Observed.OnlyEditedSince(last)
	if in.Observed.ChangedSince(last) && !mayBeSame {
		return nil
	}
	return last
}

// countAttempt adds a failed attempt, and returns how many there are now, of all
// classes and of its own.
func countAttempt(before []v1alpha1.ClassAttempts, class oauth2.Class) (byClass []v1alpha1.ClassAttempts, all, ofClass int32) {
	byClass = slices.Clone(before)
	i := slices.IndexFunc(byClass, func(counted v1alpha1.ClassAttempts) bool { return counted.Class == class })
	if i < 0 {
		i = len(byClass)
		byClass = append(byClass, v1alpha1.ClassAttempts{Class: class})
	}
	byClass[i].Attempts++
	for _, counted := range byClass {
		all += counted.Attempts
	}
	return byClass, all, byClass[i].Attempts
}

// askAgain is the status of a token that the server gave again.
func askAgain(after renewal.Input, lifetime *oauth2.Lifetime) *v1alpha1.TokenStatus {
	token := after.Token()
	next := renewal.AskAgainAt(after.Now, token.ExpiresAt)
	if lifetime != nil && lifetime.IsAssumed() {
		next = renewal.AssumeAgainAt(after.Now, token.ExpiresAt)
	}
	return &v1alpha1.TokenStatus{
		IssuedAt:  second(token.IssuedAt),
		ExpiresAt: second(token.ExpiresAt),
		// Rounded up: never sooner.
		RenewAt: second(next.Add(time.Second - 1)),
	}
}

// validUntil is when the valid token expires; zero without one.
func validUntil(observed renewal.Input) time.Time {
	if !observed.Valid() {
		return time.Time{}
	}
	return observed.Token().ExpiresAt
}

// problem is what stands in the way of a token.
type problem struct {
	reason, message string
	// since is when the problem began.
	since time.Time
	// stallsAt is when someone is asked to act; zero for never.
	stallsAt time.Time
	// isAnother is true for a problem that follows one of the same reason.
	isAnother bool
}

func problemOf(in Input, failure *v1alpha1.FailureStatus) *problem {
	switch {
	case in.Decision.Problem != nil:
		return newProblem(in, in.Decision.Problem.Reason, in.Decision.Problem.Message, in.Decision.Problem.Class)
	case in.Outcome.Failure != nil && failure != nil && in.Observed.ChangedSince(failure):
		// The last failure holds, but tells of what was there before.
		return newProblem(in, in.Outcome.Failure.Reason, in.Outcome.Failure.Message, in.Outcome.Failure.Class)
	case failure != nil:
		// The failure of this attempt, or of the last one while its backoff runs.
		return newProblem(in, failure.Reason, failure.Message, failure.Class)
	}
	return nil
}

// bounded cuts a message so that a condition can hold it: names of objects may be long.
func bounded(message string) string {
	const maxMessage = 4096
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + "..."
}

// newProblem dates a problem by the conditions of the last status.
func newProblem(in Input, reason, message string, class oauth2.Class) *problem {
	message = bounded(message)
	if last := in.Previous.Failure; last != nil && last.Reason == reason && last.Class == oauth2.Unavailable && class != oauth2.Unavailable {
		// An outage became a refusal under the same reason: a server that starts, for one.
		return &problem{reason: reason, message: message, since: in.Observed.Now, stallsAt: renewal.StallsAt(class, in.Observed.Now), isAnother: true}
	}
	since, stallsAt := age(in.Previous.Conditions, reason, in.Observed.Generation, class, in.Observed.Now)
	return &problem{reason: reason, message: message, since: since, stallsAt: stallsAt}
}

// age is since when a problem is there, and when it is Stalled, by the conditions
// before: so it survives a restart. Another reason or generation is another problem.
func age(before []metav1.Condition, reason string, generation int64, class oauth2.Class, now time.Time) (since, stallsAt time.Time) {
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
	if class != oauth2.Unavailable && isSame(meta.FindStatusCondition(before, v1alpha1.StalledCondition)) {
		return since, now
	}
	return since, renewal.StallsAt(class, since)
}

// isOver reports whether an instant, which is zero for never, has come.
func isOver(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// setConditions sets Ready, and of the others those that hold.
func setConditions(status *v1alpha1.ClientCredentialStatus, after renewal.Input, problem *problem) {
	ready, reason, message := readiness(after, problem)
	valid := ready == metav1.ConditionTrue
	stalled := (after.Suspended && !valid) || (problem != nil && isOver(problem.stallsAt, after.Now))
	condition := metav1.Condition{
		Type: v1alpha1.ReadyCondition, Status: ready, Reason: reason, Message: message,
		ObservedGeneration: after.Generation, LastTransitionTime: second(after.Now),
	}
	meta.SetStatusCondition(&status.Conditions, condition)
	since := after.Now
	if problem != nil && problem.isAnother {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ReconcilingCondition)
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.RenewalFailingCondition)
	}
	if problem != nil {
		condition.Reason, condition.Message, since = problem.reason, problem.message, problem.since
	}
	setWhile(stalled, &status.Conditions, v1alpha1.StalledCondition, condition, after.Now)
	setWhile(!valid && !stalled, &status.Conditions, v1alpha1.ReconcilingCondition, condition, since)
	setWhile(valid && problem != nil, &status.Conditions, v1alpha1.RenewalFailingCondition, condition, since)
}

// setWhile sets a condition that is True while it holds, and absent otherwise. since is
// when it began to hold for its reason and generation: a change of these is a
// transition, too.
func setWhile(holds bool, conditions *[]metav1.Condition, conditionType string, condition metav1.Condition, since time.Time) {
	before := meta.FindStatusCondition(*conditions, conditionType)
	if !holds || (before != nil && (before.Reason != condition.Reason || before.ObservedGeneration != condition.ObservedGeneration)) {
		meta.RemoveStatusCondition(conditions, conditionType)
	}
	if holds {
		condition.Type, condition.Status, condition.LastTransitionTime = conditionType, metav1.ConditionTrue, second(since)
		meta.SetStatusCondition(conditions, condition)
	}
}

func readiness(after renewal.Input, problem *problem) (ready metav1.ConditionStatus, reason, message string) {
	token := after.Token()
	switch {
	case after.Suspended && after.Valid():
		return metav1.ConditionTrue, v1alpha1.ReasonSuspended,
			fmt.Sprintf("spec.suspend stops the renewal of the token in Secret %q, which expires at %s", after.TargetName, instant(token.ExpiresAt))
	case after.Suspended:
		return metav1.ConditionFalse, v1alpha1.ReasonSuspended,
			"spec.suspend stops all token requests, and there is no valid token: set spec.suspend to false"
	case after.Valid() && after.Target.Outdated && problem != nil:
		// The token serves, but not in the form that the spec asks for.
		return metav1.ConditionFalse, problem.reason, problem.message
	case after.Valid():
		return metav1.ConditionTrue, v1alpha1.ReasonTokenIssued,
			fmt.Sprintf("Secret %q holds a token that expires at %s and is renewed at %s", after.TargetName, instant(token.ExpiresAt), instant(after.RenewAt()))
	case problem != nil:
		return metav1.ConditionFalse, problem.reason, problem.message
	default:
		return metav1.ConditionFalse, v1alpha1.ReasonTokenExpired,
			fmt.Sprintf("the token in Secret %q has expired; the next one is asked for at %s", after.TargetName, instant(after.RenewAt()))
	}
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func second(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }
