package status

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// ComputeServer returns the status of an authorization server after a reconcile. failure is why the server cannot
// be used; nil if it can.
func ComputeServer(before v1alpha1.AuthorizationServerStatus, generation int64, tokenEndpoint string, failure *problem.Problem, now time.Time) v1alpha1.AuthorizationServerStatus {
	status := *before.DeepCopy()
	status.ObservedGeneration, status.TokenEndpoint = &generation, tokenEndpoint
	condition := metav1.Condition{
		Type: v1alpha1.ReadyCondition, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonUsable,
		Message:            fmt.Sprintf("token requests go to %s", tokenEndpoint),
		ObservedGeneration: generation, LastTransitionTime: second(now),
	}
	if failure != nil {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, failure.Reason, failure.Message
	}
	meta.SetStatusCondition(&status.Conditions, condition)
	stalled, since := false, now
	if failure != nil {
		var stallsAt time.Time
		since, stallsAt = age(before.Conditions, failure.Reason, generation, failure.Class, now)
		stalled = isOver(stallsAt, now)
	}
	setWhile(stalled, &status.Conditions, v1alpha1.StalledCondition, condition, now)
	setWhile(failure != nil && !stalled, &status.Conditions, v1alpha1.ReconcilingCondition, condition, since)
	return status
}
