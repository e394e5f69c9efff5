package explain_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

var _ = Describe("A ClientCredential", func() {
	DescribeTable("is in a state, with one line about it",
		func(state explain.State, valid bool, summary string, changes ...change) {
			explanation := explained(changes...)
			Expect(explanation.State).To(Equal(state))
			Expect(explanation.TokenValid).To(Equal(valid))
			Expect(explanation.Summary).To(Equal(summary))
		},
		Entry("when all is well", explain.StateReady, true, "the token is renewed in 15m"),
		Entry("when its renewal is due this moment", explain.StateReady, true, "the renewal is due", renewal(0, time.Minute)),
		Entry("when its renewal was due a moment ago", explain.StateReady, true, "the renewal is due", renewal(-30*time.Second, time.Minute)),
		Entry("when it is ready and tells of no token", explain.StateReady, false, "it is ready",
			func(cc *v1alpha1.ClientCredential) { cc.Status.Token = nil }),
		Entry("when its renewal has not come", explain.StateOverdue, true,
			"the renewal was due 5m ago; the token expires in 15m", renewal(-5*time.Minute, 15*time.Minute)),
		Entry("when it says that it is ready, and the token is over", explain.StateExpired, false,
			"the token expired 5m ago and nothing followed: is the operator running?", renewal(-time.Hour, -5*time.Minute)),
		Entry("when the operator has never seen it", explain.StateNotObserved, false,
			"generation 1 of it has not been looked at: is the operator running?", unseen),
		Entry("when the spec changed since the operator looked", explain.StateNotObserved, true,
			"generation 4 of it has not been looked at: is the operator running?", unobserved),
		Entry("when somebody must change something", explain.StateStalled, false,
			"InvalidClient: somebody must change something", noToken, stalled("InvalidClient"), failed("InvalidClient", 1, time.Hour)),
		Entry("when somebody must change something before the token is over", explain.StateStalled, true,
			"InvalidClient: somebody must change something; the token expires in 40m", stalled("InvalidClient"), renewalFailing("InvalidClient")),
		Entry("when somebody must change something so that the Secret matches the spec", explain.StateStalled, false,
			"TargetTemplateInvalid: somebody must change something", unready, stalled("TargetTemplateInvalid")),
		Entry("when the Secret that matches the spec cannot be written", explain.StateReconciling, false,
			"SecretWriteFailed once, the next attempt is in 5s", unready, reconciling("SecretWriteFailed"), failed("SecretWriteFailed", 1, 5*time.Second)),
		Entry("when an attempt failed", explain.StateReconciling, false,
			"ServerError once, the next attempt is in 30s", noToken, reconciling("ServerError"), failed("ServerError", 1, 30*time.Second)),
		Entry("when attempts failed and the next is due", explain.StateReconciling, false,
			"ServerError 3 times in a row, the next attempt is due", noToken, reconciling("ServerError"), failed("ServerError", 3, 0)),
		Entry("when it waits for its turn", explain.StateReconciling, false,
			"RateLimited: it waits for its turn", noToken, reconciling("RateLimited")),
		Entry("when an object is missing that another controller may be about to create", explain.StateReconciling, false,
			"CredentialsNotFound: the operator goes on as soon as that changes", noToken, reconciling("CredentialsNotFound")),
		Entry("when it is on its way for another reason", explain.StateReconciling, false, "TokenExpired", noToken, reconciling("TokenExpired")),
		Entry("when it only says that it is not ready", explain.StateReconciling, false, "there is no valid token yet", noToken),
		Entry("when a renewal failed", explain.StateRenewalFailing, true,
			"Timeout 2 times in a row, the next attempt is in 10s; the token expires in 40m", renewalFailing("Timeout"), failed("Timeout", 2, 10*time.Second)),
		Entry("when it is suspended with a token", explain.StateSuspended, true,
			"no renewal while spec.suspend is true; the token expires in 40m", suspended),
		Entry("when it is suspended without a token", explain.StateSuspended, false,
			"no token while spec.suspend is true", suspended, noToken, stalled("Suspended")),
		Entry("when it is being deleted", explain.StateDeleting, true,
			"its deletion was asked for 30s ago", deleted(30*time.Second)),
	)

	It("comes first when it is urgent, and of equals whose token expires soonest", func() {
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
