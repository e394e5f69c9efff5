package explain_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
	"github.com/tokensync/tokensync/internal/problem"
)

// saying matches points whose messages begin with the given texts.
func saying(beginnings ...string) types.GomegaMatcher {
	var matchers []any
	for _, beginning := range beginnings {
		matchers = append(matchers, HaveField("Message", HavePrefix(beginning)))
	}
	return HaveExactElements(matchers...)
}

// commanding matches points if one of them has the given command.
func commanding(command string) types.GomegaMatcher {
	return ContainElement(HaveField("Command", command))
}

var nothing = BeEmpty()

var _ = Describe("A ClientCredential", func() {
	DescribeTable("waits for",
		func(expected types.GomegaMatcher, changes ...change) {
			Expect(explained(changes...).WaitsFor).To(expected)
		},
		Entry("nothing while it is ready", nothing),
		Entry("nothing while its renewal is due now", nothing, renewal(0, time.Minute)),
		Entry("its resumption", And(
			saying("spec.suspend is true: no token is requested until the ClientCredential is resumed"),
			commanding("kubectl tokensync resume orders --namespace=shop")), suspended, failed("Timeout", 1, time.Minute)),
		Entry("the next attempt after one failure",
			saying("the next attempt at 2026-03-01T12:00:30Z (in 30s): the operator backs off after Timeout (once)"),
			renewalFailing("Timeout"), failed("Timeout", 1, 30*time.Second)),
		Entry("the next attempt after several",
			saying("the next attempt at 2026-03-01T12:05:00Z (in 5m): the operator backs off after ServerError (7 times in a row)"),
			noToken, reconciling("ServerError"), failed("ServerError", 7, 5*time.Minute)),
		Entry("a server that limits the rate", saying("the next attempt at 2026-03-01T13:00:00Z (in 60m): the server limits the rate"),
			renewalFailing("RateLimited"), failed("RateLimited", 1, time.Hour)),
		Entry("the second of four attempts of refused credentials",
			saying("the next attempt at 2026-03-01T12:01:00Z (in 60s): attempt 2 of 4 in the first hour after the credentials were refused; more attempts may lock the account"),
			noToken, reconciling("InvalidClient"), failed("InvalidClient", 1, time.Minute), classed(problem.CredentialsRefused, 1)),
		Entry("the last of four attempts of refused credentials, without the attempts of another class",
			saying("the next attempt at 2026-03-01T12:15:00Z (in 15m): attempt 4 of 4 in the first hour"),
			noToken, stalled("InvalidClient"), failed("InvalidClient", 5, 15*time.Minute),
			classed(problem.CredentialsRefused, 3, v1alpha1.ClassAttempts{Class: problem.Unavailable, Attempts: 2})),
		Entry("the hourly attempts of refused credentials",
			saying("the next attempt at 2026-03-01T13:00:00Z (in 60m): the credentials were refused 4 times in a row; the operator retries hourly, because more attempts may lock the account"),
			noToken, stalled("InvalidClient"), failed("InvalidClient", 4, time.Hour), classed(problem.CredentialsRefused, 4)),
		Entry("the next attempt for a problem that may resolve itself, in its first minutes",
			saying("the next attempt at 2026-03-01T12:00:30Z (in 30s): the operator backs off after RequestRefused (2 times in a row)"),
			noToken, reconciling("RequestRefused"), failed("RequestRefused", 2, 30*time.Second), classed(problem.MayPass, 2)),
		Entry("the next attempt for a problem that may still resolve itself",
			saying("the next attempt at 2026-03-01T12:05:00Z (in 5m): the problem may resolve itself, and the operator backs off after RequestRefused (7 times in a row)"),
			noToken, stalled("RequestRefused"), failed("RequestRefused", 7, 5*time.Minute), classed(problem.MayPass, 7)),
		Entry("a change of an object that is not ready",
			saying("the next attempt at 2026-03-01T13:00:00Z (in 60m): the operator retries sooner if the object in the message changes"),
			noToken, stalled("CredentialsInvalid"), failed("CredentialsInvalid", 1, time.Hour), classed(problem.ObjectNotReady, 1)),
		Entry("a change of an invalid object",
			saying("the next attempt at 2026-03-01T13:00:00Z (in 60m): the operator retries sooner if the object in the message changes"),
			noToken, stalled("AuthorizationServerInvalid"), failed("AuthorizationServerInvalid", 1, time.Hour), classed(problem.Invalid, 1)),
		Entry("an attempt that an older version planned",
			saying("the next attempt at 2026-03-01T13:00:00Z (in 60m): the operator retries from time to time, even without a change"),
			noToken, stalled("InvalidClient"), failed("InvalidClient", 1, time.Hour)),
		Entry("an object that another controller may still create",
			saying("a change: message of CredentialsNotFound"), noToken, reconciling("CredentialsNotFound")),
		Entry("the same while the token is still valid",
			saying("a change: message of CredentialsNotFound"), renewalFailing("CredentialsNotFound")),
		Entry("nothing if a person must create the object", nothing, noToken, stalled("CredentialsNotFound")),
		Entry("nothing if a command in Needs creates the object", nothing, noToken, reconciling("CredentialsNotLabelled")),
		Entry("no object after its token has expired", nothing, noToken, reconciling("TokenExpired")),
		Entry("no object while a token is verified or requested", nothing, noToken, reconciling("TokenMissing")),
		Entry("the next attempt when it is due", saying("the next attempt, which is due now"),
			renewalFailing("Timeout"), failed("Timeout", 1, -time.Second)),
		Entry("its turn under a rate limit", saying("its turn: message of RateLimited"), noToken, reconciling("RateLimited")),
		Entry("the end of an outage", saying("the end of an outage: message of ServerError"), noToken, reconciling("ServerError")),
		Entry("its turn at a busy server", saying("its turn: message of TokenEndpointBusy"), noToken, reconciling("TokenEndpointBusy")),
		Entry("no attempt for an older spec", nothing, unobserved, failed("Timeout", 1, time.Minute)),
		Entry("the revocation of its token", saying("the revocation of its token"), deleted(0, v1alpha1.RevokeTokenFinalizer)),
		Entry("a finalizer that is not the operator's", saying("the revocation of its token", "the finalizer example.com/backup, which does not belong to the operator"),
			deleted(0, v1alpha1.RevokeTokenFinalizer, "example.com/backup")),
		Entry("a renewal that was requested",
			saying(`the renewal requested 2m ago ("2026-03-01T11:58:00Z"), which has not been tried yet`), requested("2026-03-01T11:58:00Z")),
		Entry("a renewal that was requested with any text", saying(`the renewal requested ("\x1b[31mnow"), which`), requested("\x1b[31mnow")),
		Entry("no renewal that was tried", nothing, requested("today"), handled("today")),
		Entry("no long request that the status holds in a shortened form", nothing, requested(strings.Repeat("x", 2000)), handled(strings.Repeat("x", 1024))),
		Entry("no long request that the status holds in a form shortened to whole characters", nothing,
			requested("x"+strings.Repeat("ä", 1000)), handled("x"+strings.Repeat("ä", 511))),
		Entry("a requested renewal until it is resumed",
			HaveExactElements(HaveField("Message", HavePrefix("spec.suspend")), HaveField("Message", HaveSuffix("it is tried when the ClientCredential is resumed"))),
			requested("today"), suspended),
		Entry("a requested renewal until a person changes something",
			HaveExactElements(HaveField("Message", HaveSuffix("it is tried when the current problem is resolved"))), requested("today"), stalled("CredentialsNotFound")),
		Entry("a requested renewal until another controller creates an object",
			HaveExactElements(HaveField("Message", HavePrefix("a change: ")), HaveField("Message", HaveSuffix("it is tried when the current problem is resolved"))),
			requested("today"), noToken, reconciling("CredentialsNotFound")),
	)
})

