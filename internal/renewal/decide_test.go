package renewal_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
)

var _ = Describe("the decision", func() {
	DescribeTable("follows the rules:",
		func(action renewal.Action, why string, changes ...change) {
			decision := renewal.Decide(good(changes...))
			Expect(decision.Action).To(Equal(action))
			Expect(decision.Why).To(Equal(why))
			Expect(decision.Problem != nil).To(Equal(action == renewal.Refuse || why == "the token Secret is contested"))
		},
		Entry("a good token is kept", renewal.Keep, "the token is good"),
		Entry("a good token of a client without a Secret is kept", renewal.Keep, "the token is good", noCredentials),
		Entry("a good token is kept although an older ClientCredential has the same target", renewal.Keep, "the token is good", olderConflict),
		Entry("an edit that does not change the request keeps the token", renewal.Keep, "the token is good", onlyGenerationChanged),

		// Suspension comes before everything else.
		Entry("a suspended object waits", renewal.Wait, "suspended", suspended),
		Entry("a suspended object with a due token waits", renewal.Wait, "suspended", due, suspended),
		Entry("a suspended object without a token waits", renewal.Wait, "suspended", noTarget, suspended),
		Entry("a suspended object with a renew request waits", renewal.Wait, "suspended", renewRequested, suspended),
		Entry("a suspended object whose declaration is wrong waits", renewal.Wait, "suspended", declarationWrong, suspended),
		Entry("a suspended object with a foreign target waits", renewal.Wait, "suspended", foreignTarget, suspended),

		// Configuration errors are refused before anything is tried.
		Entry("a wrong declaration is refused", renewal.Refuse, v1alpha1.ReasonProfileUnknown, declarationWrong),
		Entry("a wrong declaration is refused, even without a token", renewal.Refuse, v1alpha1.ReasonProfileUnknown, noTarget, declarationWrong),
		Entry("a foreign target is refused", renewal.Refuse, v1alpha1.ReasonTargetConflict, foreignTarget),
		Entry("a foreign target is refused, regardless of its record", renewal.Refuse, v1alpha1.ReasonTargetConflict, specChanged, foreignTarget),
		Entry("a target that does not exist is refused if an older ClientCredential claims it", renewal.Refuse, v1alpha1.ReasonTargetConflict, noTarget, olderConflict),
		Entry("credentials that do not exist are refused", renewal.Refuse, v1alpha1.ReasonCredentialsNotFound, credentialsGone),
		Entry("credentials without the label are refused", renewal.Refuse, v1alpha1.ReasonCredentialsNotLabelled, credentialsNotAllowed),
		Entry("credentials without the label are refused, even if the token is due", renewal.Refuse, v1alpha1.ReasonCredentialsNotLabelled, due, credentialsNotAllowed),
		Entry("the declaration is refused before the target", renewal.Refuse, v1alpha1.ReasonProfileUnknown, foreignTarget, declarationWrong),
		Entry("the target is refused before the credentials", renewal.Refuse, v1alpha1.ReasonTargetConflict, foreignTarget, credentialsGone),
		Entry("a problem is reported even during a backoff", renewal.Refuse, v1alpha1.ReasonCredentialsNotFound, backingOff, credentialsGone),

		// A change may end a backoff early.
		Entry("a failure is not retried immediately", renewal.Wait, "backing off", backingOff),
		Entry("a failure without a token is not retried immediately", renewal.Wait, "backing off", noTarget, backingOff),
		Entry("a backoff continues although the token is due", renewal.Wait, "backing off", due, backingOff),
		Entry("a backoff continues although the token has expired", renewal.Wait, "backing off", expired, backingOff),
		Entry("a Secret that was tampered with is verified during a backoff", renewal.Repair, "the token Secret was changed or inherited, and the renewal is failing", drifted, backingOff),
		Entry("a backoff continues although the Secret drifted, if its token has expired", renewal.Wait, "backing off", drifted, expired, backingOff),
		Entry("a backoff continues although the Secret drifted, if its token is for another request", renewal.Wait, "backing off", drifted, recordedForAnother, backingOff),
		Entry("a backoff continues if the renew request was already tried", renewal.Wait, "backing off", renewReported, backingOff),
		Entry("a new renew request ends a backoff", renewal.Exchange, "a renewal was requested", renewRequested, backingOff),
		Entry("a new renew request ends a backoff without a token", renewal.Exchange, "there is no token Secret", noTarget, renewRequested, backingOff),
		Entry("a change of the spec ends a backoff", renewal.Exchange, "the spec changed", specChanged, backingOff),
		Entry("an edit of the credentials Secret ends a backoff without a token", renewal.Exchange, "there is no token Secret", noTarget, credentialsEdited, backingOff),
		Entry("an edit of the credentials Secret ends a backoff of a due token", renewal.Exchange, "the token is due for renewal", credentialsEdited, due, backingOff),
		Entry("an edit of the credentials Secret ends a backoff of a token that may still be good", renewal.Verify, "the credentials Secret changed", credentialsEdited, backingOff),
		Entry("an edit of the credentials Secret that leaves the credentials as they were does not end a backoff", renewal.Wait, "backing off", credentialsLabelled, backingOff),
		Entry("an edit of the credentials Secret does not end a backoff after a rate limit", renewal.Wait, "backing off", rateLimited, credentialsEdited),
		Entry("any edit of the spec ends a backoff", renewal.Exchange, "the token is due for renewal", due, backingOff, onlyGenerationChanged),
		Entry("a due token is requested again after the backoff", renewal.Exchange, "the token is due for renewal", due, backoffOver),
		Entry("a failed renew request is retried after its backoff", renewal.Exchange, "the requested renewal failed", renewReported, backoffOver),
		Entry("a good token is kept if the failed request is no longer needed", renewal.Keep, "the token is good", backoffOver),
		Entry("a failure from before the current token no longer counts", renewal.Keep, "the token is good", backingOff, issuedSince),
		Entry("a failure recorded with a wrong clock does not delay a token", renewal.Exchange, "the token is due for renewal", due, backingOff, failedNextYear),
		Entry("a restart does not shorten a backoff", renewal.Wait, "backing off", backingOff, restarted),
		Entry("a restart ends a backoff after a denied address, because the flags may allow it now", renewal.Exchange, "there is no token Secret", noTarget, denied, restarted),
		Entry("a restart ends a backoff after a denied http URL, because the flags may allow it now", renewal.Exchange, "there is no token Secret", noTarget, denied, insecure, restarted),
		Entry("a denied request is not retried immediately", renewal.Wait, "backing off", denied),
		Entry("a request that this process denied in its first second is not retried immediately", renewal.Wait, "backing off", denied, startedWithTheAttempt),
		Entry("the backoff of a client without a Secret continues", renewal.Wait, "backing off", noCredentials, backingOff),
		Entry("a change of the authorization server's object ends a backoff", renewal.Exchange, "there is no token Secret", noTarget, backingOff, serverChanged),
		Entry("a change of the authorization server's object ends a backoff of a due token", renewal.Exchange, "the token is due for renewal", due, backingOff, serverChanged),
		Entry("a change of the authorization server's object ends a backoff after a rate limit, because the limit may have changed", renewal.Exchange, "there is no token Secret", noTarget, rateLimited, serverChanged),
		Entry("a backoff continues if the authorization server's object has not changed since the failure", renewal.Wait, "backing off", backingOff, serverChanged, failedAtServer("server-uid/2")),
		Entry("an authorization server's object that was recreated with the same name ends a backoff", renewal.Exchange, "the token is due for renewal", due, backingOff, serverChanged, failedAtServer("older-uid/2")),
		Entry("the deletion of the authorization server's object ends a backoff", renewal.Exchange, "the token is due for renewal", due, backingOff, failedAtServer("server-uid/2")),
		Entry("a change of the authorization server's object does not renew a token", renewal.Keep, "the token is good", serverChanged),
		Entry("a change of the authorization server's object during a backoff does not renew a token", renewal.Keep, "the token is good", backingOff, serverChanged),
		Entry("the end of an outage ends a backoff", renewal.Exchange, "the token is due for renewal", due, backingOff, failedAs(problem.Unavailable), serverRecovered),
		Entry("the end of an outage does not renew a token", renewal.Keep, "the token is good", backingOff, failedAs(problem.Unavailable), serverRecovered),
		Entry("the end of an outage does not end a backoff after refused credentials", renewal.Wait, "backing off", due, backingOff, failedAs(problem.CredentialsRefused), serverRecovered),

		// Repairs of a Secret that another writer keeps changing are delayed.
		Entry("a Secret that is deleted again and again waits", renewal.Wait, "the token Secret is contested", noTarget, contested),
		Entry("a Secret that is changed again and again waits", renewal.Wait, "the token Secret is contested", drifted, contested),
		Entry("a Secret whose record is removed again and again waits", renewal.Wait, "the token Secret is contested", noRecord, contested),
		Entry("a Secret that was contested before the clock was set back needs a token", renewal.Exchange, "there is no token Secret", noTarget, contestedLater),
		Entry("a contested Secret that is intact now is renewed", renewal.Exchange, "the token is due for renewal", due, contested),

		// Reasons for a new token.
		Entry("a token that was issued with a wrong clock is replaced", renewal.Exchange, "the token seems to have been issued in the future", issuedNextYear),
		Entry("a missing token Secret needs a token", renewal.Exchange, "there is no token Secret", noTarget),
		Entry("a token Secret without a record needs a token", renewal.Exchange, "the token Secret holds no record of a token", noRecord),
		Entry("a changed request needs a new token", renewal.Exchange, "the spec changed", specChanged),
		Entry("a new renew request needs a new token", renewal.Exchange, "a renewal was requested", renewRequested),
		Entry("a renew request in the status is not handled again", renewal.Keep, "the token is good", renewReported),
		Entry("a renew request that is recorded in the Secret is not handled again, even if the status lacks it", renewal.Keep, "the token is good", renewAnsweredBySecret),
		Entry("a removed renew request that was answered before is not handled again", renewal.Keep, "the token is good", renewWithdrawn),
		Entry("a due token is renewed", renewal.Exchange, "the token is due for renewal", due),
		Entry("an expired token is renewed", renewal.Exchange, "the token is due for renewal", expired),
		Entry("a due token is renewed, not verified, if the credentials changed", renewal.Exchange, "the token is due for renewal", credentialsEdited, due),
		Entry("a changed request renews the token, and does not verify it, if the Secret drifted", renewal.Exchange, "the spec changed", drifted, specChanged),

		// A newer token that could not be written replaces the token in the Secret.
		Entry("a token that waits to be written replaces a good token", renewal.Exchange, "a newer token waits to be written", unwritten),
		Entry("a token that waits to be written is written, and the older one is not verified", renewal.Exchange, "a newer token waits to be written", unwritten, drifted),
		Entry("a token that waits to be written is written although the credentials Secret was edited", renewal.Exchange, "a newer token waits to be written", unwritten, credentialsEdited, backingOff),
		Entry("a token that waits to be written is written even if the Secret is contested", renewal.Exchange, "a newer token waits to be written", unwritten, drifted, contested),
		Entry("a token that waits to be written is not written during a backoff", renewal.Wait, "backing off", unwritten, backingOff),
		Entry("a token that waits to be written is not written during a suspension", renewal.Wait, "suspended", unwritten, suspended),
		Entry("a token that waits to be written is written to a new Secret", renewal.Exchange, "there is no token Secret", unwritten, noTarget),

		// If a server returned the same token again, the status says when to send the next request.
		Entry("a token that the server returned again is kept after its planned renewal", renewal.Keep, "the token is good", postponed(5*time.Minute), duePlanned),
		Entry("a token that the server returned again is kept until just after its expiry", renewal.Keep, "the token is good", postponed(-time.Second), expired),
		Entry("a token that the server returned again is requested again when it is due", renewal.Exchange, "the token is due for renewal", postponed(5*time.Minute), due),
		Entry("a token that the server returned again is requested again just after its expiry", renewal.Exchange, "the token is due for renewal", postponed(-time.Second), due),
		Entry("a token is renewed although a status postpones the renewal forever", renewal.Exchange, "the token is due for renewal", postponed(-100*365*24*time.Hour), duePlanned),
		Entry("a renew request is handled although the next request was postponed", renewal.Exchange, "a renewal was requested", postponed(5*time.Minute), renewRequested),
		Entry("a change of the request is handled although the next request was postponed", renewal.Exchange, "the spec changed", postponed(5*time.Minute), specChanged),
		Entry("an edit of the spec ends the postponement of the next request", renewal.Exchange, "the token is due for renewal", postponed(5*time.Minute), duePlanned, onlyGenerationChanged),
		Entry("drift is detected although the next request was postponed", renewal.Verify, "the token Secret was changed by another client", postponed(5*time.Minute), duePlanned, drifted),
		Entry("an edit of the credentials is detected although the next request was postponed", renewal.Verify, "the credentials Secret changed", postponed(5*time.Minute), duePlanned, credentialsEdited),
		Entry("a backoff continues after a postponed request failed", renewal.Wait, "backing off", postponed(5*time.Minute), due, backingOff),

		// Secrets that an earlier ClientCredential of the same name left.
		Entry("an inherited Secret is verified", renewal.Verify, "an earlier ClientCredential of this name left the token Secret", inherited),
		Entry("an inherited Secret that drifted is verified, and does not count as changed by another client", renewal.Verify, "an earlier ClientCredential of this name left the token Secret", inherited, drifted),
		Entry("an inherited Secret is verified even if it is contested", renewal.Verify, "an earlier ClientCredential of this name left the token Secret", inherited, drifted, contested),
		Entry("an inherited Secret is verified although an old status shows a failure", renewal.Verify, "an earlier ClientCredential of this name left the token Secret", inherited, credentialsEdited, backingOff),
		Entry("a renew request that was answered before the backup requests no token", renewal.Verify, "an earlier ClientCredential of this name left the token Secret", inherited, renewAnsweredBySecret),
		Entry("a renew request after the backup requests a token", renewal.Exchange, "a renewal was requested", inherited, renewRequested),
		Entry("an inherited, expired token is renewed", renewal.Exchange, "the token is due for renewal", inherited, expired),
		Entry("an inherited token of another spec is renewed", renewal.Exchange, "the spec changed", inherited, specChanged),
		Entry("the takeover of an inherited Secret is retried", renewal.Verify, "an earlier ClientCredential of this name left the Secret", inherited, foreignTarget),
		Entry("the takeover of an inherited Secret backs off after a failure", renewal.Wait, "backing off", inherited, foreignTarget, backingOff),
		Entry("an inherited Secret is not verified during a suspension", renewal.Wait, "suspended", inherited, suspended),
		Entry("an inherited Secret that waits for its finalizers is refused", renewal.Refuse, v1alpha1.ReasonTargetConflict, inherited, foreignTarget, func(in *renewal.Input) {
			in.Target.Finalizers = []string{"example.com/hold"}
		}),

		// Reasons to read the Secret.
		Entry("a Secret whose template changed is verified, and does not count as changed by another client", renewal.Verify, "the token Secret differs from the spec", drifted, onlyGenerationChanged),
		Entry("a Secret whose template changed is verified even if it is contested", renewal.Verify, "the token Secret differs from the spec", drifted, contested, onlyGenerationChanged),
		Entry("a token Secret that another writer changed is verified", renewal.Verify, "the token Secret was changed by another client", drifted),
		Entry("an edit of the credentials Secret is verified", renewal.Verify, "the credentials Secret changed", credentialsEdited),
		Entry("an edit of the credentials Secret that leaves the credentials as they were is not verified", renewal.Keep, "the token is good", credentialsLabelled),
	)

	It("counts the write of a waiting token as a repair if the Secret drifted", func() {
		Expect(renewal.Decide(good(unwritten, drifted)).Repair).To(BeTrue())
		Expect(renewal.Decide(good(unwritten)).Repair).To(BeFalse())
	})

	DescribeTable("is due again",
		func(expected func(renewal.Input) time.Time, changes ...change) {
			in := good(changes...)
			Expect(renewal.Decide(in).Until).To(Equal(expected(in)))
		},
		Entry("at the renewal of a good token", renewal.Input.RenewAt),
		Entry("at the expiry of a token while suspended", expiry, suspended),
		Entry("never, while suspended without a token", never, suspended, noTarget),
		Entry("never, while suspended with a token for another request", never, suspended, specChanged),
		Entry("never, while suspended with an expired token", never, expired, suspended),
		Entry("while suspended, when the clock reaches the issue time of a token from the future",
			func(in renewal.Input) time.Time { return in.Token().IssuedAt.Add(-5 * time.Minute) }, issuedNextYear, suspended),
		Entry("at the expiry of a token that cannot be renewed", expiry, credentialsGone),
		Entry("never, if there is no token and an object must change", never, noTarget, credentialsGone),
		Entry("never, if the target belongs to another owner", never, foreignTarget),
		Entry("at the end of a backoff", inAMinute, backingOff),
		Entry("at the end of a backoff without a token", inAMinute, noTarget, backingOff),
		Entry("at the expiry of a token that expires during a backoff", expiry, failed(time.Hour)),
		Entry("at the end of a backoff of a token that expired", inAMinute, expired, backingOff),
		Entry("at the end of a backoff of a token that was tampered with", inAMinute, drifted, backingOff),
		Entry("at the next request for a token that the server returned again", renewal.Input.RenewAt, postponed(5*time.Minute), duePlanned),
		Entry("at the expiry, if the next request is just after it", expiry, postponed(-time.Second)),
		Entry("at the planned renewal, if a status postpones it forever", planned, postponed(-time.Hour)),
	)

	It("keeps a short-lived token until its renewal, even if it expires before", func() {
		in := good(func(in *renewal.Input) {
			in.Target.Record.IssuedAt, in.Target.Record.ExpiresAt = now.Add(-time.Second), now.Add(4*time.Second)
		})
		Expect(renewal.Decide(in)).To(And(HaveField("Action", renewal.Keep), HaveField("Until", now.Add(4*time.Second))))
		expired(&in)
		Expect(renewal.Decide(in)).To(And(HaveField("Action", renewal.Keep), HaveField("Until", now.Add(9*time.Second))))
		due(&in)
		Expect(renewal.Decide(in)).To(HaveField("Action", renewal.Exchange))
	})

	DescribeTable("reports in its problem",
		func(said []string, changes ...change) {
			problem := renewal.Decide(good(changes...)).Problem
			for _, words := range said {
				Expect(problem.Message).To(ContainSubstring(words))
			}
		},
		Entry("the owner of the target", []string{`"shop-token"`, "Deployment web", "spec.target.name"}, foreignTarget),
		Entry("that the target has no owner", []string{`"shop-token"`, "no controller"}, foreignTarget, func(in *renewal.Input) { in.Target.Owner = "no controller" }),
		Entry("the other ClientCredential with the same target", []string{`"shop-token"`, `"older"`, "spec.target.name"}, noTarget, olderConflict),
		Entry("the name of the missing Secret", []string{`"shop-client"`, "spec.credentialsRef.name"}, credentialsGone),
		Entry("the command that sets the label",
			[]string{"kubectl label secret shop-client oauth2.tokensync.dev/usage=client-credential"}, credentialsNotAllowed),
		Entry("what is wrong with the declaration", []string{"no such profile"}, declarationWrong),
	)
})

