package status_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = It("The renew request that a token answers is reported, unless it is too long for the status", func() {
	told := func(request string) string {
		in := observed()
		in.Target.Record.RenewRequest = request
		return report(in, status.Outcome{}, idle).Status.Token.RenewRequest
	}
	Expect(told("")).To(BeEmpty())
	Expect(told("2026-03-01T12:00:00Z")).To(Equal("2026-03-01T12:00:00Z"))
	Expect(told(strings.Repeat("x", 1025))).To(BeEmpty())
})

var _ = Describe("the token in the status", func() {
	It("is reported without the token value", func() {
		in := observed()
		token := after(in, nothing).Token
		Expect(*token).To(And(
			HaveField("SecretName", "shop-token"), HaveField("Scope", "read"),
			HaveField("IssuedAt.Time", now.Add(-10*time.Minute)), HaveField("ExpiresAt.Time", now.Add(50*time.Minute)),
			HaveField("RenewAt.Time", in.RenewAt().Truncate(time.Second))))
	})

	DescribeTable("is",
		func(in renewal.Input, outcome status.Outcome, expiresAt *time.Time) {
			token := report(in, outcome, idle).Status.Token
			if expiresAt == nil {
				Expect(token).To(BeNil())
				return
			}
			Expect(token.ExpiresAt.Time).To(Equal(*expiresAt))
		},
		Entry("the new token after a renewal", observed(due), issued(observed(), time.Hour), fromNow(time.Hour)),
		Entry("the old token after a failure", observed(due), down, fromNow(10*time.Minute)),
		Entry("the old token, even after it expired", observed(expired), down, fromNow(-time.Hour)),
		Entry("the current token while suspended", observed(suspended), nothing, fromNow(50*time.Minute)),
		Entry("absent without a Secret", observed(noTarget), down, nil),
		Entry("absent if the Secret has another owner", observed(foreignTarget), nothing, nil),
	)
})

func second(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }

func fromNow(d time.Duration) *time.Time {
	t := now.Add(d)
	return &t
}