var _ = Describe("A ClientCredential", func() {
	const running = "kubectl get pods --all-namespaces --selector=app.kubernetes.io/name=tokensync"

	DescribeTable("needs",
		func(expected types.GomegaMatcher, changes ...change) {
			Expect(explained(changes...).Needs).To(expected)
		},
		Entry("nothing while it is ready", nothing),
		Entry("nothing while it retries by itself", nothing, renewalFailing("Timeout"), failed("Timeout", 1, time.Minute)),
		Entry("nothing while it is suspended", nothing, suspended, noToken, stalled("Suspended")),
		Entry("the change in the message of the operator", HaveExactElements(explain.Point{Message: "message of ProfileUnknown"}),
			noToken, stalled("ProfileUnknown")),
		Entry("a renewal after a change that the operator does not see", And(
			saying("message of InvalidClient", "the operator retries immediately after a change that affects the token request"),
			commanding("kubectl tokensync renew orders --namespace=shop")), stalled("InvalidClient"), failed("InvalidClient", 1, time.Hour)),
		Entry("the label of the credentials Secret",
			commanding("kubectl --namespace=shop label secret orders-client oauth2.tokensync.dev/usage=client-credential"), stalled("CredentialsNotLabelled")),
		Entry("the label of the ServiceAccount, even if the operator retries",
			commanding("kubectl --namespace=shop label serviceaccount default oauth2.tokensync.dev/usage=client-credential"),
			noToken, reconciling("ServiceAccountNotLabelled"), failed("ServiceAccountNotLabelled", 1, time.Minute)),
		Entry("the ServiceAccount", commanding("kubectl --namespace=shop create serviceaccount default"),
			noToken, reconciling("ServiceAccountNotFound"), failed("ServiceAccountNotFound", 1, time.Minute)),
		Entry("a list of the writers of the Secret, without its data",
			ContainElement(HaveField("Command", And(HavePrefix("kubectl --namespace=shop get secret orders-token --show-managed-fields --output=jsonpath="), Not(ContainSubstring(".data"))))),
			stalled("TargetContested")),
		Entry("a running operator if it has never been reconciled", And(saying("generation 1 has not been reconciled yet"), commanding(running)), unseen),
		Entry("a running operator if the spec has changed", And(saying("generation 4 has not been reconciled yet"), commanding(running)), unobserved),
		Entry("a running operator if the token has expired", And(
			saying("the token expired at 2026-03-01T11:00:00Z (60m ago), but the status does not say so"), commanding(running)), renewal(-2*time.Hour, -time.Hour)),
		Entry("a running operator if the renewal is late", And(saying("the renewal was due at 2026-03-01T11:58:00Z"), commanding(running)),
			renewal(-2*time.Minute, time.Hour)),
		Entry("a running operator if the next attempt is late", And(saying("the next attempt was due at 2026-03-01T11:58:00Z"), commanding(running)),
			renewalFailing("Timeout"), failed("Timeout", 1, -2*time.Minute)),
		Entry("a running operator if a renewal request is late", And(saying("the requested renewal has not been tried"), commanding(running)),
			requested("2026-03-01T11:58:00Z")),
		Entry("nothing while a renewal request is new", nothing, requested("2026-03-01T11:59:30Z")),
		Entry("no check of the operator while a renewal request cannot be tried", saying("message of CredentialsNotFound"),
			requested("2026-03-01T11:58:00Z"), stalled("CredentialsNotFound")),
		Entry("no check of the operator while a renewal request waits for an object", nothing,
			requested("2026-03-01T11:58:00Z"), noToken, reconciling("CredentialsNotFound")),
		Entry("a running operator if the deletion does not end", And(saying("the deletion has waited more than a minute for the revocation of its token"), commanding(running)),
			deleted(5*time.Minute, v1alpha1.RevokeTokenFinalizer)),
		Entry("nothing while its token is revoked", nothing, deleted(30*time.Second, v1alpha1.RevokeTokenFinalizer)),
		Entry("no check of the operator while another finalizer blocks the deletion", nothing, deleted(time.Hour, "example.com/backup"), stalled("InvalidClient")),
	)

	It("shows its needs without control characters", func() {
		Expect(explained(func(cc *v1alpha1.ClientCredential) {
			set(cc, v1alpha1.StalledCondition, "True", "InvalidClient", "a\x1b[2Jb\nc\u009bd")
		}).Needs).To(saying("a[2Jb cd"))
	})
})
