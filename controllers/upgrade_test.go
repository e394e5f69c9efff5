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

// asVersion1 rewrites the status as an older version wrote it. Failures had no class, and a problem that may
// resolve itself was Stalled immediately.
func (w *world) asVersion1(ctx SpecContext, isStalled bool) v1alpha1.ClientCredentialStatus {
	GinkgoHelper()
	shop := w.get(ctx, "shop")(Default)
	if failure := shop.Status.Failure; failure != nil {
		failure.Class, failure.AttemptsByClass = "", nil
		failure.RetryAt = metav1.NewTime(w.clock.Now().Add(50 * time.Minute))
	}
	if isStalled {
		// If there is a token, RenewalFailing and Stalled are set.
		reported := meta.FindStatusCondition(shop.Status.Conditions, v1alpha1.RenewalFailingCondition)
		if reported == nil {
			reported = meta.FindStatusCondition(shop.Status.Conditions, v1alpha1.ReconcilingCondition)
		}
		stalled := *reported
		stalled.Type = v1alpha1.StalledCondition
		meta.RemoveStatusCondition(&shop.Status.Conditions, v1alpha1.ReconcilingCondition)
		meta.SetStatusCondition(&shop.Status.Conditions, stalled)
	}
	Expect(apiServer.Status().Update(ctx, shop)).To(Succeed())
	return shop.Status
}

// withoutOwnerName removes the owner's name from the token Secret, if it exists: older versions did not
// record it.
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

var _ = Describe("An upgrade from a version without failure classes", func() {
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

	DescribeTable("requests no token, writes nothing and does not change the status with",
		func(ctx SpecContext, arrange func(SpecContext), isStalled bool) {
			arrange(ctx)
			w.stop()
			before := w.asVersion1(ctx, isStalled)
			w.withoutOwnerName(ctx)
			requests := w.tokenRequests()
			w.traffic.reset()
			w.start()
			Eventually(w.traffic.all).Should(ContainElement(HaveSuffix("/clientcredentials")))
			// Five minutes exceed the delay before Stalled is set, but not the backoff.
			for range 5 {
				w.step(time.Minute)
				Consistently(w.traffic.writes).WithTimeout(100 * time.Millisecond).Should(BeEmpty())
			}
			Expect(w.tokenRequests()).To(Equal(requests))
			Expect(w.get(ctx, "shop")(Default).Status).To(Equal(before))
		},
		Entry("a valid token", func(ctx SpecContext) { firstToken(ctx) }, false),
		Entry("an outage before the first token", noToken(http.StatusBadGateway), false),
		Entry("an outage while the token is valid", noRenewal(http.StatusBadGateway), false),
		Entry("refused credentials before the first token", noToken(http.StatusUnauthorized), true),
		Entry("refused credentials while the token is valid", noRenewal(http.StatusUnauthorized), true),
		Entry("a missing credentials Secret", func(ctx SpecContext) {
			create(ctx, w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		}, true),
	)

	It("counts attempts by class, starting with the attempt that the older version planned", func(ctx SpecContext) {
		noToken(http.StatusUnauthorized)(ctx)
		w.stop()
		planned := w.asVersion1(ctx, true).Failure.RetryAt
		w.start()
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Expect(w.clock.Now()).To(BeTemporally(">=", planned.Time))
		Eventually(func() *v1alpha1.FailureStatus { return w.get(ctx, "shop")(Default).Status.Failure }).Should(And(
			HaveField("Class", problem.CredentialsRefused),
			HaveField("AttemptsByClass", ConsistOf(v1alpha1.ClassAttempts{Class: problem.CredentialsRefused, Attempts: 1}))))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Stalled", "True", "InvalidClient"))
	})
})