var _ = Describe("the requeue after an attempt", func() {
	DescribeTable("is",
		func(expected func(renewal.Input) time.Time, retryIn time.Duration, changes ...change) {
			in := good(changes...)
			var retryAt time.Time
			if retryIn > 0 {
				retryAt = in.Now.Add(retryIn)
			}
			Expect(renewal.RequeueAt(in, retryAt)).To(Equal(expected(in)))
		},
		Entry("at the renewal if the attempt succeeded", renewal.Input.RenewAt, time.Duration(0)),
		Entry("at the retry if the attempt failed", inAMinute, time.Minute),
		Entry("at the retry if the attempt failed and there is no token", inAMinute, time.Minute, noTarget),
		Entry("at the expiry of the old token if that comes first", expiry, time.Hour),
		Entry("never if there is neither a token nor a retry", never, time.Duration(0), noTarget),
		Entry("at the next request if the server returned the same token again", func(in renewal.Input) time.Time { return in.Last.Token.RenewAt.Time }, time.Duration(0), postponed(5*time.Minute)),
		Entry("at the expiry if the server issues another token only after the expiry", expiry, time.Duration(0), postponed(-time.Second)),
		Entry("at the retry if a postponed request failed", inAMinute, time.Minute, postponed(5*time.Minute), due),
	)
})

