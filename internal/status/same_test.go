package status_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

// sameAgain is the outcome if the server returned the token that the target already holds.
var sameAgain = status.Outcome{Attempted: true, SameToken: true}

// aged is a token with a lifetime of an hour and the given age.
func aged(age time.Duration) change {
	return func(in *renewal.Input) { in.Target = secretOf(age, time.Hour) }
}

var _ = Describe("a token that the server returned again", func() {
	It("is reported as before, except for the next request", func() {
		before := after(observed(aged(40*time.Minute)), nothing)
		told := report(observed(aged(40*time.Minute)), sameAgain, before)
		expected := before.Token.DeepCopy()
		expected.RenewAt = second(now.Add(10 * time.Minute))
		Expect(told.Status.Token).To(Equal(expected))
		Expect(told.RequeueAt).To(Equal(now.Add(10 * time.Minute)))
		Expect(told.Events).To(BeEmpty())
		Expect(told.Status.Failure).To(BeNil())
		Expect(told.Status.Conditions).To(ConsistOf(condition(ready, yes, v1alpha1.ReasonTokenIssued)))
		Expect(told.Status.Conditions).To(ContainElement(HaveField("Message", And(
			ContainSubstring("expires at 2026-03-01T12:20:00Z"), ContainSubstring("renewed at 2026-03-01T12:10:00Z")))))
	})

	DescribeTable("is requested again",
		func(age, next, look time.Duration) {
			told := report(observed(aged(age)), sameAgain, idle)
			Expect(told.Status.Token.RenewAt.Time).To(Equal(now.Add(next)))
			Expect(told.RequeueAt).To(Equal(now.Add(look)))
		},
		Entry("after half of twenty minutes", 40*time.Minute, 10*time.Minute, 10*time.Minute),
		Entry("after half of a minute", 59*time.Minute, 30*time.Second, 30*time.Second),
		Entry("just after the expiry if little is left, although the status changes at the expiry", time.Hour-15*time.Second, 16*time.Second, 15*time.Second),
		Entry("just after the expiry if a second is left", time.Hour-time.Second, 2*time.Second, time.Second),
	)

	It("is requested again no sooner than planned, if it was requested early", func() {
		in := observed(renewRequested)
		told := report(in, sameAgain, idle)
		Expect(told.RequeueAt).To(Equal(in.RenewAt()))
		Expect(told.RequeueAt).To(BeTemporally(">", now.Add(25*time.Minute)))
		Expect(told.Status.Token).To(Equal(idle.Token))
	})

	It("causes no write and no request until the next request is due", func() {
		before := report(observed(aged(40*time.Minute)), sameAgain, idle).Status
		for _, passed := range []time.Duration{0, time.Second, 10*time.Minute - 1} {
			in := observed(aged(40*time.Minute), later(passed))
			Expect(renewal.Decide(withLast(in, before)).Action).To(Equal(renewal.Keep))
			told := report(in, nothing, before)
			Expect(told.Status).To(Equal(before))
			Expect(told.RequeueAt).To(Equal(now.Add(10 * time.Minute)))
			Expect(told.Events).To(BeEmpty())
		}
		Expect(renewal.Decide(withLast(observed(aged(40*time.Minute), later(10*time.Minute)), before)).Action).To(Equal(renewal.Exchange))
	})

	It("is requested a few times until there is another token", func() {
		in, told := observed(aged(0)), idle
		var asked []time.Duration
		for looks := 0; in.Now.Before(now.Add(2*time.Hour)) && len(asked) < 100; looks++ {
			Expect(looks).To(BeNumerically("<", 30))
			outcome := nothing
			if renewal.Decide(withLast(in, told)).Action == renewal.Exchange {
				asked = append(asked, in.Now.Sub(now))
				outcome = sameAgain
				if in.Now.After(in.Token().ExpiresAt) {
					break
				}
			}
			next := report(in, outcome, told)
			Expect(next.RequeueAt).To(BeTemporally(">", in.Now))
			told, in.Now = next.Status, next.RequeueAt
		}
		Expect(len(asked)).To(And(BeNumerically(">", 4), BeNumerically("<", 12)))
		Expect(asked[len(asked)-1]).To(Equal(time.Hour + time.Second))
		for i := range asked[1:] {
			Expect(asked[i+1] - asked[i]).To(BeNumerically(">=", renewal.MinInterval-time.Second))
		}
	})

	DescribeTable("is reported as",
		func(in renewal.Input, previous reported, matched OmegaMatcher) {
			Expect(report(in, sameAgain, previous)).To(matched)
		},
		Entry("the end of a failure", observed(due, later(time.Minute)), after(observed(due), down),
			And(HaveField("Status.Failure", BeNil()), HaveField("Status", haveCondition(ready, yes, v1alpha1.ReasonTokenIssued)),
				HaveField("Status.Conditions", HaveLen(1)), HaveField("Events", ConsistOf(HaveField("Reason", v1alpha1.EventRecovered))))),
		Entry("the answer to a renew request", observed(renewRequested), idle,
			And(HaveField("Status.LastHandledRenewRequest", "today"), HaveField("Events", BeEmpty()))),
		Entry("a token of the current generation, which also applies to the next request", observed(due, func(in *renewal.Input) { in.Generation = 9 }), idle,
			And(HaveField("Status.ObservedGeneration", HaveValue(BeEquivalentTo(9))), HaveField("Status.Token.RenewAt.Time", now.Add(5*time.Minute)))),
	)

	It("does not repeat a notice", func() {
		again := sameAgain
		again.Notices = []oauth2.Notice{{Reason: v1alpha1.EventLifetimeAssumed, Message: "assumed"}}
		Expect(report(observed(due), again, unseen).Events).NotTo(ContainElement(HaveField("Reason", v1alpha1.EventLifetimeAssumed)))
	})

	It("does not change the observed input", func() {
		in := observed(due)
		in.Last = renewal.Last{Generation: 1}
		status.Compute(status.Input{Observed: in, Decision: renewal.Decide(in), Outcome: sameAgain, Previous: idle})
		Expect(in.Last).To(Equal(renewal.Last{Generation: 1}))
	})

	DescribeTable("is no longer postponed",
		func(in renewal.Input, outcome status.Outcome, renewAt time.Time) {
			before := report(observed(aged(40*time.Minute)), sameAgain, idle).Status
			Expect(report(in, outcome, before).Status.Token.RenewAt.Time).To(Equal(renewAt.Truncate(time.Second)))
		},
		Entry("after another token was issued", observed(aged(40*time.Minute), later(10*time.Minute)), issued(observed(later(10*time.Minute)), time.Hour),
			renewal.Policy{Seed: "uid"}.RenewAt(now.Add(10*time.Minute), now.Add(70*time.Minute))),
		Entry("after an edit of the spec", observed(aged(40*time.Minute), func(in *renewal.Input) { in.Generation = 4 }), down,
			observed(aged(40*time.Minute)).RenewAt()),
		Entry("while suspended, because the end of the suspension is a fresh start", observed(aged(40*time.Minute), suspended), nothing,
			observed(aged(40*time.Minute)).RenewAt()),
	)

	It("stays postponed while the next request fails, because that request has its own retry", func() {
		before := report(observed(aged(40*time.Minute)), sameAgain, idle).Status
		told := report(observed(aged(40*time.Minute), later(10*time.Minute)), down, before)
		Expect(told.Status.Token).To(Equal(before.Token))
		Expect(told.RequeueAt).To(Equal(told.Status.Failure.RetryAt.Time))
		Expect(told.Status).To(haveCondition(renewalFailing, yes, v1alpha1.ReasonServerError))
	})

	DescribeTable("is not trusted in a status that was tampered with:",
		func(change func(*v1alpha1.TokenStatus)) {
			in := observed(aged(40 * time.Minute))
			before := report(in, sameAgain, idle).Status
			change(before.Token)
			told := report(in, nothing, before)
			Expect(told.Status.Token).To(Equal(after(in, nothing).Token))
			Expect(renewal.Decide(withLast(observed(due), before)).Action).To(Equal(renewal.Exchange))
		},
		Entry("a next request far in the future", func(t *v1alpha1.TokenStatus) { t.RenewAt = second(now.AddDate(1, 0, 0)) }),
		Entry("an expiry and a next request far in the future", func(t *v1alpha1.TokenStatus) {
			t.ExpiresAt, t.RenewAt = second(now.AddDate(1, 0, 0)), second(now.AddDate(1, 0, 0))
		}),
		Entry("another issue time", func(t *v1alpha1.TokenStatus) { t.IssuedAt = second(now) }),
		Entry("no next request", func(t *v1alpha1.TokenStatus) { t.RenewAt = second(time.Time{}) }),
	)
})

