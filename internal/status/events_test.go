package status_test

import (
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

func normal(reason string) status.Event {
	return status.Event{Type: corev1.EventTypeNormal, Reason: reason}
}

func warning(reason string) status.Event {
	return status.Event{Type: corev1.EventTypeWarning, Reason: reason}
}

// happened returns the events of a report, without their messages, which must not be empty.
func happened(in renewal.Input, outcome status.Outcome, previous reported) (events []status.Event) {
	GinkgoHelper()
	for _, event := range report(in, outcome, previous).Events {
		Expect(event.Message).NotTo(BeEmpty())
		events = append(events, status.Event{Type: event.Type, Reason: event.Reason})
	}
	return events
}

var _ = Describe("an event", func() {
	DescribeTable("reports a transition:",
		func(in renewal.Input, outcome status.Outcome, previous reported, event status.Event) {
			Expect(happened(in, outcome, previous)).To(ConsistOf(event))
		},
		Entry("the first token", observed(noTarget), issued(observed(), time.Hour), unseen, normal(v1alpha1.ReasonTokenIssued)),
		Entry("the first token after failures", observed(noTarget, later(time.Minute)), issued(observed(), time.Hour), after(observed(noTarget), down), normal(v1alpha1.ReasonTokenIssued)),
		Entry("a failure without a token", observed(noTarget), down, unseen, warning(v1alpha1.ReasonServerError)),
		Entry("a failure of a renewal", observed(due), refused, idle, warning(v1alpha1.ReasonInvalidClient)),
		Entry("a different failure", observed(due, later(time.Hour)), refused, after(observed(due), down), warning(v1alpha1.ReasonInvalidClient)),
		Entry("a recovery", observed(due, later(time.Minute)), issued(observed(), time.Hour), after(observed(due), down), normal(v1alpha1.EventRecovered)),
		Entry("a recovery after the token had expired", observed(expired, later(time.Minute)), issued(observed(), time.Hour), after(observed(expired), down), normal(v1alpha1.EventRecovered)),
		Entry("a recovery by a change in the cluster", observed(), nothing, after(observed(credentialsGone), nothing), normal(v1alpha1.EventRecovered)),
		Entry("a conflict", observed(foreignTarget), nothing, unseen, warning(v1alpha1.ReasonTargetConflict)),
		Entry("credentials that are gone", observed(credentialsGone), nothing, idle, warning(v1alpha1.ReasonCredentialsNotFound)),
	)

	DescribeTable("does not report",
		func(in renewal.Input, outcome status.Outcome, previous reported) {
			Expect(happened(in, outcome, previous)).To(BeEmpty())
		},
		Entry("a routine renewal", observed(due), issued(observed(), time.Hour), idle),
		Entry("a renewal on request", observed(renewRequested), issued(observed(renewRequested), time.Hour), idle),
		Entry("a good token", observed(), nothing, idle),
		Entry("the same failure again", observed(due, later(time.Hour)), down, after(observed(due), down)),
		Entry("the same failure after the token expired", observed(expired, later(time.Hour)), down, after(observed(due), down)),
		Entry("a backoff", observed(due, later(time.Second)), nothing, after(observed(due), down)),
		Entry("the same conflict again", observed(foreignTarget), nothing, after(observed(foreignTarget), nothing)),
		Entry("suspension", observed(suspended), nothing, idle),
		Entry("suspension without a token", observed(noTarget, suspended), nothing, unseen),
		Entry("suspension after a failure", observed(noTarget, suspended), nothing, after(observed(noTarget), down)),
		Entry("the end of suspension", observed(), nothing, after(observed(suspended), nothing)),
	)

	DescribeTable("reports a notice",
		func(told bool, reason string, previous renewal.Input, status reported) {
			present := observed(credentialsEdited)
			outcome := issued(present, time.Hour, reason)
			present.Target = previous.Target
			events := happened(present, outcome, status)
			if told {
				Expect(events).To(ContainElement(warning(reason)))
			} else {
				Expect(events).To(BeEmpty())
			}
		},
		Entry("about trimmed credentials with the first token", true, v1alpha1.EventCredentialsTrimmed, observed(noTarget), unseen),
		Entry("about trimmed credentials, but not after the token Secret was deleted", false, v1alpha1.EventCredentialsTrimmed, observed(noTarget), idle),
		Entry("about trimmed credentials after a change of the spec", true, v1alpha1.EventCredentialsTrimmed, withRecord("other", "8"), idle),
		Entry("about trimmed credentials after an edit of the credentials", true, v1alpha1.EventCredentialsTrimmed, withRecord("hash", "7"), idle),
		Entry("about trimmed credentials, but not at each renewal", false, v1alpha1.EventCredentialsTrimmed, withRecord("hash", "8"), idle),
		Entry("about an assumed lifetime with the first token", true, v1alpha1.EventLifetimeAssumed, observed(noTarget), unseen),
		Entry("about an assumed lifetime after a change of the spec", true, v1alpha1.EventLifetimeAssumed, withRecord("other", "8"), idle),
		Entry("about an assumed lifetime, but not after an edit of the credentials", false, v1alpha1.EventLifetimeAssumed, withRecord("hash", "7"), idle),
		Entry("about an assumed lifetime, but not at each renewal", false, v1alpha1.EventLifetimeAssumed, withRecord("hash", "8"), idle),
	)

	DescribeTable("warns about lifetimes that are too short for the kubelet",
		func(told bool, lifetime time.Duration, status reported, changes ...change) {
			in := observed(changes...)
			warns := ContainElement(warning(v1alpha1.EventLifetimeShort))
			if !told {
				warns = Not(warns)
			}
			Expect(happened(in, issued(in, lifetime), status)).To(warns)
		},
		Entry("with the first token", true, 5*time.Minute, unseen, noTarget),
		Entry("after a change of the spec", true, 5*time.Minute, idle, specChanged),
		Entry("not at each renewal", false, 5*time.Minute, idle, due),
		Entry("not when a third of the lifetime is enough", false, time.Hour, unseen, noTarget),
		Entry("not when renewBefore is just enough", false, time.Hour, unseen, noTarget,
			func(in *renewal.Input) { in.Policy.Before = 150 * time.Second }),
	)

	It("about a short lifetime does not depend on the random part of the renewal", func() {
		for i := range 100 {
			in := observed(noTarget, func(in *renewal.Input) {
				in.Policy = renewal.Policy{Seed: strconv.Itoa(i), Before: 10 * time.Second}
			})
			Expect(happened(in, issued(in, time.Hour), unseen)).To(ContainElement(warning(v1alpha1.EventLifetimeShort)), "seed %d", i)
		}
	})

	It("about a short lifetime shows the numbers", func() {
		in := observed(noTarget)
		Expect(report(in, issued(in, time.Minute), unseen).Events).To(ContainElement(
			HaveField("Message", And(ContainSubstring("lives 1m0s"), ContainSubstring("2m30s")))))
	})

	It("about a transition is recorded together with an event about a notice", func() {
		in := observed(noTarget)
		Expect(happened(in, issued(in, time.Minute, v1alpha1.EventCredentialsTrimmed), unseen)).To(ConsistOf(
			normal(v1alpha1.ReasonTokenIssued), warning(v1alpha1.EventCredentialsTrimmed), warning(v1alpha1.EventLifetimeShort)))
	})
})

// withRecord returns a ClientCredential whose token was issued for the given request and version of the
// credentials.
func withRecord(requestHash, credentialsVersion string) renewal.Input {
	return observed(func(in *renewal.Input) {
		in.Target.Record.RequestHash, in.Target.Record.CredentialsVersion = requestHash, credentialsVersion
	})
}
