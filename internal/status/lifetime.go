package status

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
)

// setLifetimeUnknown sets LifetimeUnknown if the expiry of the token is assumed because the lifetime in the
// response cannot be read. The condition stays until a later response has a lifetime that can be read, or has
// no lifetime. So it survives a restart, and causes no extra writes.
func setLifetimeUnknown(status *v1alpha1.ClientCredentialStatus, after renewal.Input, outcome Outcome) {
	switch {
	case after.Token() == nil:
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.LifetimeUnknownCondition)
	case outcome.Lifetime == nil || outcome.Failure != nil:
	case !outcome.Lifetime.IsUnreadable():
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.LifetimeUnknownCondition)
	default:
		notice := outcome.Lifetime.Notice()
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: v1alpha1.LifetimeUnknownCondition, Status: metav1.ConditionTrue, Reason: notice.Reason, Message: notice.Message,
			ObservedGeneration: after.Generation, LastTransitionTime: second(after.Now),
		})
	}
}
