package status_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

var (
	unreadable = &oauth2.Lifetime{
		Source: oauth2.LifetimeFromDefault, Assumed: time.Hour,
		Unread: []oauth2.Unread{{Field: oauth2.LifetimeFromExpiresIn, At: oauth2.Location{Pointer: "/expires_in"}, Kind: "a string of 4 characters"}},
	}
	readable = &oauth2.Lifetime{Source: oauth2.LifetimeFromExpiresIn}
	assumed  = &oauth2.Lifetime{Source: oauth2.LifetimeFromDefault, Assumed: time.Hour}
)

// given is the outcome of writing a token, with the source of its lifetime.
func given(lifetime *oauth2.Lifetime) status.Outcome {
	return status.Outcome{Attempted: true, Target: secretOf(0, time.Hour), Lifetime: lifetime}
}

var _ = Describe("LifetimeUnknown", func() {
	unknown := func() types.GomegaMatcher {
		return condition(v1alpha1.LifetimeUnknownCondition, yes, v1alpha1.ReasonLifetimeUnreadable)
	}

	It("shows the location and the kind of the value, and so does a single event", func() {
		first := report(observed(due), given(unreadable), idle)
		Expect(first.Status.Conditions).To(ConsistOf(condition(ready, yes, v1alpha1.ReasonTokenIssued), And(unknown(),
			HaveField("Message", And(ContainSubstring(`a string of 4 characters at "/expires_in"`), ContainSubstring("1h0m0s is assumed"))))))
		Expect(first.Events).To(ConsistOf(HaveField("Reason", v1alpha1.ReasonLifetimeUnreadable)))

		second := report(observed(due), given(unreadable), first.Status)
		Expect(second.Status.Conditions).To(ContainElement(unknown()))
		Expect(second.Events).To(BeEmpty())
	})

	DescribeTable("stays",
		func(in renewal.Input, outcome status.Outcome) {
			before := after(observed(due), given(unreadable))
			Expect(report(in, outcome, before).Status.Conditions).To(ContainElement(unknown()))
		},
		Entry("while the token is kept, and after a restart", observed(), nothing),
		Entry("while renewals fail", observed(due), down),
		Entry("if a renewal fails although the response held a token", observed(due), status.Outcome{Attempted: true, Failure: down.Failure, Lifetime: readable}),
		Entry("if the Secret is written again with its token", observed(due), status.Outcome{Attempted: true, Target: secretOf(0, time.Hour)}),
		Entry("if the server returns the token again, and its lifetime cannot be read", observed(due), status.Outcome{Attempted: true, SameToken: true, Lifetime: unreadable}),
	)

	DescribeTable("ends",
		func(in renewal.Input, outcome status.Outcome) {
			before := after(observed(due), given(unreadable))
			Expect(report(in, outcome, before).Status.Conditions).NotTo(ContainElement(unknown()))
		},
		Entry("with a token whose lifetime is read", observed(due), given(readable)),
		Entry("with a response that has no lifetime", observed(due), given(assumed)),
		Entry("with the same token, whose lifetime is read", observed(due), status.Outcome{Attempted: true, SameToken: true, Lifetime: readable}),
		Entry("with the deletion of the token Secret", observed(noTarget), down),
	)

	It("does not change while nothing happens", func() {
		before := after(observed(due), given(unreadable))
		Expect(report(observed(aged(0)), nothing, before).Status).To(Equal(before))
	})
})

var _ = Describe("a token whose lifetime is assumed", func() {
	DescribeTable("is requested again, if the server returned it again,",
		func(age, next time.Duration) {
			told := report(observed(aged(age)), status.Outcome{Attempted: true, SameToken: true, Lifetime: assumed}, idle)
			Expect(told.Status.Token.RenewAt.Time).To(Equal(now.Add(next)))
		},
		Entry("after half of twenty minutes", 40*time.Minute, 10*time.Minute),
		Entry("just before its expiry if little is left, so that it is not reported as expired", time.Hour-15*time.Second, 10*time.Second),
		Entry("just after its expiry if nothing is left", time.Hour-5*time.Second, 6*time.Second),
	)
})
