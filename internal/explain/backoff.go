package explain

import (
	"fmt"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
)

// backoff returns the reason for the time of the next attempt.
func (in Input) backoff(failure *v1alpha1.FailureStatus) string {
	why := fmt.Sprintf("the operator backs off after %s (%s)", failure.Reason, inARow(failure.Attempts))
	isStalled := in.condition(v1alpha1.StalledCondition) != nil
	switch {
	case failure.Reason == v1alpha1.ReasonRateLimited:
		return "the server limits the rate: the operator waits for the server's Retry-After, or backs off"
	case failure.Class == problem.CredentialsRefused:
		return refusedCredentials(failure)
	case failure.Class == problem.ObjectNotReady || failure.Class == problem.Invalid:
		return "the operator retries sooner if the object in the message changes"
	case failure.Class == problem.MayPass && isStalled:
		return "the problem may resolve itself, and " + why
	case failure.Class == "" && isStalled:
		// An older version recorded this failure: it has no class.
		return "the operator retries from time to time, even without a change"
	}
	return why
}

// refusedCredentials describes the past and future attempts with refused credentials.
func refusedCredentials(failure *v1alpha1.FailureStatus) string {
	firstHour, refused := len(renewal.RetryDelays[problem.CredentialsRefused]), attempts(failure)
	if refused < firstHour {
		return fmt.Sprintf("attempt %d of %d in the first hour after the credentials were refused; more attempts may lock the account", refused+1, firstHour)
	}
	return fmt.Sprintf("the credentials were refused %s; the operator retries hourly, because more attempts may lock the account", inARow(int32(refused))) //nolint:gosec // The count comes from an int32.
}

// attempts returns the number of failed attempts with the class of a failure.
func attempts(failure *v1alpha1.FailureStatus) int {
	for _, counted := range failure.AttemptsByClass {
		if counted.Class == failure.Class {
			return int(counted.Attempts)
		}
	}
	return int(failure.Attempts)
}
