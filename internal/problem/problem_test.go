package problem_test

import (
	"errors"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

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
