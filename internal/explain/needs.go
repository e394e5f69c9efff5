package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// findOperator lists the Pods of the operator in all namespaces.
const findOperator = "kubectl get pods --all-namespaces --selector=app.kubernetes.io/name=tokensync"

// needs returns the actions that a person must take.
func (in Input) needs() []Point {
	var points []Point
	if overdue := in.overdue(); overdue != "" {
		points = append(points, Point{Message: overdue, Command: findOperator})
	}
	condition := in.problemCondition()
	if condition == nil || !in.ClientCredential.DeletionTimestamp.IsZero() {
		return points
	}
	command, stalled := in.remedy(condition.Reason), in.condition(v1alpha1.StalledCondition) != nil
	if command == "" && !stalled {
		// The operator retries by itself.
		return points
	}
	points = append(points, Point{Message: clean(condition.Message), Command: command})
	if stalled && in.ClientCredential.Status.Failure != nil {
		points = append(points, Point{
			Message: "the operator retries immediately after a change that affects the token request; after a change elsewhere, request a renewal",
			Command: in.plugin("renew"),
		})
	}
	return points
}

// overdue returns a message about an action that the operator should have taken by now. It is empty if
// nothing is late.
func (in Input) overdue() string {
	cc := in.ClientCredential
	token, failure := cc.Status.Token, cc.Status.Failure
	switch state := in.state(); {
	case state == StateDeleting:
		if slices.Contains(cc.Finalizers, v1alpha1.RevokeTokenFinalizer) && in.isLate(cc.DeletionTimestamp.Add(time.Minute)) {
			return "the deletion has waited more than a minute for the revocation of its token: check that the operator is running"
		}
	case state == StateNotObserved:
		return fmt.Sprintf("generation %d has not been reconciled yet: check that the operator is running", cc.Generation)
	case state == StateSuspended:
	case state == StateExpired:
		return fmt.Sprintf("the token expired at %s (%s), but the status does not say so: check that the operator is running",
			instant(token.ExpiresAt), in.relative(token.ExpiresAt))
	case failure != nil && in.isLate(failure.RetryAt.Time):
		return fmt.Sprintf("the next attempt was due at %s (%s): unless it waits for a rate limit or a Retry-After, check that the operator is running",
			instant(failure.RetryAt), in.relative(failure.RetryAt))
	case state == StateOverdue:
		return fmt.Sprintf("the renewal was due at %s (%s): unless it waits for a rate limit or a Retry-After, check that the operator is running",
			instant(token.RenewAt), in.relative(token.RenewAt))
	case in.isRequestLate():
		return "the requested renewal has not been tried: unless it waits for a rate limit or a Retry-After, check that the operator is running"
	}
	return ""
}

// remedy returns the command for the problem with the given reason. It is empty if there is none.
func (in Input) remedy(reason string) string {
	command := v1alpha1.Reasons[reason].Command
	if command == "" {
		return ""
	}
	cc := in.ClientCredential
	names := strings.NewReplacer(
		"{credentialsName}", in.credentialsName(), "{serviceAccountName}", cc.ServiceAccountName(), "{targetName}", cc.TargetName(),
		"{usageLabel}", v1alpha1.UsageLabel+"="+v1alpha1.UsageClientCredential)
	return "kubectl --namespace=" + cc.Namespace + " " + names.Replace(command)
}

func (in Input) credentialsName() string {
	if in.ClientCredential.Spec.CredentialsRef == nil {
		return ""
	}
	return in.ClientCredential.Spec.CredentialsRef.Name
}

// plugin returns a command of this kubectl plugin.
func (in Input) plugin(verb string) string {
	return fmt.Sprintf("kubectl tokensync %s %s --namespace=%s", verb, in.ClientCredential.Name, in.ClientCredential.Namespace)
}