var _ = DescribeTable("a token that was requested for the renew request of today answers",
	func(expected bool, changes ...change) {
		Expect(good(changes...).Answers("today")).To(Equal(expected))
	},
	Entry("the same renew request", true, renewRequest("today")),
	Entry("no renew request at all", true),
	Entry("not a later renew request", false, renewRequest("tomorrow")),
	Entry("not a later renew request, without a token", false, renewRequest("tomorrow"), noTarget),
	Entry("a later renew request that the token in the Secret answers", true, renewRequest("tomorrow"), func(in *renewal.Input) {
		in.Target.Record.RenewRequest = "tomorrow"
	}),
)

func unwritten(in *renewal.Input) { in.Unwritten = true }

func renewRequest(value string) change {
	return func(in *renewal.Input) { in.RenewRequest = value }
}

var _ = Describe("a token", func() {
	DescribeTable("is valid",
		func(expected bool, changes ...change) { Expect(good(changes...).Valid()).To(Equal(expected)) },
		Entry("until it expires", true),
		Entry("until it expires, although it is due", true, due),
		Entry("until it expires, even if its credentials are gone", true, credentialsGone),
		Entry("only before its expiry", false, expired),
		Entry("only for its own request", false, specChanged),
		Entry("only if its Secret was not tampered with", false, drifted),
		Entry("only if it belongs to the owner of the Secret", false, foreignTarget),
		Entry("only if the Secret has its record", false, noRecord),
		Entry("only if the Secret exists", false, noTarget),
		Entry("unless the clock was set back since it was issued, because its expiry is unknown", false, issuedNextYear),
	)

	It("is ignored in a Secret of another owner", func() {
		Expect(good(foreignTarget).Token()).To(BeNil())
		Expect(good().Token()).NotTo(BeNil())
	})
})

