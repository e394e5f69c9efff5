package status

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
)

// setLifetimeUnknown tells that the expiry of the token is assumed because the
// response has a lifetime that cannot be read. The condition stands until a token
// comes whose lifetime is known, so it outlives a restart and costs no write.
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
