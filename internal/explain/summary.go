package explain

import (
	"fmt"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// summary returns one line about a state.
func (in Input) summary(state State) string {
	cc := in.ClientCredential
	token := cc.Status.Token
	switch state {
	case StateDeleting:
		return "its deletion was requested " + in.relative(*cc.DeletionTimestamp)
	case StateNotObserved:
		return fmt.Sprintf("generation %d has not been reconciled yet: check that the operator is running", cc.Generation)
	case StateSuspended:
		if in.tokenValid() {
			return "no renewal while spec.suspend is true; the token expires " + in.relative(token.ExpiresAt)
		}
		return "no token while spec.suspend is true"
	case StateStalled:
		return in.condition(v1alpha1.StalledCondition).Reason + ": action required" + in.rest()
	case StateExpired:
		return "the token expired " + in.relative(token.ExpiresAt) + " and was not renewed: check that the operator is running"
	case StateReconciling, StateRenewalFailing:
		return in.failing() + in.rest()
	case StateOverdue:
		return "the renewal was due " + in.relative(token.RenewAt) + in.rest()
	case StateReady:
		if token != nil && !token.RenewAt.After(in.Now) {
			return "the renewal is due"
		}
		if token != nil {
			return "the token is renewed " + in.relative(token.RenewAt)
		}
	}
	return "it is ready"
}

// rest states when a valid token expires. It is empty if there is none.
func (in Input) rest() string {
	if !in.tokenValid() {
		return ""
	}
	return "; the token expires " + in.relative(in.ClientCredential.Status.Token.ExpiresAt)
}

// failing describes failed attempts, or what the first attempt waits for.
func (in Input) failing() string {
	failure := in.ClientCredential.Status.Failure
	if failure == nil {
		if condition := in.problemCondition(); condition != nil && v1alpha1.Reasons[condition.Reason].IsQueued {
			return condition.Reason + ": other requests come first"
		} else if in.isRefused() {
			return condition.Reason + ": the operator retries when that changes"
		} else if condition != nil {
			return condition.Reason
		}
		return "there is no valid token yet"
	}
	return fmt.Sprintf("%s %s, the next attempt is %s", failure.Reason, inARow(failure.Attempts), in.due(failure.RetryAt))
}

func inARow(count int32) string {
	if count == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times in a row", count)
}