var _ = Describe("the renewal of the current token", func() {
	timeInStatus := func(in renewal.Input) time.Time { return in.Last.Token.RenewAt.Time }
	statusSays := func(change func(*v1alpha1.TokenStatus)) change {
		return func(in *renewal.Input) { change(in.Last.Token) }
	}
	justAfter := func(in renewal.Input) time.Time { return in.Target.Record.ExpiresAt.Add(time.Second) }

	DescribeTable("comes",
		func(expected func(renewal.Input) time.Time, changes ...change) {
			in := good(changes...)
			Expect(in.RenewAt()).To(Equal(expected(in)))
		},
		Entry("as planned if there is no status", planned),
		Entry("as planned if the status has the same time, to the second", planned, postponed(0), statusSays(func(t *v1alpha1.TokenStatus) {
			t.RenewAt = metav1.NewTime(planned(good()).Truncate(time.Second))
		})),
		Entry("at the time in the status", timeInStatus, postponed(5*time.Minute)),
		Entry("at the time in the status, which is only a second later than planned", timeInStatus, postponed(0), statusSays(func(t *v1alpha1.TokenStatus) {
			t.RenewAt = metav1.NewTime(planned(good()).Add(time.Second))
		})),
		Entry("at the time in the status, in any time zone", timeInStatus, postponed(5*time.Minute), statusSays(func(t *v1alpha1.TokenStatus) {
			zone := time.FixedZone("", 3600)
			t.IssuedAt, t.ExpiresAt, t.RenewAt = metav1.NewTime(t.IssuedAt.In(zone)), metav1.NewTime(t.ExpiresAt.In(zone)), metav1.NewTime(t.RenewAt.In(zone))
		})),
		Entry("at the expiry, if that is the time in the status", timeInStatus, postponed(0)),
		Entry("just after the expiry, if that is the time in the status", justAfter, postponed(-time.Second)),

		// A status that was tampered with, or that describes another token or spec.
		Entry("as planned if the status says a nanosecond later than just after the expiry", planned, postponed(-time.Second-1)),
		Entry("as planned if the status says next year", planned, postponed(-365*24*time.Hour)),
		Entry("as planned if the status has the maximum time", planned, postponed(0), statusSays(func(t *v1alpha1.TokenStatus) {
			t.RenewAt = metav1.NewTime(time.Unix(1<<62, 0))
		})),
		Entry("as planned if the status says sooner, because a status can only postpone a renewal", planned, postponed(40*time.Minute)),
		Entry("as planned if the status says long ago", planned, postponed(100*365*24*time.Hour)),
		Entry("as planned if the status has no time", planned, postponed(0), statusSays(func(t *v1alpha1.TokenStatus) { t.RenewAt = metav1.Time{} })),
		Entry("as planned if the status is empty", planned, postponed(0), statusSays(func(t *v1alpha1.TokenStatus) { *t = v1alpha1.TokenStatus{} })),
		Entry("as planned if the status is about a token with another issue time", planned, postponed(5*time.Minute), statusSays(func(t *v1alpha1.TokenStatus) {
			t.IssuedAt = metav1.NewTime(t.IssuedAt.Add(time.Second))
		})),
		Entry("as planned if the status is about a token with a later expiry", planned, postponed(5*time.Minute), statusSays(func(t *v1alpha1.TokenStatus) {
			t.ExpiresAt = metav1.NewTime(t.ExpiresAt.Add(time.Second))
		})),
		Entry("as planned if the status claims an expiry in a year, and a renewal at that time", planned, postponed(0), statusSays(func(t *v1alpha1.TokenStatus) {
			t.ExpiresAt = metav1.NewTime(t.ExpiresAt.AddDate(1, 0, 0))
			t.RenewAt = t.ExpiresAt
		})),
		Entry("as planned if the status is about a token that the Secret does not hold", planned, postponed(5*time.Minute), func(in *renewal.Input) {
			in.Target.Record.IssuedAt, in.Target.Record.ExpiresAt = in.Now, in.Now.Add(time.Hour)
		}),
		Entry("as planned after an edit of the spec, for example of renewBefore", planned, postponed(5*time.Minute), onlyGenerationChanged),
		Entry("as planned if the status is about a later generation, as after a restore", planned, postponed(5*time.Minute), func(in *renewal.Input) { in.Last.Generation = 4 }),
	)
})

