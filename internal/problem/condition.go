package problem

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Condition returns the condition that shows a problem; nil if there is none. A suspension is not a problem.
func Condition(conditions []metav1.Condition) *metav1.Condition {
	for _, conditionType := range []string{
		v1alpha1.StalledCondition, v1alpha1.RenewalFailingCondition, v1alpha1.ReconcilingCondition,
	} {
		if condition := meta.FindStatusCondition(conditions, conditionType); condition != nil && condition.Reason != v1alpha1.ReasonSuspended {
			return condition
		}
	}
	return nil
}
