package controllers_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
	"github.com/tokensync/tokensync/test/matchers"
)

// asVersion1 makes a status one of a version whose failures had no class, and which
// was Stalled immediately by what this version takes for something that may pass.
func (w *world) asVersion1(ctx SpecContext, isStalled bool) v1alpha1.ClientCredentialStatus {
	GinkgoHelper()
	shop := w.get(ctx, "shop")(Default)
	if failure := shop.Status.Failure; failure != nil {
		failure.Class, failure.AttemptsByClass = "", nil
		failure.RetryAt = metav1.NewTime(w.clock.Now().Add(50 * time.Minute))
	}
	if isStalled {
		// With a token, RenewalFailing stands beside Stalled.
		told := meta.FindStatusCondition(shop.Status.Conditions, v1alpha1.RenewalFailingCondition)
		if told == nil {
			told = meta.FindStatusCondition(shop.Status.Conditions, v1alpha1.ReconcilingCondition)
		}
		stalled := *told
		stalled.Type = v1alpha1.StalledCondition
		meta.RemoveStatusCondition(&shop.Status.Conditions, v1alpha1.ReconcilingCondition)
		meta.SetStatusCondition(&shop.Status.Conditions, stalled)
	}
	Expect(apiServer.Status().Update(ctx, shop)).To(Succeed())
	return shop.Status
}

// withoutOwnerName makes the token Secret, if there is one, one of a version that noted
// no name of the owner.
func (w *world) withoutOwnerName(ctx SpecContext) {
	GinkgoHelper()
	if w.get(ctx, "shop")(Default).Status.Token == nil {
		return
	}
	secret := w.secret(ctx, "shop-token")
	before := secret.DeepCopy()
	delete(secret.Annotations, v1alpha1.OwnerNameAnnotation)
	Expect(apiServer.Patch(ctx, secret, client.MergeFrom(before), client.FieldOwner(tokensecret.FieldManager))).To(Succeed())
}

var _ = Describe("An upgrade from a version without classes of failures", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) { w = newWorld(ctx) })

	answering := func(status int) func(SpecContext) {
		return func(SpecContext) {
			w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
		}
	}
	firstToken := func(ctx SpecContext) {
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
	}
	noToken := func(status int) func(SpecContext) {
		return func(ctx SpecContext) {
			answering(status)(ctx)
			create(ctx, w.shopCredentials(), w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		}
	}
	noRenewal := func(status int) func(SpecContext) {
		return func(ctx SpecContext) {
			firstToken(ctx)
			answering(status)(ctx)
			w.renew(ctx, "shop")
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("RenewalFailing"))
		}
	}

	DescribeTable("asks for no token, writes nothing and tells the same of",
		func(ctx SpecContext, reach func(SpecContext), isStalled bool) {
			reach(ctx)
			w.stop()
			before := w.asVersion1(ctx, isStalled)
			w.withoutOwnerName(ctx)
			requests := w.tokenRequests()
			w.traffic.reset()
			w.start()
			Eventually(w.traffic.all).Should(ContainElement(HaveSuffix("/clientcredentials")))
			// Longer than a problem that may pass is not Stalled, and shorter than the backoff.
			for range 5 {
				w.step(time.Minute)
				Consistently(w.traffic.writes).WithTimeout(100 * time.Millisecond).Should(BeEmpty())
			}
			Expect(w.tokenRequests()).To(Equal(requests))
			Expect(w.get(ctx, "shop")(Default).Status).To(Equal(before))
		},
		Entry("a good token", func(ctx SpecContext) { firstToken(ctx) }, false),
		Entry("an outage before the first token", noToken(http.StatusBadGateway), false),
		Entry("an outage while the token serves", noRenewal(http.StatusBadGateway), false),
		Entry("refused credentials before the first token", noToken(http.StatusUnauthorized), true),
		Entry("refused credentials while the token serves", noRenewal(http.StatusUnauthorized), true),
		Entry("a missing credentials Secret", func(ctx SpecContext) {
			create(ctx, w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		}, true),
	)

	It("counts by class from the attempt on that the older version planned", func(ctx SpecContext) {
		noToken(http.StatusUnauthorized)(ctx)
		w.stop()
		planned := w.asVersion1(ctx, true).Failure.RetryAt
		w.start()
		w.passes(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Expect(w.clock.Now()).To(BeTemporally(">=", planned.Time))
		Eventually(func() *v1alpha1.FailureStatus { return w.get(ctx, "shop")(Default).Status.Failure }).Should(And(
			HaveField("Class", problem.CredentialsRefused),
			HaveField("AttemptsByClass", ConsistOf(v1alpha1.ClassAttempts{Class: problem.CredentialsRefused, Attempts: 1}))))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Stalled", "True", "InvalidClient"))
	})
})
