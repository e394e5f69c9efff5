package status_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/status"
)

const endpoint = "https://idp.example.com/token"

// The failures because of which an authorization server cannot be used.
var (
	unreachable = problem.Retry(problem.Unavailable, v1alpha1.ReasonTimeout, "no answer")
	undeclared  = problem.Stalled(v1alpha1.ReasonProfileUnknown, "no such profile")
)

// reconciled returns the status after a reconcile of a server with the given status.
func reconciled(before v1alpha1.AuthorizationServerStatus, failure *problem.Problem) v1alpha1.AuthorizationServerStatus {
	found := endpoint
	if failure != nil {
		found = ""
	}
	return status.ComputeServer(before, 3, found, failure, now)
}

var (
	unseenServer = v1alpha1.AuthorizationServerStatus{}
	usable       = reconciled(unseenServer, nil)
)

var _ = Describe("the status of an authorization server", func() {
	DescribeTable("has the conditions",
		func(before v1alpha1.AuthorizationServerStatus, failure *problem.Problem, tokenEndpoint string, conditions ...types.GomegaMatcher) {
			told := reconciled(before, failure)
			Expect(told.Conditions).To(ConsistOf(conditions))
			Expect(told.Conditions).To(HaveEach(Or(HaveField("ObservedGeneration", BeEquivalentTo(3)), HaveField("Type", "Audited"))))
			Expect(told.ObservedGeneration).To(HaveValue(BeEquivalentTo(3)))
			Expect(told.TokenEndpoint).To(Equal(tokenEndpoint))
		},
		Entry("only Ready when it can be used", unseenServer, nil, endpoint,
			condition(ready, yes, v1alpha1.ReasonUsable)),
		Entry("only Ready when it can be used again", reconciled(unseenServer, unreachable), nil, endpoint,
			condition(ready, yes, v1alpha1.ReasonUsable)),
		Entry("only Ready when someone fixed the declaration", reconciled(unseenServer, undeclared), nil, endpoint,
			condition(ready, yes, v1alpha1.ReasonUsable)),
		Entry("Reconciling when the failure may be temporary", unseenServer, unreachable, "",
			condition(ready, no, v1alpha1.ReasonTimeout), condition(reconciling, yes, v1alpha1.ReasonTimeout)),
		Entry("Stalled when an object must change", unseenServer, undeclared, "",
			condition(ready, no, v1alpha1.ReasonProfileUnknown), condition(stalled, yes, v1alpha1.ReasonProfileUnknown)),
		Entry("Stalled when it could be used before", usable, undeclared, "",
			condition(ready, no, v1alpha1.ReasonProfileUnknown), condition(stalled, yes, v1alpha1.ReasonProfileUnknown)),
		Entry("Stalled, and no longer Reconciling", reconciled(unseenServer, unreachable), undeclared, "",
			condition(ready, no, v1alpha1.ReasonProfileUnknown), condition(stalled, yes, v1alpha1.ReasonProfileUnknown)),
		Entry("Reconciling, and no longer Stalled", reconciled(unseenServer, undeclared), unreachable, "",
			condition(ready, no, v1alpha1.ReasonTimeout), condition(reconciling, yes, v1alpha1.ReasonTimeout)),
		Entry("unchanged if another controller set them",
			v1alpha1.AuthorizationServerStatus{Conditions: []metav1.Condition{{Type: "Audited", Status: no, Reason: "ByHand", ObservedGeneration: 1}}}, nil, endpoint,
			condition(ready, yes, v1alpha1.ReasonUsable), condition("Audited", no, "ByHand")),
	)

	It("says where token requests go, or why the server cannot be used", func() {
		Expect(usable.Conditions).To(HaveEach(HaveField("Message", ContainSubstring(endpoint))))
		Expect(reconciled(usable, undeclared).Conditions).To(HaveEach(HaveField("Message", "no such profile")))
		Expect(reconciled(usable, unreachable).Conditions).To(HaveEach(HaveField("Message", "no answer")))
	})

	DescribeTable("does not change while nothing happens, so that nothing is written",
		func(failure *problem.Problem) {
			before := reconciled(unseenServer, failure)
			Expect(status.ComputeServer(before, 3, before.TokenEndpoint, failure, now.Add(time.Hour))).To(Equal(before))
		},
		Entry("for a server that can be used", nil),
		Entry("for a server that cannot be reached", unreachable),
		Entry("for a server whose declaration is wrong", undeclared),
	)

	It("records only the time of a transition, in whole seconds", func() {
		at := now.Add(time.Hour + time.Millisecond)
		Expect(status.ComputeServer(usable, 3, "", unreachable, at).Conditions).To(HaveEach(HaveField("LastTransitionTime.Time", now.Add(time.Hour))))
		moved := status.ComputeServer(usable, 4, "https://other.example.com/token", nil, at)
		Expect(moved.Conditions).To(HaveEach(HaveField("LastTransitionTime.Time", now)))
		Expect(moved.Conditions).To(HaveEach(HaveField("Message", ContainSubstring("https://other.example.com/token"))))
		Expect(moved.ObservedGeneration).To(HaveValue(BeEquivalentTo(4)))
	})

	It("does not change the previous status", func() {
		before := reconciled(unseenServer, unreachable)
		unchanged := before.DeepCopy()
		status.ComputeServer(before, 9, endpoint, nil, now.Add(time.Hour))
		Expect(&before).To(Equal(unchanged))
	})
})
