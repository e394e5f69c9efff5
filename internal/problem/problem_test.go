package problem_test

import (
	"errors"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

var _ = Describe("a problem", func() {
	refused := problem.Retry(problem.MayPass, v1alpha1.ReasonRequestRefused, "HTTP %d", 404)

	It("is found in an error that wraps it", func() {
		Expect(problem.Of(fmt.Errorf("send: %w", refused))).To(BeIdenticalTo(refused))
		Expect(refused).To(MatchError("HTTP 404"))
	})

	It("is not found in other errors", func() {
		Expect(problem.Of(errors.New("timeout"))).NotTo(HaveOccurred())
		Expect(problem.Of(nil)).NotTo(HaveOccurred())
	})

	It("that is Stalled is of class Invalid", func() {
		Expect(problem.Stalled(v1alpha1.ReasonProfileUnknown, "no profile %q", "Fabrik")).To(Equal(&problem.Problem{
			Reason: v1alpha1.ReasonProfileUnknown, Message: `no profile "Fabrik"`, Class: problem.Invalid,
		}))
	})

	It("that an object lacks its label has the command that sets it", func() {
		lacking := problem.NotLabelled(v1alpha1.ReasonCredentialsNotLabelled, "Secret", "shop-client")
		Expect(lacking).To(HaveValue(And(HaveField("Reason", v1alpha1.ReasonCredentialsNotLabelled), HaveField("Class", problem.ObjectNotReady),
			HaveField("Message", ContainSubstring("kubectl label secret shop-client oauth2.tokensync.dev/usage=client-credential")))))
	})

	DescribeTable("of the API server says what to do", func(found *problem.Problem, class problem.Class, reason, message string) {
		Expect(found).To(Equal(&problem.Problem{Class: class, Reason: reason, Message: message}))
	},
		Entry("if a Secret is gone with its namespace", problem.SecretGone("token", "shop"), problem.ObjectNotReady, "TokenMissing",
			`Secret "token" is gone, and no token is requested: namespace "shop" is being deleted`),
		Entry("if a write failed", problem.SecretNotWritten(problem.MayPass, "token", "denied", false, false), problem.MayPass, "SecretWriteFailed",
			`the token cannot be written to Secret "token": denied; the write is retried with the same token`),
		Entry("if the Secret is invalid, and the token could not be remembered", problem.SecretNotWritten(problem.MayPass, "token", "too large", true, true),
			problem.MayPass, "SecretWriteFailed",
			`the token cannot be written to Secret "token": too large; correct spec.target; the next attempt requests another token, because too many tokens wait to be written`),
		Entry("if a Secret cannot be taken over", problem.SecretNotTakenOver(problem.MayPass, "token", "denied"), problem.MayPass, "SecretWriteFailed",
			`Secret "token", which an earlier ClientCredential of this name left, cannot be taken over: denied; the operator retries. To get a new token instead, delete that Secret`),
		Entry("if a request failed", problem.APIRequestFailed(problem.Unavailable, "read x", false), problem.Unavailable, "APIRequestFailed",
			"cannot read x; the request is retried"),
		Entry("if a request is forbidden", problem.APIRequestFailed(problem.MayPass, "read x", true), problem.MayPass, "APIRequestFailed",
			"cannot read x; check the operator's role and the admission policies"),
	)

	It("of missing credentials says what to create", func() {
		Expect(problem.CredentialsNotFound("client", "", "")).To(HaveField("Message",
			`Secret "client" does not exist: create it with the client ID and the client secret, or correct spec.credentialsRef.name`))
		Expect(problem.CredentialsNotFound("client", "is in no file", "add it")).To(HaveField("Message",
			`Secret "client" is in no file: add it, or correct spec.credentialsRef.name`))
	})

	DescribeTable("is shown by the condition", func(shown string, conditions ...metav1.Condition) {
		condition := problem.Condition(append(conditions, metav1.Condition{Type: "Ready", Reason: "Timeout"}))
		if shown == "" {
			Expect(condition).To(BeNil())
		} else {
			Expect(condition).To(HaveField("Type", shown))
		}
	},
		Entry("Stalled before all other conditions", "Stalled", metav1.Condition{Type: "RenewalFailing"}, metav1.Condition{Type: "Stalled"}),
		Entry("RenewalFailing", "RenewalFailing", metav1.Condition{Type: "RenewalFailing"}),
		Entry("Reconciling", "Reconciling", metav1.Condition{Type: "Reconciling"}),
		Entry("none, if there is no problem", ""),
		Entry("none, if the ClientCredential is suspended", "", metav1.Condition{Type: "Stalled", Reason: "Suspended"}),
	)

	DescribeTable("has its text shortened to 5 bytes",
		func(text, shown string) { Expect(problem.Shorten(text, 5)).To(Equal(shown)) },
		Entry("if the text has exactly that length", "xäß", "xäß"),
		Entry("if the text is longer, at the end of a character", "xäßy", "xäß..."),
		Entry("if the text is longer, without an incomplete character", "ääß", "ää..."),
	)

	It("keeps its reason and message in a status, and with another class", func() {
		recorded := problem.Recorded(&v1alpha1.FailureStatus{Reason: refused.Reason, Message: refused.Message, Class: refused.Class})
		Expect(recorded).To(Equal(refused))
		Expect(recorded.WithClass(problem.Invalid)).To(And(HaveField("Message", "HTTP 404"), HaveField("Class", problem.Invalid)))
		Expect(recorded.Class).To(Equal(problem.MayPass))
	})
})