var _ = DescribeTable("a token that is requested or verified is reported meanwhile", func(in renewal.Input, reason string) {
	decision := renewal.KeepWaiting(in)
	Expect(decision.Action).To(Equal(renewal.Wait))
	if reason == "" {
		Expect(decision.Problem).NotTo(HaveOccurred())
		return
	}
	Expect(decision.Problem).To(HaveValue(And(HaveField("Reason", reason), HaveField("Class", problem.Unavailable),
		HaveField("Message", ContainSubstring("shop-token")))))
},
	Entry("as missing, if there is no Secret", good(noTarget), v1alpha1.ReasonTokenMissing),
	Entry("as missing, if the Secret holds a token for another request", good(recordedForAnother), v1alpha1.ReasonTokenMissing),
	Entry("as missing, if the Secret was changed by another client", good(drifted), v1alpha1.ReasonTokenMissing),
	Entry("not at all, if the token expired: its expiry is reported", good(expired), ""),
)

var _ = Describe("a deferred request", func() {
	const server = "https://idp.example.com/token"
	later := now.Add(time.Hour)

	DescribeTable("is shown, while there is no valid token, as a problem that resolves itself:",
		func(deferral *renewal.Deferral, cause renewal.Cause, reason string, said ...string) {
			Expect(deferral.Cause).To(Equal(cause))
			Expect(deferral.Until).To(Equal(later))
			shown := deferral.Shown(good(noTarget))
			Expect(shown).To(HaveValue(And(HaveField("Reason", reason), HaveField("Class", problem.Unavailable))))
			for _, words := range append(said, "no valid token") {
				Expect(shown.Message).To(ContainSubstring(words))
			}
			Expect(shown.Message).NotTo(ContainSubstring("%!"))
		},
		Entry("too many requests to one host", renewal.Busy(server, now, later), renewal.HostBusy, v1alpha1.ReasonTokenEndpointBusy,
			server, "as soon as one of them ends"),
		Entry("a rate limit", renewal.Throttled(server, 30, time.Minute, later), renewal.RateLimited, v1alpha1.ReasonRateLimited,
			server, "is 30 per 1m0s", "1m0s", "authorizationServer.rateLimit"),
		Entry("a server that asked this client to wait", renewal.Paused(good(noTarget), server, later.Add(-time.Second), later), renewal.ServerPaused, v1alpha1.ReasonRateLimited,
			server, "2026-03-01T12:59:59Z", "Retry-After"),
		Entry("a pause, shown in UTC wherever the operator runs", renewal.Paused(good(noTarget), server, later.In(time.FixedZone("", 3600)), later), renewal.ServerPaused, v1alpha1.ReasonRateLimited,
			"2026-03-01T13:00:00Z"),
		Entry("too many requests in a row", renewal.TooMany(good(noTarget), later), renewal.TooManyRequests, v1alpha1.ReasonRateLimited,
			"5 token requests in a row", "2026-03-01T13:00:00Z"),
		Entry("a server that is down, with the reason of the last failure", renewal.Down(good(noTarget), server, v1alpha1.ReasonTimeout, later), renewal.ServerDown, v1alpha1.ReasonTimeout,
			server, "a single request tests it"),
		Entry("a server whose URL looks like a format string", renewal.Busy("https://idp.example.com/%d%s", now, later), renewal.HostBusy, v1alpha1.ReasonTokenEndpointBusy,
			"https://idp.example.com/%d%s"),
	)

	DescribeTable("is not shown",
		func(deferral *renewal.Deferral, changes ...change) {
			Expect(deferral.Shown(good(changes...))).NotTo(HaveOccurred())
		},
		Entry("while a token is valid", renewal.Busy(server, now, later)),
		Entry("while a token is valid and the server asked to wait", renewal.Paused(good(), server, later, later)),
		Entry("while the last failure stands, because it says more", renewal.Throttled(server, 30, time.Minute, later), noTarget, backingOff),
	)

	DescribeTable("is shown although a token is valid, if a renewal was requested",
		func(deferral *renewal.Deferral) {
			Expect(deferral.Shown(good(renewRequested)).Message).To(HavePrefix("the requested renewal is not done yet"))
		},
		Entry("and the server asked to wait", renewal.Paused(good(renewRequested), server, later, later)),
		Entry("and the server is down", renewal.Down(good(renewRequested), server, v1alpha1.ReasonTimeout, later)),
		Entry("and there were too many requests", renewal.TooMany(good(renewRequested), later)),
	)

	It("that was refused before is shown as that failure", func() {
		failure := good(backingOff).Last.Failure
		deferral := renewal.StillRefused(failure)
		Expect(deferral.Until).To(Equal(failure.RetryAt.Time))
		Expect(deferral.Shown(good())).To(Equal(problem.Recorded(failure)))
	})
})

func failedAtServer(version string) change {
	return func(in *renewal.Input) { in.Last.Failure.AuthorizationServerVersion = version }
}

func expiry(in renewal.Input) time.Time { return in.Target.Record.ExpiresAt }

func inAMinute(in renewal.Input) time.Time { return in.Now.Add(time.Minute) }

func never(renewal.Input) time.Time { return time.Time{} }

var _ = DescribeTable("an edit is the only change since a failure",
	func(expected bool, changes ...change) {
		in := good(append([]change{backingOff}, changes...)...)
		Expect(in.OnlyEditedSince(in.Last.Failure)).To(Equal(expected))
	},
	Entry("if the credentials Secret has another version", true, credentialsEdited),
	Entry("if the spec has another generation", true, onlyGenerationChanged),
	Entry("if both have changed", true, credentialsEdited, onlyGenerationChanged),
	Entry("if the spec of a client without a Secret has another generation", true, noCredentials, onlyGenerationChanged),
	Entry("but not if nothing changed", false),
	Entry("but not if a renewal was also requested", false, credentialsEdited, renewRequested),
	Entry("even if the authorization server also changed", true, credentialsEdited, serverChanged),
)
