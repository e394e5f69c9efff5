package status

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
)

// silentWait is how long a ClientCredential waits for a busy host before the status shows the wait.
const silentWait = 30 * time.Second

// isBriefWait reports whether the status need not show a wait for a busy host yet. A cold start, or an edit
// of a server that many ClientCredentials name, must not cause two writes of each status.
func isBriefWait(in Input) bool {
	deferred := in.Outcome.Deferred
	return deferred != nil && deferred.Cause == renewal.HostBusy && in.Outcome.Target == nil &&
		in.Observed.Now.Before(deferred.BusySince.Add(silentWait)) && mayStaySilent(in)
}

// mayStaySilent reports whether the status is still empty, or shows a failure after which only the
// authorization server was edited.
func mayStaySilent(in Input) bool {
	ready, failure := meta.FindStatusCondition(in.Previous.Conditions, v1alpha1.ReadyCondition), in.Previous.Failure
	if ready == nil || failure == nil {
		return ready == nil
	}
	return ready.Status != metav1.ConditionTrue &&
		failure.Generation == in.Observed.Generation && failure.CredentialsVersion == in.Observed.CredentialsVersion()
}

// expiryBefore returns the earlier of at and the expiry of a valid token.
func expiryBefore(after renewal.Input, at time.Time) time.Time {
	if !after.Valid() {
		return at
	}
	return renewal.Earliest(at, after.Token().ExpiresAt)
}
