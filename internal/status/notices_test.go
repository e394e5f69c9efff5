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

var _ = Describe("a notice about a renewed token", func() {
	const reason = v1alpha1.EventTokenBound
	notice := oauth2.Notice{Reason: reason, Message: "message of " + reason}

	renewed := func(told []oauth2.Notice, previous reported, outcome func(renewal.Input) status.Outcome) (events []status.Event) {
		in := observed(due)
		in.Last.Token = previous.Token
		return status.Compute(status.Input{
			Observed: in, Decision: renewal.Decide(in), Outcome: outcome(in), Previous: previous, ReportedNotices: told,
		}).Events
	}
	bound := func(in renewal.Input) status.Outcome { return issued(in, time.Hour, reason) }
	about := ContainElement(HaveField("Reason", reason))

	It("is reported if it did not apply to earlier tokens", func() {
		Expect(renewed([]oauth2.Notice{}, idle, bound)).To(about)
		Expect(renewed([]oauth2.Notice{{Reason: reason, Message: "another"}}, idle, bound)).To(about)
	})

	It("is not reported again", func() {
		Expect(renewed([]oauth2.Notice{notice}, idle, bound)).NotTo(about)
	})

	It("is not reported after a restart, because earlier notices are not known", func() {
		Expect(renewed(nil, idle, bound)).NotTo(about)
	})

	It("is reported for the scope of a restored Secret whose ClientCredential has no status", func() {
		differs := func(in renewal.Input) status.Outcome {
			outcome := issued(in, time.Hour, v1alpha1.EventScopeDiffers)
			outcome.Target.Record.Scope = "other"
			return outcome
		}
		Expect(renewed(nil, unseen, differs)).To(ContainElement(HaveField("Reason", v1alpha1.EventScopeDiffers)))
	})

	It("is reported for the scope even after a restart, because the status has the last scope", func() {
		differs := func(scope string) func(renewal.Input) status.Outcome {
			return func(in renewal.Input) status.Outcome {
				outcome := issued(in, time.Hour, v1alpha1.EventScopeDiffers)
				outcome.Target.Record.Scope = scope
				return outcome
			}
		}
		scope := ContainElement(HaveField("Reason", v1alpha1.EventScopeDiffers))
		Expect(renewed(nil, idle, differs("another"))).To(scope)
		Expect(renewed(nil, idle, differs(idle.Token.Scope))).NotTo(scope)
	})
})