var _ = Describe("the failure in the status", func() {
	It("describes the last attempt and the next", func() {
		in := observed(noTarget)
		failure := after(in, down).Failure
		Expect(*failure).To(And(
			HaveField("Reason", v1alpha1.ReasonServerError), HaveField("Message", "message of ServerError"),
			HaveField("Attempts", BeEquivalentTo(1)), HaveField("CredentialsVersion", "7"), HaveField("LastAttemptAt.Time", now)))
		Expect(failure.RetryAt.Time).To(BeTemporally("~", now.Add(4500*time.Millisecond), 1500*time.Millisecond))
	})

	It("has no version of the credentials if there is no credentials Secret", func() {
		in := observed(noTarget, func(in *renewal.Input) { in.Credentials = nil })
		Expect(after(in, down).Failure.CredentialsVersion).To(BeEmpty())
	})

	It("records the version of the authorization server's object, so that a change of it is noticed", func() {
		in := observed(noTarget, serverChanged)
		Expect(after(in, down).Failure.AuthorizationServerVersion).To(Equal("server-uid/2"))
		Expect(after(observed(noTarget), down).Failure.AuthorizationServerVersion).To(BeEmpty())
		Expect(renewal.Decide(withLast(in, after(in, down)))).To(HaveField("Why", "backing off"))
		Expect(renewal.Decide(withLast(in, after(observed(noTarget), down))).Action).To(Equal(renewal.Exchange))
	})

	DescribeTable("counts",
		func(attempts int, changes ...change) {
			before := after(observed(noTarget), down)
			before.Failure.Attempts, before.Failure.AttemptsByClass[0].Attempts = 4, 4
			in := observed(append([]change{noTarget, later(time.Hour)}, changes...)...)
			Expect(report(in, down, before).Status.Failure.Attempts).To(BeEquivalentTo(attempts))
		},
		Entry("one attempt after the other", 5),
		Entry("from one after an edit of the spec", 1, func(in *renewal.Input) { in.Generation = 4 }),
		Entry("from one after a change of the credentials", 1, credentialsEdited),
		Entry("from one for a new renew request", 1, renewRequested),
		Entry("from one after a change of the referenced authorization server", 1, serverChanged),
	)

	DescribeTable("is still the refusal of the credentials after the API server failed twice,",
		func(told string, changes ...change) {
			before := after(observed(noTarget), refused)
			status := before
			for _, passed := range []time.Duration{10 * time.Second, 20 * time.Second} {
				in := observed(append([]change{noTarget, later(passed)}, changes...)...)
				status = report(in, failed(v1alpha1.ReasonAPIRequestFailed, problem.Unavailable), status).Status
				Expect(status.Failure).To(Equal(before.Failure))
				Expect(status.Conditions).To(matchers.HaveCondition("Reconciling", "True", told))
			}
		},
		Entry("and is reported", v1alpha1.ReasonInvalidClient),
		Entry("but is not reported if the credentials Secret was edited, and cannot be read", v1alpha1.ReasonAPIRequestFailed, credentialsEdited),
	)

	same := status.Request{IsRead: true, IsSent: true, Refused: &v1alpha1.FailureStatus{
		AttemptsByClass: []v1alpha1.ClassAttempts{{Class: problem.CredentialsRefused, Attempts: 1}, {Class: problem.Unavailable, Attempts: 7}},
	}}
	other := status.Request{IsRead: true, IsSent: true, IsOther: true}

	DescribeTable("counts refused credentials",
		func(attempts int32, request status.Request, changes ...change) {
			before := after(observed(noTarget), refused)
			outcome := refused
			outcome.Request = request
			in := observed(append([]change{noTarget, later(time.Hour)}, changes...)...)
			Expect(report(in, outcome, before).Status.Failure.AttemptsByClass).To(
				ConsistOf(v1alpha1.ClassAttempts{Class: problem.CredentialsRefused, Attempts: attempts}))
		},
		Entry("one after the other, although the credentials Secret was edited", int32(2), same, credentialsEdited),
		Entry("one after the other, although the spec was edited", int32(2), same, func(in *renewal.Input) { in.Generation = 4 }),
		Entry("one after the other, if a restart lost the request", int32(2), status.Request{IsRead: true, IsSent: true}, credentialsEdited),
		Entry("from one if the credentials are different", int32(1), other, credentialsEdited),
		Entry("from one if a renewal was requested", int32(1), same, renewRequested),
	)

	It("continues the count of refused credentials even if a token was issued for other credentials in between", func() {
		outcome := refused
		outcome.Request = same
		told := report(observed(noTarget, credentialsEdited), outcome, unseen).Status
		Expect(told.Failure.AttemptsByClass).To(ConsistOf(v1alpha1.ClassAttempts{Class: problem.CredentialsRefused, Attempts: 2}))
	})

	DescribeTable("continues to count refused credentials, and no other failure, after an edit",
		func(request status.Request, outcome status.Outcome, expected ...v1alpha1.ClassAttempts) {
			before := after(observed(noTarget), refused)
			before = report(observed(noTarget, later(time.Hour)), failed(v1alpha1.ReasonRequestRefused, problem.MayPass), before).Status
			outcome.Request = request
			in := observed(noTarget, later(2*time.Hour), credentialsEdited)
			Expect(report(in, outcome, before).Status.Failure.AttemptsByClass).To(ConsistOf(expected))
		},
		Entry("if the server fails", same, failed(v1alpha1.ReasonServerError, problem.Unavailable),
			v1alpha1.ClassAttempts{Class: problem.CredentialsRefused, Attempts: 1}, v1alpha1.ClassAttempts{Class: problem.Unavailable, Attempts: 1}),
		Entry("if the API server fails before a request", status.Request{}, failed(v1alpha1.ReasonAPIRequestFailed, problem.Unavailable),
			v1alpha1.ClassAttempts{Class: problem.CredentialsRefused, Attempts: 1}, v1alpha1.ClassAttempts{Class: problem.Unavailable, Attempts: 1}),
		Entry("unless the request is different", other, failed(v1alpha1.ReasonServerError, problem.Unavailable),
			v1alpha1.ClassAttempts{Class: problem.Unavailable, Attempts: 1}),
	)

	It("has a message that fits into a condition", func() {
		outcome := failed(v1alpha1.ReasonTargetConflict, problem.ObjectNotReady)
		outcome.Failure.Message = strings.Repeat("\u00fc", 40_000)
		told := report(observed(noTarget), outcome, unseen).Status
		Expect(len(told.Failure.Message)).To(BeNumerically("<", 5000))
		Expect(told.Conditions).To(HaveEach(HaveField("Message", HaveSuffix("ü..."))))
	})

	It("is still the refusal of the credentials while the credentials Secret is incomplete", func() {
		before := after(observed(noTarget), refused)
		told := report(observed(noTarget, credentialsEdited, later(10*time.Second)), failed(v1alpha1.ReasonCredentialsMissing, problem.ObjectNotReady), before).Status
		Expect(told.Failure).To(Equal(before.Failure))
		Expect(told.Conditions).To(matchers.HaveCondition("Reconciling", "True", v1alpha1.ReasonCredentialsMissing))
	})

	DescribeTable("is replaced by another failure although credentials were refused",
		func(outcome status.Outcome, changes ...change) {
			before := after(observed(noTarget), refused)
			outcome.Request = other
			in := observed(append([]change{noTarget, later(10 * time.Second)}, changes...)...)
			Expect(report(in, outcome, before).Status.Failure.Reason).To(Equal(outcome.Failure.Reason))
		},
		Entry("if the spec changed", down, func(in *renewal.Input) { in.Generation = 4 }),
		Entry("if the credentials changed, and the server is down", down, credentialsEdited),
		Entry("if the credentials changed, and a template cannot use the token", failed(v1alpha1.ReasonTargetTemplateInvalid, problem.Invalid), credentialsEdited),
		Entry("if the wait is over", down, later(time.Hour)),
		Entry("if the refusal was recorded with a clock that was ahead", down, later(-2*time.Hour)),
		Entry("if they are refused again", refused, later(2*time.Minute)),
	)

	DescribeTable("is",
		func(remains bool, in renewal.Input, outcome status.Outcome) {
			before := after(observed(due), down)
			if failure := report(in, outcome, before).Status.Failure; remains {
				Expect(failure).To(Equal(before.Failure))
			} else {
				Expect(failure).To(BeNil())
			}
		},
		Entry("over with a new token", false, observed(due, later(time.Hour)), issued(observed(), time.Hour)),
		Entry("not over during the backoff", true, observed(due, later(time.Second)), nothing),
		Entry("kept when a Secret is missing for a moment", true, observed(due, credentialsGone), nothing),
		Entry("cleared by a suspension, which is a fresh start", false, observed(due, suspended), nothing),
	)

	DescribeTable("has the server's Retry-After",
		func(class problem.Class, at time.Time) {
			in := observed(noTarget)
			in.Now = at
			outcome := failed(v1alpha1.ReasonRateLimited, class)
			outcome.Failure.RetryAfter = 2 * time.Hour
			told := report(in, outcome, unseen)
			Expect(told.Status.Failure.RetryAt.Time).To(And(
				BeTemporally(">=", at.Add(2*time.Hour)), BeTemporally("<", at.Add(2*time.Hour+time.Second))))
			Expect(told.RequeueAt).To(BeTemporally(">=", at.Add(2*time.Hour)))
		},
		Entry("instead of the backoff", problem.Unavailable, now),
		Entry("instead of the hourly probe", problem.Invalid, now),
		Entry("in full, although the status has only whole seconds", problem.Unavailable, now.Add(900*time.Millisecond)),
	)
})

