package states_test

import "github.com/tokensync/tokensync/api/v1alpha1"

// cells are those of "kubectl get cc".
func cells(ready, reason, failing, secret, expires, renews string) []string {
	return []string{ready, reason, failing, secret, expires, renews}
}

// issued is Ready with a token that expires and is renewed at some time.
func issued(expires, renews string) condition {
	return condition{v1alpha1.ReadyCondition, "True", v1alpha1.ReasonTokenIssued,
		`Secret "shop-token" holds a token that expires at [` + expires + `] and is renewed at [` + renews + `]`}
}

// retried are the conditions of no token for a reason that passes by itself.
func retried(reason, message string) []condition {
	return []condition{
		{v1alpha1.ReadyCondition, "False", reason, message},
		{v1alpha1.ReconcilingCondition, "True", reason, message},
	}
}

// stalled are the conditions of no token for a reason that someone must change.
func stalled(reason, message string) []condition {
	return []condition{
		{v1alpha1.ReadyCondition, "False", reason, message},
		{v1alpha1.StalledCondition, "True", reason, message},
	}
}

// renewalFailing comes besides Ready while the renewal is tried again.
func renewalFailing(ready condition, reason, message string) []condition {
	return []condition{ready, {v1alpha1.RenewalFailingCondition, "True", reason, message}}
}

// renewalStalled comes besides Ready when the renewal needs a change.
func renewalStalled(ready condition, reason, message string) []condition {
	return []condition{ready,
		{v1alpha1.RenewalFailingCondition, "True", reason, message},
		{v1alpha1.StalledCondition, "True", reason, message},
	}
}
