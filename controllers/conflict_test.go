package controllers_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("The target of a ClientCredential", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		create(ctx, w.shopCredentials())
	})

	expectConflict := func(ctx SpecContext, name, message string) {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			g.Expect(w.get(ctx, name)(g).Status.Conditions).To(And(
				matchers.HaveCondition("Ready", "False", "TargetConflict", ContainSubstring(message)),
				matchers.HaveCondition("Reconciling", "True", "TargetConflict")))
		}).Should(Succeed())
	}

	It("is left unchanged if it is a foreign Secret", func(ctx SpecContext) {
		taken := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "shop-token"},
			StringData: map[string]string{"password": "precious"},
		}
		create(ctx, taken, w.clientCredential("shop"))
		expectConflict(ctx, "shop", `Secret "shop-token" exists and belongs to no controller`)
		Expect(w.tokenRequests()).To(BeZero())
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(taken.ResourceVersion))
		Eventually(w.eventsSoFar).Should(ContainElement(HavePrefix("Warning TargetConflict")))

		By("writing the Secret after the foreign Secret is deleted")
		Expect(apiServer.Delete(ctx, taken)).To(Succeed())
		w.eventuallyReady(ctx, "shop")
	})

	It("is left unchanged if a foreign client creates it during the token request", func(ctx SpecContext) {
		taken := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "shop-token"},
			StringData: map[string]string{"password": "precious"},
		}
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			_ = apiServer.Create(ctx, taken)
			_, _ = rw.Write([]byte(`{"access_token": "t", "expires_in": 3600}`))
		})
		create(ctx, w.clientCredential("shop"))
		expectConflict(ctx, "shop", "belongs to no controller")
		Expect(w.secret(ctx, "shop-token").Data).To(Equal(map[string][]byte{"password": []byte("precious")}))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("stays with its current owner if a second ClientCredential names it", func(ctx SpecContext) {
		older := w.clientCredential("older")
		older.Spec.Target = &v1alpha1.TokenTarget{Name: "shared"}
		create(ctx, older)
		w.eventuallyReady(ctx, "older")
		younger := w.clientCredential("younger")
		younger.Spec.Target = &v1alpha1.TokenTarget{Name: "shared"}
		create(ctx, younger)
		expectConflict(ctx, "younger", `belongs to ClientCredential older`)
		Consistently(w.tokenRequests).Should(Equal(1))

		By("passing to the second when the first gets another target")
		edit(ctx, older, func(c *v1alpha1.ClientCredential) { c.Spec.Target = nil })
		w.eventuallyReady(ctx, "older")
		Expect(metav1.IsControlledBy(w.secret(ctx, "older-token"), older)).To(BeTrue())
		w.eventuallyReady(ctx, "younger")
		Expect(metav1.IsControlledBy(w.secret(ctx, "shared"), younger)).To(BeTrue())
	})

	It("belongs to the older ClientCredential even if neither has a token yet", func(ctx SpecContext) {
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
		older := w.clientCredential("older")
		older.Spec.Target = &v1alpha1.TokenTarget{Name: "shared"}
		create(ctx, older)
		Eventually(w.tokenRequests).Should(Equal(1))
		younger := w.clientCredential("younger")
		younger.Spec.Target = &v1alpha1.TokenTarget{Name: "shared"}
		createLater(ctx, older, younger)
		expectConflict(ctx, "younger", `ClientCredential "older" writes to Secret "shared" too, and takes precedence`)
		Consistently(w.tokenRequests).Should(Equal(1))

		By("passing to the younger when the older is deleted")
		w.server.Respond("shop", nil)
		Expect(apiServer.Delete(ctx, older)).To(Succeed())
		w.eventuallyReady(ctx, "younger")
	})

	It("passes to the older ClientCredential if the owner's Secret is deleted while no token can be issued", func(ctx SpecContext) {
		shop := w.clientCredential("shop")
		other := w.clientCredential("other")
		other.Spec.Target = &v1alpha1.TokenTarget{Name: "elsewhere"}
		create(ctx, other)
		w.eventuallyReady(ctx, "other")
		// Creation times have whole seconds.
		Eventually(time.Now).Should(BeTemporally(">=", other.CreationTimestamp.Add(time.Second)))
		create(ctx, shop)
		secret := w.eventuallyReady(ctx, "shop")
		edit(ctx, other, func(c *v1alpha1.ClientCredential) { c.Spec.Target.Name = secret.Name })
		w.eventuallySays(ctx, "other", matchers.HaveCondition("Ready", "False", "TargetConflict"))

		w.server.RespondAt(authserver.RFC6749Path, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
		Expect(apiServer.Delete(ctx, secret)).To(Succeed())
		w.eventuallySays(ctx, "other", matchers.HaveCondition("Ready", "False", "ServerError"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "TargetConflict"))
		w.server.RespondAt(authserver.RFC6749Path, nil)
		w.saysWithin(ctx, "other", 10*time.Minute, matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})

	It("keeps a concurrent change, and gets the issued token on the next try", func(ctx SpecContext) {
		clientCredential := w.clientCredential("shop")
		create(ctx, clientCredential)
		first := w.eventuallyReady(ctx, "shop")

		By("changing the Secret between the operator's read and write")
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			w.server.Respond("shop", nil)
			edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Labels["touched"] = "meanwhile" })
			_, _ = rw.Write([]byte(`{"access_token": "second", "expires_in": 3600}`))
		})
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })

		By("writing the same token on the next try")
		Eventually(func() string {
			w.clock.Step(10 * time.Millisecond)
			return string(w.secret(ctx, "shop-token").Data["access_token"])
		}).Should(Equal("second"))
		Expect(w.secret(ctx, "shop-token").Labels).To(HaveKeyWithValue("touched", "meanwhile"))
		Consistently(w.tokenRequests).Should(Equal(2))
		writes := 0
		for _, request := range w.traffic.writes() {
			if strings.HasSuffix(request, "/secrets/shop-token") {
				writes++
			}
		}
		Expect(writes).To(Equal(2))
	})
})
