package status

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
)

// setConditions always sets Ready, and the other conditions only while they are true.
func setConditions(status *v1alpha1.ClientCredentialStatus, after renewal.Input, current *agedProblem) {
	ready, reason, message := readiness(after, current)
	valid := ready == metav1.ConditionTrue
	stalled := (after.Suspended && !valid) || (current != nil && isOver(current.stallsAt, after.Now))
	condition := metav1.Condition{
		Type: v1alpha1.ReadyCondition, Status: ready, Reason: reason, Message: message,
		ObservedGeneration: after.Generation, LastTransitionTime: second(after.Now),
	}
	meta.SetStatusCondition(&status.Conditions, condition)
	since := after.Now
	if current != nil && current.isAnother {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ReconcilingCondition)
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.RenewalFailingCondition)
	}
	if current != nil {
		condition.Reason, condition.Message, since = current.reason, current.message, current.since
	}
	setWhile(stalled, &status.Conditions, v1alpha1.StalledCondition, condition, after.Now)
	setWhile(!valid && !stalled, &status.Conditions, v1alpha1.ReconcilingCondition, condition, since)
	setWhile(valid && current != nil, &status.Conditions, v1alpha1.RenewalFailingCondition, condition, since)
}

// setWhile sets a condition to True while it holds, and removes it otherwise. since is when it began to hold
// for its reason and generation. A change of the reason or the generation is a transition, too.
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

func readiness(after renewal.Input, current *agedProblem) (ready metav1.ConditionStatus, reason, message string) {
	token := after.Token()
	switch {
	case after.Suspended && after.Valid():
		return metav1.ConditionTrue, v1alpha1.ReasonSuspended,
			fmt.Sprintf("spec.suspend stops the renewal of the token in Secret %q, which expires at %s", after.TargetName, instant(token.ExpiresAt))
	case after.Suspended:
		return metav1.ConditionFalse, v1alpha1.ReasonSuspended,
			"spec.suspend stops all token requests, and there is no valid token: set spec.suspend to false"
	case after.Valid() && after.Target.Outdated && current != nil:
		// The token works, but the Secret does not have the form that the spec requests.
		return metav1.ConditionFalse, current.reason, current.message
	case after.Valid():
		return metav1.ConditionTrue, v1alpha1.ReasonTokenIssued,
			fmt.Sprintf("Secret %q holds a token that expires at %s and is renewed at %s", after.TargetName, instant(token.ExpiresAt), instant(after.RenewAt()))
	case current != nil:
		return metav1.ConditionFalse, current.reason, current.message
	default:
		return metav1.ConditionFalse, v1alpha1.ReasonTokenExpired,
			fmt.Sprintf("the token in Secret %q has expired; the next token is requested at %s", after.TargetName, instant(after.RenewAt()))
	}
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func second(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }
