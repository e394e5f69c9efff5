package explain

import (
	"fmt"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Renewal is the result of a renewal request.
type Renewal struct {
	// Done reports whether the request was tried, or will never be tried.
	Done bool
	// Failed reports whether there is no new token.
	Failed bool
	// Message is the result, or the reason that the request still waits.
	Message string
}

// RenewalOf returns the result of a request. before is the ClientCredential at the time of the request.
func RenewalOf(before, after *v1alpha1.ClientCredential, request string, now time.Time) Renewal {
	in := Input{Now: now, ClientCredential: after}
	switch {
	case after.UID != before.UID || !after.DeletionTimestamp.IsZero():
		return Renewal{Done: true, Failed: true, Message: "not renewed: it was deleted meanwhile"}
	case after.Status.LastHandledRenewRequest == request:
		return in.resultOf(before, request)
	case after.Annotations[v1alpha1.RenewRequestedAtAnnotation] != request:
		return Renewal{Done: true, Failed: true, Message: "unknown: another renewal request replaced this request"}
	case after.IsSuspended():
		return Renewal{Done: true, Failed: true, Message: "not renewed: it was suspended meanwhile"}
	}
	message := "not renewed yet"
	if condition := in.problemCondition(); condition != nil {
		message += ": " + condition.Reason + ": " + clean(condition.Message)
	}
	return Renewal{Failed: true, Message: message}
}

// resultOf returns the result of a request that was tried.
func (in Input) resultOf(before *v1alpha1.ClientCredential, request string) Renewal {
	token := in.ClientCredential.Status.Token
	condition := in.problemCondition()
	switch {
	case condition != nil:
		message := fmt.Sprintf("not renewed: %s: %s", condition.Reason, clean(condition.Message))
		if failure := in.ClientCredential.Status.Failure; failure != nil {
			message += fmt.Sprintf(" (the next attempt is %s)", in.due(failure.RetryAt))
		}
		return Renewal{Done: true, Failed: true, Message: message}
	case in.ClientCredential.IsSuspended() && !in.tokenValid():
		return Renewal{Done: true, Failed: true, Message: "not renewed: it was suspended meanwhile"}
	case !in.tokenValid():
		return Renewal{Done: true, Failed: true, Message: "not renewed: there is no valid token"}
	}
	until := fmt.Sprintf("Secret %q holds a token that expires at %s (%s)", token.SecretName, instant(token.ExpiresAt), in.relative(token.ExpiresAt))
	// Both tokens may be issued in the same second, so RenewRequest identifies the new token. An older
	// operator records only the time.
	last := before.Status.Token
	if last != nil && token.RenewRequest != request && !token.IssuedAt.After(last.IssuedAt.Time) {
		return Renewal{Done: true, Message: "not renewed: the server returned the same token again; " + until}
	}
	return Renewal{Done: true, Message: "renewed: " + until}
}
