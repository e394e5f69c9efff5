package status_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

var _ = Describe("the conditions", func() {
	// Each entry lists all conditions: a condition that is false must be absent.
	DescribeTable("are",
		func(in renewal.Input, outcome status.Outcome, previous reported, conditions ...types.GomegaMatcher) {
			Expect(report(in, outcome, previous).Status.Conditions).To(ConsistOf(conditions))
		},
		Entry("only Ready while there is a good token", observed(), nothing, unseen,
			condition(ready, yes, v1alpha1.ReasonTokenIssued)),
		Entry("only Ready after the first token", observed(noTarget), issued(observed(), time.Hour), unseen,
			condition(ready, yes, v1alpha1.ReasonTokenIssued)),
		Entry("only Ready after a recovery", observed(due), issued(observed(), time.Hour), after(observed(due), refused),
			condition(ready, yes, v1alpha1.ReasonTokenIssued)),
		Entry("only Ready after an edit that left the token good", observed(later(time.Minute)), nothing, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued)),

		Entry("Reconciling without a token after an outage", observed(noTarget), down, unseen,
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),
		Entry("Stalled without a token after a failure that needs a change", observed(noTarget), wrong, unseen,
			condition(ready, no, v1alpha1.ReasonTargetTemplateInvalid), condition(stalled, yes, v1alpha1.ReasonTargetTemplateInvalid)),
		Entry("Reconciling when the token cannot be written", observed(noTarget), failed(v1alpha1.ReasonSecretWriteFailed, problem.Unavailable), unseen,
			condition(ready, no, v1alpha1.ReasonSecretWriteFailed), condition(reconciling, yes, v1alpha1.ReasonSecretWriteFailed)),
		Entry("Reconciling without a token after a failure that may be temporary", observed(noTarget), strange, unseen,
			condition(ready, no, v1alpha1.ReasonInvalidRequest), condition(reconciling, yes, v1alpha1.ReasonInvalidRequest)),
		Entry("Stalled without a token when a failure that may be temporary is two minutes old", observed(noTarget, later(2*time.Minute)), strange, after(observed(noTarget), strange),
			condition(ready, no, v1alpha1.ReasonInvalidRequest), condition(stalled, yes, v1alpha1.ReasonInvalidRequest)),
		Entry("Stalled during a backoff when a failure that may be temporary is two minutes old", observed(noTarget, later(2*time.Minute)), nothing, withRetryAt(after(observed(noTarget), strange), now.Add(time.Hour)),
			condition(ready, no, v1alpha1.ReasonInvalidRequest), condition(stalled, yes, v1alpha1.ReasonInvalidRequest)),
		Entry("Reconciling when an outage is an hour old", observed(noTarget, later(time.Hour)), down, after(observed(noTarget), down),
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),
		Entry("Ready and RenewalFailing while the old token is still good, and the failure may be temporary", observed(due), strange, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonInvalidRequest)),
		Entry("Ready and RenewalFailing while the old token is still good", observed(due), down, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonServerError)),
		Entry("Ready, RenewalFailing and Stalled while the old token is still good and an object must change", observed(due), wrong, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonTargetTemplateInvalid), condition(stalled, yes, v1alpha1.ReasonTargetTemplateInvalid)),
		Entry("Reconciling once the old token expired", observed(expired), down, idle,
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),
		Entry("Reconciling when the old token is for another spec", observed(specChanged), down, idle,
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),
		Entry("Ready and RenewalFailing when someone removed the Secret's label, and the Secret cannot be written", observed(relabelled), down, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonServerError)),
		Entry("Stalled when the Secret is outdated, and the template cannot be rendered", observed(outdated, templateWrong), nothing, idle,
			condition(ready, no, v1alpha1.ReasonTargetTemplateInvalid), condition(stalled, yes, v1alpha1.ReasonTargetTemplateInvalid)),
		Entry("Reconciling when the Secret is outdated, and cannot be written", observed(outdated), failed(v1alpha1.ReasonSecretWriteFailed, problem.Unavailable), idle,
			condition(ready, no, v1alpha1.ReasonSecretWriteFailed), condition(reconciling, yes, v1alpha1.ReasonSecretWriteFailed)),
		Entry("Reconciling when the Secret is outdated, and the credentials are gone", observed(outdated, credentialsGone), nothing, idle,
			condition(ready, no, v1alpha1.ReasonCredentialsNotFound), condition(reconciling, yes, v1alpha1.ReasonCredentialsNotFound)),
		Entry("only Ready when the Secret is outdated, and nothing prevents its update", observed(outdated), nothing, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued)),
		Entry("Ready, RenewalFailing and Stalled when the Secret is up to date, but its template can no longer be rendered", observed(templateWrong), nothing, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonTargetTemplateInvalid), condition(stalled, yes, v1alpha1.ReasonTargetTemplateInvalid)),
		Entry("only Ready once the Secret is up to date", observed(outdated), issued(observed(outdated), time.Hour), after(observed(outdated, templateWrong), nothing),
			condition(ready, yes, v1alpha1.ReasonTokenIssued)),
		Entry("Stalled when someone deletes the Secret again and again", observed(noTarget, contested), nothing, idle,
			condition(ready, no, v1alpha1.ReasonTargetContested), condition(stalled, yes, v1alpha1.ReasonTargetContested)),
		Entry("Reconciling when someone changed the Secret and the token cannot be replaced", observed(drifted), down, idle,
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),
		Entry("no longer Stalled when the failure becomes an outage", observed(noTarget, later(2*time.Hour)), down, after(observed(noTarget), refused),
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),

		Entry("Reconciling again when a backoff continues after the target temporarily had another owner", observed(noTarget, later(time.Second)), nothing,
			report(observed(foreignTarget), nothing, after(observed(noTarget), down)).Status,
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),
		Entry("unchanged during a backoff: Reconciling", observed(noTarget, later(time.Second)), nothing, after(observed(noTarget), down),
			condition(ready, no, v1alpha1.ReasonServerError), condition(reconciling, yes, v1alpha1.ReasonServerError)),
		Entry("unchanged during a backoff: Stalled", observed(noTarget, later(time.Second)), nothing, after(observed(noTarget), wrong),
			condition(ready, no, v1alpha1.ReasonTargetTemplateInvalid), condition(stalled, yes, v1alpha1.ReasonTargetTemplateInvalid)),
		Entry("unchanged during a backoff: RenewalFailing", observed(due, later(time.Second)), nothing, after(observed(due), down),
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonServerError)),
		Entry("no longer Ready when the token expires during a backoff", observed(expired, later(time.Second)), nothing, after(observed(due), wrong),
			condition(ready, no, v1alpha1.ReasonTargetTemplateInvalid), condition(stalled, yes, v1alpha1.ReasonTargetTemplateInvalid)),

		Entry("Reconciling without a token when the credentials do not exist yet", observed(noTarget, credentialsGone), nothing, unseen,
			condition(ready, no, v1alpha1.ReasonCredentialsNotFound), condition(reconciling, yes, v1alpha1.ReasonCredentialsNotFound)),
		Entry("Stalled without a token when the credentials do not exist after two minutes", observed(noTarget, credentialsGone, later(2*time.Minute)), nothing, after(observed(noTarget, credentialsGone), nothing),
			condition(ready, no, v1alpha1.ReasonCredentialsNotFound), condition(stalled, yes, v1alpha1.ReasonCredentialsNotFound)),
		Entry("Reconciling when another problem occurs after two minutes", observed(noTarget, later(2*time.Minute)), refused, after(observed(noTarget, credentialsGone), nothing),
			condition(ready, no, v1alpha1.ReasonInvalidClient), condition(reconciling, yes, v1alpha1.ReasonInvalidClient)),
		Entry("Reconciling when an outage becomes a refusal with the same reason after two minutes", observed(noTarget, later(2*time.Minute)), failed(v1alpha1.ReasonDiscoveryFailed, problem.MayPass), after(observed(noTarget), failed(v1alpha1.ReasonDiscoveryFailed, problem.Unavailable)),
			condition(ready, no, v1alpha1.ReasonDiscoveryFailed), condition(reconciling, yes, v1alpha1.ReasonDiscoveryFailed)),
		Entry("Stalled two minutes after an outage became a refusal with the same reason", observed(noTarget, later(4*time.Minute)), failed(v1alpha1.ReasonDiscoveryFailed, problem.MayPass),
			report(observed(noTarget, later(2*time.Minute)), failed(v1alpha1.ReasonDiscoveryFailed, problem.MayPass), after(observed(noTarget), failed(v1alpha1.ReasonDiscoveryFailed, problem.Unavailable))).Status,
			condition(ready, no, v1alpha1.ReasonDiscoveryFailed), condition(stalled, yes, v1alpha1.ReasonDiscoveryFailed)),
		Entry("Reconciling when the same problem continues after a change of the spec", observed(noTarget, credentialsGone, specChanged, later(2*time.Minute)), nothing, after(observed(noTarget, credentialsGone), nothing),
			condition(ready, no, v1alpha1.ReasonCredentialsNotFound), condition(reconciling, yes, v1alpha1.ReasonCredentialsNotFound)),
		Entry("Ready and RenewalFailing when the credentials are gone and the token is still good", observed(credentialsGone), nothing, idle,
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonCredentialsNotFound)),
		Entry("Ready, RenewalFailing and Stalled when the credentials have been gone for two minutes and the token is still good", observed(credentialsGone, later(2*time.Minute)), nothing, after(observed(credentialsGone), nothing),
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition(renewalFailing, yes, v1alpha1.ReasonCredentialsNotFound), condition(stalled, yes, v1alpha1.ReasonCredentialsNotFound)),
		Entry("Stalled immediately when the token expires and the credentials have been gone for two minutes", observed(expired, credentialsGone), nothing, after(observed(credentialsGone, later(-10*time.Minute)), nothing),
			condition(ready, no, v1alpha1.ReasonCredentialsNotFound), condition(stalled, yes, v1alpha1.ReasonCredentialsNotFound)),
		Entry("Reconciling when the target has another owner, which may be about to release it", observed(foreignTarget), nothing, unseen,
			condition(ready, no, v1alpha1.ReasonTargetConflict), condition(reconciling, yes, v1alpha1.ReasonTargetConflict)),
		Entry("Stalled when the target has had another owner for two minutes", observed(foreignTarget, later(2*time.Minute)), nothing, after(observed(foreignTarget), nothing),
			condition(ready, no, v1alpha1.ReasonTargetConflict), condition(stalled, yes, v1alpha1.ReasonTargetConflict)),
		Entry("about the current problem, not the last attempt", observed(noTarget, credentialsGone), nothing, after(observed(noTarget), down),
			condition(ready, no, v1alpha1.ReasonCredentialsNotFound), condition(reconciling, yes, v1alpha1.ReasonCredentialsNotFound)),

		Entry("only Ready while suspended with a good token", observed(suspended), nothing, idle,
			condition(ready, yes, v1alpha1.ReasonSuspended)),
		Entry("only Ready while suspended with a good token in an outdated Secret", observed(outdated, templateWrong, suspended), nothing, idle,
			condition(ready, yes, v1alpha1.ReasonSuspended)),
		Entry("Stalled while suspended without a token", observed(noTarget, suspended), nothing, unseen,
			condition(ready, no, v1alpha1.ReasonSuspended), condition(stalled, yes, v1alpha1.ReasonSuspended)),
		Entry("Stalled while suspended with an expired token", observed(expired, suspended), nothing, idle,
			condition(ready, no, v1alpha1.ReasonSuspended), condition(stalled, yes, v1alpha1.ReasonSuspended)),
		Entry("only Ready while suspended after a failure", observed(suspended), nothing, after(observed(due), refused),
			condition(ready, yes, v1alpha1.ReasonSuspended)),
		Entry("only Ready after a suspension", observed(), nothing, after(observed(noTarget, suspended), nothing),
			condition(ready, yes, v1alpha1.ReasonTokenIssued)),

		Entry("Reconciling when a token was too short-lived to be renewed in time",
			observed(func(in *renewal.Input) { in.Target = secretOf(5*time.Second, 3*time.Second) }), nothing, idle,
			condition(ready, no, v1alpha1.ReasonTokenExpired), condition(reconciling, yes, v1alpha1.ReasonTokenExpired)),
		Entry("unchanged if another controller set them", observed(), nothing,
			reported{Conditions: []metav1.Condition{{Type: "Audited", Status: no, Reason: "ByHand"}}},
			condition(ready, yes, v1alpha1.ReasonTokenIssued), condition("Audited", no, "ByHand")),
	)

	DescribeTable("say",
		func(conditionType string, in renewal.Input, outcome status.Outcome, said ...string) {
			for _, words := range said {
				Expect(report(in, outcome, idle).Status.Conditions).To(ContainElement(And(
					HaveField("Type", conditionType), HaveField("Message", ContainSubstring(words)))))
			}
		},
		Entry("which Secret is ready, and until when", ready, observed(), nothing, `"shop-token"`, "2026-03-01T12:50:00Z", "renewed at 2026-03-01T12:2"),
		Entry("until when a suspended token is good", ready, observed(suspended), nothing, `"shop-token"`, "2026-03-01T12:50:00Z", "spec.suspend"),
		Entry("what to do about a suspended ClientCredential without a token", stalled, observed(noTarget, suspended), nothing, "spec.suspend to false"),
		Entry("why there is no token", ready, observed(noTarget), down, "message of ServerError"),
		Entry("why the Secret is outdated", ready, observed(outdated, templateWrong), nothing, "message of TargetTemplateInvalid"),
		Entry("why there is no renewal", renewalFailing, observed(due), down, "message of ServerError"),
		Entry("what must change", stalled, observed(noTarget), wrong, "message of TargetTemplateInvalid"),
		Entry("when the next token is requested", reconciling, observed(func(in *renewal.Input) { in.Target = secretOf(5*time.Second, 3*time.Second) }), nothing,
			`"shop-token"`, "2026-03-01T12:00:05Z"),
	)

	It("have the generation that was reconciled", func() {
		told := report(observed(due, func(in *renewal.Input) { in.Generation = 9 }), wrong, idle).Status
		Expect(*told.ObservedGeneration).To(BeEquivalentTo(9))
		Expect(told.Conditions).To(HaveLen(3))
		Expect(told.Conditions).To(HaveEach(HaveField("ObservedGeneration", BeEquivalentTo(9))))
	})

	It("keep the time of their last transition while nothing changes", func() {
		before := after(observed(due), down)
		again := report(observed(due, later(time.Minute)), down, before).Status
		Expect(again.Conditions).To(HaveEach(HaveField("LastTransitionTime.Time", now)))
		recovered := report(observed(noTarget, later(2*time.Minute)), issued(observed(later(2*time.Minute)), time.Hour), after(observed(noTarget), down)).Status
		Expect(recovered.Conditions).To(HaveEach(HaveField("LastTransitionTime.Time", now.Add(2*time.Minute))))
	})

	It("show when a problem began: a restart of the operator keeps that time, and another reason resets it", func() {
		before := after(observed(noTarget, credentialsGone), nothing)
		again := report(observed(noTarget, credentialsGone, later(time.Minute)), nothing, before).Status
		Expect(again).To(Equal(before))
		other := report(observed(noTarget, later(time.Minute)), strange, again).Status
		Expect(other.Conditions).To(ContainElement(And(condition(reconciling, yes, v1alpha1.ReasonInvalidRequest),
			HaveField("LastTransitionTime.Time", now.Add(time.Minute)))))
	})

	It("keep the age of a problem when the token expires", func() {
		before := after(observed(credentialsGone), nothing)
		expiring := observed(expired, credentialsGone, later(time.Minute))
		Expect(report(expiring, nothing, before).Status.Conditions).To(ContainElement(And(
			condition(reconciling, yes, v1alpha1.ReasonCredentialsNotFound), HaveField("LastTransitionTime.Time", now))))
	})

	It("do not change the previous status", func() {
		before := after(observed(due), down)
		unchanged := before.DeepCopy()
		report(observed(noTarget, later(time.Hour)), refused, before)
		Expect(&before).To(Equal(unchanged))
	})

	It("do not change while nothing happens, so that nothing is written", func() {
		for _, quiet := range []renewal.Input{observed(), observed(suspended), observed(noTarget, credentialsGone), observed(foreignTarget)} {
			before := after(quiet, nothing)
			later(time.Minute)(&quiet)
			Expect(report(quiet, nothing, before).Status).To(Equal(before))
		}
	})
})