var _ = DescribeTable("the next reconcile comes",
	func(observation renewal.Input, outcome status.Outcome, expected func(renewal.Input, status.Report) time.Time) {
		told := report(observation, outcome, idle)
		Expect(told.RequeueAt).To(Equal(expected(observation, told)))
	},
	Entry("at the renewal of a good token", observed(), nothing,
		func(in renewal.Input, _ status.Report) time.Time { return in.RenewAt() }),
	Entry("at the renewal of a new token, not of the old token", observed(due), issued(observed(), time.Hour),
		func(_ renewal.Input, told status.Report) time.Time {
			return renewal.Policy{Seed: "uid"}.RenewAt(now, told.Status.Token.ExpiresAt.Time)
		}),
	Entry("at the retry after a failure", observed(noTarget), down, retry),
	Entry("at the retry after a failure that the old token outlives", observed(due), down, retry),
	Entry("before the old token expires, even if an object must change", observed(due), refused, retry),
	Entry("at the expiry of the old token if that comes before the retry", observed(due), limited,
		func(in renewal.Input, _ status.Report) time.Time { return in.Target.Record.ExpiresAt }),
	Entry("at the retry if someone tampered with the old token", observed(due, drifted), refused, retry),
	Entry("at the expiry of a suspended token", observed(suspended), nothing,
		func(in renewal.Input, _ status.Report) time.Time { return in.Target.Record.ExpiresAt }),
	Entry("never if only a change can help", observed(noTarget, templateWrong), nothing,
		func(renewal.Input, status.Report) time.Time { return time.Time{} }),
	Entry("when a problem becomes Stalled", observed(noTarget, credentialsGone), nothing,
		func(renewal.Input, status.Report) time.Time { return now.Add(2 * time.Minute) }),
)

