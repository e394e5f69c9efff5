package explain_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

var _ = Describe("A lifetime that cannot be read", func() {
	It("is a notice, and does not change the state", func() {
		explanation := explain.Explain(explain.Input{Now: now, ClientCredential: clientCredential(says(v1alpha1.LifetimeUnknownCondition, v1alpha1.ReasonLifetimeUnreadable))})
		Expect(explanation.State).To(Equal(explain.StateReady))
		Expect(explanation.Notices).To(ConsistOf(explain.Point{Message: "LifetimeUnknown: message of LifetimeUnreadable"}))
	})
})
