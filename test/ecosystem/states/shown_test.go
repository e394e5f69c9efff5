package states_test

import "github.com/tokensync/tokensync/api/v1alpha1"

// cells returns the cells of "kubectl get cc".
func cells(ready, reason, failing, secret, expires, renews string) []string {
	return []string{ready, reason, failing, secret, expires, renews}
}

// issued returns the condition Ready for a token that expires and is renewed at the given times.
func issued(expires, renews string) condition {
	return condition{v1alpha1.ReadyCondition, "True", v1alpha1.ReasonTokenIssued,
		`Secret "shop-token" holds a token that expires at [` + expires + `] and is renewed at [` + renews + `]`}
}

// retried returns the conditions without a token for a problem that may resolve itself.
func retried(reason, message string) []condition {
	return []condition{
		{v1alpha1.ReadyCondition, "False", reason, message},
		{v1alpha1.ReconcilingCondition, "True", reason, message},
	}
}

// stalled returns the conditions without a token for a problem that needs a change.
func stalled(reason, message string) []condition {
	return []condition{
		{v1alpha1.ReadyCondition, "False", reason, message},
		{v1alpha1.StalledCondition, "True", reason, message},
	}
}

// renewalFailing returns ready and the conditions of a renewal that is retried.
func renewalFailing(ready condition, reason, message string) []condition {
	return []condition{ready, {v1alpha1.RenewalFailingCondition, "True", reason, message}}
}

// renewalStalled returns ready and the conditions of a renewal that needs a change.
func renewalStalled(ready condition, reason, message string) []condition {
	return []condition{ready,
		{v1alpha1.RenewalFailingCondition, "True", reason, message},
		{v1alpha1.StalledCondition, "True", reason, message},
	}
}
