package states_test

import (
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// state is a state of an object.
type state struct {
	// name is the name of the state, and how describes how it is reached, for docs/states.md.
	name, how string
	reach     func(SpecContext, *world)
	shown     seen
	// lasts is the time that the state lasts if nothing changes; 0 means forever.
	lasts time.Duration
}

// The states of the ClientCredential shop and of the AuthorizationServer idp, in the order of
// docs/states.md.
var (
	states       = concat(fineStates, renewalStates, waitingStates, stalledStates, endStates)
	serverStates = concat(declarationStates)
)

// reached holds the results of the tools in each state, for the page.
var reached = map[string]sight{}

// sight also holds the names of the columns of "kubectl get".
type sight struct {
	seen
	columns []string
}

var _ = Describe("A ClientCredential in the state", func() {
	for _, state := range states {
		It(state.name, func(ctx SpecContext) {
			w := newWorld(ctx)
			w.expect(ctx, state, w.clientCredential("shop"))
		})
	}
})

var _ = Describe("An AuthorizationServer in the state", func() {
	for _, state := range serverStates {
		It(state.name, func(ctx SpecContext) {
			w := newWorld(ctx)
			w.expect(ctx, state, w.authorizationServer(v1alpha1.AuthorizationServerSpec{}))
		})
	}
})

// expect brings an object into a state, and compares the results of the tools with the expected results.
func (w *world) expect(ctx SpecContext, state state, object client.Object) {
	GinkgoHelper()
	state.reach(ctx, w)
	var now sight
	Eventually(func(g Gomega) {
		now = w.observe(ctx, g, object)
		if _, hasMetrics := object.(*v1alpha1.ClientCredential); hasMetrics {
			now.Alerts = w.alerts(ctx, object.GetName(), state.lasts)
		}
		g.Expect(now.seen).To(Equal(state.shown))
	}).Should(Succeed())
	w.expectMeaning(ctx, object, now.seen)
	reached[state.name] = now
}

// expectMeaning checks that the tools' results agree with the conditions.
func (w *world) expectMeaning(ctx SpecContext, object client.Object, now seen) {
	GinkgoHelper()
	live := unstructuredOf(ctx, Default, object)
	common := commonStatusOf(Default, live).Status
	is := func(conditionType string) bool { return meta.IsStatusConditionTrue(common.Conditions, conditionType) }
	ready, stalled, reconciling := is(v1alpha1.ReadyCondition), is(v1alpha1.StalledCondition), is(v1alpha1.ReconcilingCondition)
	observed := common.ObservedGeneration != nil && *common.ObservedGeneration == live.GetGeneration()
	settled := observed && live.GetDeletionTimestamp() == nil

	By("being Current only if it is Ready, not Stalled, and the newest spec was observed")
	isCurrent, isFailed := now.KStatus == status.CurrentStatus, now.KStatus == status.FailedStatus
	Expect(isCurrent).To(Equal(settled && ready && !stalled))
	By("being Failed only if it is Stalled, with or without a token")
	Expect(isFailed).To(Equal(settled && stalled))
	By("never being both Reconciling and Stalled, and being one of them if it is not Ready")
	Expect(stalled && reconciling).To(BeFalse())
	Expect(!observed || ready || stalled || reconciling).To(BeTrue())
	By("ending kubectl wait only if it is Ready and the newest spec was observed")
	Expect(now.Wait).To(Equal(observed && ready))
	By("having the same state in Argo CD as in kstatus, unless it is suspended")
	if now.Argo != suspended {
		Expect(now.Argo).To(Equal(map[status.Status]string{
			status.CurrentStatus: healthy, status.InProgressStatus: progressing,
			status.FailedStatus: degraded, status.TerminatingStatus: progressing,
		}[now.KStatus]))
	}
}
