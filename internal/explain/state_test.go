package explain_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

var _ = Describe("A ClientCredential", func() {
	DescribeTable("has a state and a summary of one line",
		func(state explain.State, valid bool, summary string, changes ...change) {
			explanation := explained(changes...)
			Expect(explanation.State).To(Equal(state))
			Expect(explanation.TokenValid).To(Equal(valid))
			Expect(explanation.Summary).To(Equal(summary))
		},
		Entry("when it is ready", explain.StateReady, true, "the token is renewed in 15m"),
		Entry("when its renewal is due now", explain.StateReady, true, "the renewal is due", renewal(0, time.Minute)),
		Entry("when its renewal was due a moment ago", explain.StateReady, true, "the renewal is due", renewal(-30*time.Second, time.Minute)),
		Entry("when it is ready without a token in its status", explain.StateReady, false, "it is ready",
			func(cc *v1alpha1.ClientCredential) { cc.Status.Token = nil }),
		Entry("when its renewal is late", explain.StateOverdue, true,
			"the renewal was due 5m ago; the token expires in 15m", renewal(-5*time.Minute, 15*time.Minute)),
		Entry("when it is ready, but the token has expired", explain.StateExpired, false,
			"the token expired 5m ago and was not renewed: check that the operator is running", renewal(-time.Hour, -5*time.Minute)),
		Entry("when it has never been reconciled", explain.StateNotObserved, false,
			"generation 1 has not been reconciled yet: check that the operator is running", unseen),
		Entry("when the spec has changed since the last reconcile", explain.StateNotObserved, true,
			"generation 4 has not been reconciled yet: check that the operator is running", unobserved),
		Entry("when a person must change something", explain.StateStalled, false,
			"InvalidClient: action required", noToken, stalled("InvalidClient"), failed("InvalidClient", 1, time.Hour)),
		Entry("when a person must change something before the token expires", explain.StateStalled, true,
			"InvalidClient: action required; the token expires in 40m", stalled("InvalidClient"), renewalFailing("InvalidClient")),
		Entry("when a person must change something so that the Secret can match the spec", explain.StateStalled, false,
			"TargetTemplateInvalid: action required", unready, stalled("TargetTemplateInvalid")),
		Entry("when the Secret that matches the spec cannot be written", explain.StateReconciling, false,
			"SecretWriteFailed once, the next attempt is in 5s", unready, reconciling("SecretWriteFailed"), failed("SecretWriteFailed", 1, 5*time.Second)),
		Entry("when an attempt failed", explain.StateReconciling, false,
			"ServerError once, the next attempt is in 30s", noToken, reconciling("ServerError"), failed("ServerError", 1, 30*time.Second)),
		Entry("when attempts failed and the next is due", explain.StateReconciling, false,
			"ServerError 3 times in a row, the next attempt is due", noToken, reconciling("ServerError"), failed("ServerError", 3, 0)),
		Entry("when it waits for the end of an outage", explain.StateReconciling, false,
			"ServerError", noToken, reconciling("ServerError")),
		Entry("when it waits for its turn", explain.StateReconciling, false,
			"RateLimited: other requests come first", noToken, reconciling("RateLimited")),
		Entry("when another controller may still create a missing object", explain.StateReconciling, false,
			"CredentialsNotFound: the operator retries when that changes", noToken, reconciling("CredentialsNotFound")),
		Entry("when it is reconciling for another reason", explain.StateReconciling, false, "TokenExpired", noToken, reconciling("TokenExpired")),
		Entry("when its only condition says that it is not ready", explain.StateReconciling, false, "there is no valid token yet", noToken),
		Entry("when a renewal failed", explain.StateRenewalFailing, true,
			"Timeout 2 times in a row, the next attempt is in 10s; the token expires in 40m", renewalFailing("Timeout"), failed("Timeout", 2, 10*time.Second)),
		Entry("when it is suspended with a token", explain.StateSuspended, true,
			"no renewal while spec.suspend is true; the token expires in 40m", suspended),
		Entry("when it is suspended without a token", explain.StateSuspended, false,
			"no token while spec.suspend is true", suspended, noToken, stalled("Suspended")),
		Entry("when it is being deleted", explain.StateDeleting, true,
			"its deletion was requested 30s ago", deleted(30*time.Second)),
	)

	It("is sorted by urgency, and then by the time at which the token expires", func() {
		named := func(name string, changes ...change) explain.Explanation {
			return explained(append(changes, func(cc *v1alpha1.ClientCredential) { cc.Name = name })...)
		}
		explanations := []explain.Explanation{
			named("ready-b"), named("ready-a"), named("ready-sooner", renewal(time.Minute, 2*time.Minute)),
			named("suspended", suspended),
			named("deleted", deleted(0)),
			named("unseen", unseen),
			named("overdue", renewal(-time.Hour, time.Hour)),
			named("failing", renewalFailing("Timeout")),
			named("stalled-with-token", stalled("InvalidClient"), renewal(0, 2*time.Minute)),
			named("reconciling", noToken, reconciling("Timeout")),
			named("expired", renewal(-time.Hour, -time.Hour)),
			named("stalled", noToken, stalled("InvalidClient")),
		}
		explain.Sort(explanations)
		var names []string
		for _, explanation := range explanations {
			names = append(names, explanation.Name)
		}
		Expect(names).To(Equal([]string{
			"stalled", "expired", "reconciling", "stalled-with-token", "failing", "overdue",
			"unseen", "deleted", "suspended", "ready-sooner", "ready-a", "ready-b",
		}))
	})
})