func retry(_ renewal.Input, told status.Report) time.Time { return told.Status.Failure.RetryAt.Time }

var _ = Describe("a renew request", func() {
	DescribeTable("is reported as handled",
		func(expected string, in renewal.Input, outcome status.Outcome, previous reported) {
			Expect(report(in, outcome, previous).Status.LastHandledRenewRequest).To(Equal(expected))
		},
		Entry("once the token is issued", "today", observed(renewRequested), issued(observed(), time.Hour), idle),
		Entry("once it was tried, because the backoff takes over", "today", observed(renewRequested), down, idle),
		Entry("but not while suspended", "", observed(renewRequested, suspended), nothing, idle),
		Entry("but not while a problem prevents it", "", observed(renewRequested, credentialsGone), nothing, idle),
		Entry("even after the annotation is removed", "today", observed(), nothing, handled("today")),
		Entry("even after a later renewal without a request", "today", observed(due), issued(observed(), time.Hour), handled("today")),
		Entry("in place of the previous request", "today", observed(renewRequested), issued(observed(), time.Hour), handled("yesterday")),
		Entry("only if it exists", "", observed(due), issued(observed(), time.Hour), idle),
	)

	It("that failed is retried until it succeeds, and not after that", func() {
		tried := report(observed(renewRequested), down, idle).Status
		Expect(renewal.Decide(withLast(observed(renewRequested, later(time.Minute)), tried)).Action).To(Equal(renewal.Exchange))
		again := observed(renewRequested, later(time.Minute))
		renewed := report(again, issued(again, time.Hour), tried).Status
		Expect(renewed).To(haveCondition(ready, yes, v1alpha1.ReasonTokenIssued))
		Expect(renewed.Failure).To(BeNil())
	})
})

var _ = It("a failure is recorded for the credentials that were read live", func() {
	outcome := down
	outcome.Credentials = &renewal.Credentials{Name: "shop-client", Version: "8", Allowed: true}
	Expect(report(observed(due), outcome, idle).Status.Failure).To(HaveValue(HaveField("CredentialsVersion", "8")))
})

func handled(request string) reported {
	status := *idle.DeepCopy()
	status.LastHandledRenewRequest = request
	return status
}

func withLast(in renewal.Input, previous reported) renewal.Input {
	in.Last = renewal.Last{
		Generation: *previous.ObservedGeneration, RenewRequest: previous.LastHandledRenewRequest,
		Failure: previous.Failure, Token: previous.Token,
	}
	return in
}
