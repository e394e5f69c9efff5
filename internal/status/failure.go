package status

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
)

func failureStatus(in Input) *v1alpha1.FailureStatus {
	if !in.Outcome.Attempted {
		// Without a new attempt, the last failure still applies. Suspension clears it.
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
	byClass, attempts, ofClass := countAttempt(attemptsBefore(in), failure.Class)
	// Round up, so that the retry is not earlier than the server allows.
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

// attemptsBefore returns the earlier counts that still apply. An edit resets them, except the count of
// refused credentials. Because servers lock accounts, that count continues while the request stays the same.
func attemptsBefore(in Input) []v1alpha1.ClassAttempts {
	last, request := in.Previous.Failure, in.Outcome.Request
	switch {
	case last != nil && !in.Observed.ChangedSince(last):
		return last.AttemptsByClass
	case in.Observed.IsRenewRequested(), request.IsOther:
		return nil
	case request.Refused != nil:
		return refusedAttempts(request.Refused)
	case last != nil && in.Observed.OnlyEditedSince(last):
		return refusedAttempts(last)
	}
	return nil
}

func refusedAttempts(failure *v1alpha1.FailureStatus) []v1alpha1.ClassAttempts {
	return slices.DeleteFunc(slices.Clone(failure.AttemptsByClass), func(counted v1alpha1.ClassAttempts) bool {
		return counted.Class != problem.CredentialsRefused
	})
}

// heldBy returns the last failure while refused credentials are backing off. Because servers lock accounts,
// another failure in between neither shortens this backoff nor replaces the failure. Credentials that cannot
// be read, or are incomplete, may turn out to be the same, so they do not end the backoff either.
func heldBy(in Input, failure *problem.Problem) *v1alpha1.FailureStatus {
	last := in.Previous.Failure
	if last == nil || last.Class != problem.CredentialsRefused || failure.Class == problem.CredentialsRefused ||
		!in.Observed.Now.Before(last.RetryAt.Time) || in.Observed.LastFailure() == nil {
		return nil
	}
	request := in.Outcome.Request
	isUnbuilt := !request.IsRead || (!request.IsSent && (failure.Class == problem.ObjectNotReady || failure.Class == problem.Invalid))
	mayBeSame := isUnbuilt && in.Observed.OnlyEditedSince(last)
	if in.Observed.ChangedSince(last) && !mayBeSame {
		return nil
	}
	return last
}

// countAttempt adds a failed attempt of a class. It returns the new counts: by class, of all classes, and of
// this class.
func countAttempt(before []v1alpha1.ClassAttempts, class problem.Class) (byClass []v1alpha1.ClassAttempts, all, ofClass int32) {
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

// validUntil returns when the valid token expires; zero if there is none.
func validUntil(observed renewal.Input) time.Time {
	if !observed.Valid() {
		return time.Time{}
	}
	return observed.Token().ExpiresAt
}