var _ = Describe("a deferred request", func() {
	const server = "https://idp.example.com"
	later := now.Add(time.Hour)
	deferred := func(deferral *renewal.Deferral) status.Outcome { return status.Outcome{Deferred: deferral} }

	DescribeTable("is reported",
		func(deferral *renewal.Deferral, reason string) {
			in := observed(noTarget)
			told := status.Compute(status.Input{Observed: in, Outcome: deferred(deferral), Previous: unseen})
			Expect(told.Status.Conditions).To(ConsistOf(condition(ready, no, reason), condition(reconciling, yes, reason)))
			Expect(told.Status.Failure).To(BeNil())
			Expect(told.Status.LastHandledRenewRequest).To(BeEmpty())
			Expect(told.RequeueAt).To(Equal(later))
		},
		Entry("for a busy host, after half a minute", renewal.Busy(server, now.Add(-30*time.Second), later), v1alpha1.ReasonTokenEndpointBusy),
		Entry("for a rate limit", renewal.Throttled(server, 30, time.Minute, later), v1alpha1.ReasonRateLimited),
		Entry("for a pause", renewal.Paused(observed(noTarget), server, now, later), v1alpha1.ReasonRateLimited),
	)

	It("for a busy host writes no status during the first half minute", func() {
		told := status.Compute(status.Input{Observed: observed(noTarget), Outcome: deferred(renewal.Busy(server, now.Add(-10*time.Second), later))})
		Expect(told).To(Equal(status.Report{RequeueAt: now.Add(20 * time.Second)}))
	})

	It("for a busy host is reported immediately if the status shows another problem", func() {
		before := after(observed(), issued(observed(), time.Hour))
		told := status.Compute(status.Input{
			Observed: observed(noTarget), Outcome: deferred(renewal.Busy(server, now.Add(-10*time.Second), later)), Previous: before,
		})
		Expect(told.Status).To(haveCondition(ready, no, v1alpha1.ReasonTokenEndpointBusy))
	})

	DescribeTable("for a busy host, if the status shows a failure,",
		func(edit change, matched OmegaMatcher) {
			before := after(observed(noTarget), down)
			in := observed(noTarget, edit)
			told := status.Compute(status.Input{Observed: in, Outcome: deferred(renewal.Busy(server, now.Add(-10*time.Second), later)), Previous: before})
			Expect(told).To(matched)
			Expect(told.RequeueAt).To(Equal(now.Add(20 * time.Second)))
		},
		Entry("writes no status if only the authorization server was edited", func(in *renewal.Input) { in.RequestHash = "other" }, HaveField("Events", BeEmpty())),
	)

	It("is requeued when the token expires", func() {
		in := observed()
		told := status.Compute(status.Input{Observed: in, Outcome: deferred(renewal.Throttled(server, 30, time.Minute, now.AddDate(1, 0, 0))), Previous: unseen})
		Expect(told.RequeueAt).To(Equal(in.Target.Record.ExpiresAt))
	})

	It("keeps the count of earlier failed attempts", func() {
		before := after(observed(noTarget), down)
		told := status.Compute(status.Input{
			Observed: observed(noTarget, renewRequested), Outcome: deferred(renewal.Paused(observed(noTarget), server, now, later)), Previous: before,
		})
		Expect(told.Status.Failure).To(Equal(before.Failure))
		Expect(told.Status).To(haveCondition(ready, no, v1alpha1.ReasonRateLimited))
	})
})
