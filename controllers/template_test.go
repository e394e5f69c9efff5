package controllers_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("The data of a token Secret", func() {
	var (
		w    *world
		shop *v1alpha1.ClientCredential
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		shop = w.clientCredential("shop")
		shop.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
			Data: map[string]string{"header": "Authorization: Bearer {{ .access_token }}", "who": "{{ .client_id }}"},
		}}
		create(ctx, w.shopCredentials())
	})

	data := func(ctx SpecContext) map[string][]byte { return w.secret(ctx, "shop-token").Data }

	// setTemplate changes the template of the ClientCredential shop.
	setTemplate := func(ctx SpecContext, change func(*v1alpha1.TokenSecretTemplate)) {
		GinkgoHelper()
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { change(c.Spec.Target.Template) })
	}

	It("is rendered from the template for each token", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		Expect(first.Data).To(And(HaveLen(5), HaveKeyWithValue("who", []byte("shop")),
			HaveKeyWithValue("header", []byte("Authorization: Bearer "+string(first.Data["access_token"])))))
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Eventually(func(g Gomega) {
			g.Expect(data(ctx)).To(HaveKeyWithValue("header", []byte("Authorization: Bearer "+string(data(ctx)["access_token"]))))
			g.Expect(data(ctx)["header"]).NotTo(Equal(first.Data["header"]))
		}).Should(Succeed())
	})

	It("is rendered again when the template changes, without a new token", func(ctx SpecContext) {
		create(ctx, shop)
		token := w.eventuallyReady(ctx, "shop").Data["access_token"]
		setTemplate(ctx, func(t *v1alpha1.TokenSecretTemplate) { t.Data = map[string]string{"bearer": "{{ .access_token }}"} })
		Eventually(data).WithContext(ctx).Should(And(HaveLen(4), HaveKeyWithValue("bearer", token), HaveKeyWithValue("access_token", token)))
		setTemplate(ctx, func(t *v1alpha1.TokenSecretTemplate) {
			t.Data, t.Metadata = nil, &v1alpha1.TokenSecretMetadata{Labels: map[string]string{"team": "web"}}
		})
		Eventually(data).WithContext(ctx).Should(HaveLen(3))
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("is restored when a user edits a key of the template", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Data["header"] = []byte("Authorization: Basic forged") })
		Eventually(data).WithContext(ctx).Should(Equal(first.Data))
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("stays unchanged if a new template has an error, and the condition names the key and the line", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")

		By("reporting an error that is found without a token")
		setTemplate(ctx, func(t *v1alpha1.TokenSecretTemplate) { t.Data["header"] = "a\n{{ nothing }}" })
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "TargetTemplateInvalid"),
			matchers.HaveCondition("Stalled", "True", "TargetTemplateInvalid", And(ContainSubstring(`data["header"]`), ContainSubstring("line 2"))))

		By("reporting an error that is found only with a token")
		setTemplate(ctx, func(t *v1alpha1.TokenSecretTemplate) { t.Data["header"] = "a\n\n{{ .acess_token }}" })
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "TargetTemplateInvalid"),
			matchers.HaveCondition("Stalled", "True", "TargetTemplateInvalid", And(ContainSubstring(`data["header"]`), ContainSubstring("line 3"), ContainSubstring("acess_token"))))
		Expect(data(ctx)).To(Equal(first.Data))
		Expect(w.tokenRequests()).To(Equal(1))

		By("correcting the template")
		setTemplate(ctx, func(t *v1alpha1.TokenSecretTemplate) { t.Data["header"] = "Bearer {{ .access_token }}" })
		Eventually(data).WithContext(ctx).Should(HaveKeyWithValue("header", append([]byte("Bearer "), first.Data["access_token"]...)))
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("is written with the token in memory after an error in the first template is corrected", func(ctx SpecContext) {
		shop.Spec.Target.Template.Data["header"] = "{{ .acess_token }}"
		create(ctx, shop)
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "TargetTemplateInvalid"), matchers.HaveCondition("Stalled", "True", "TargetTemplateInvalid"))
		Expect(w.tokenRequests()).To(Equal(1))
		setTemplate(ctx, func(t *v1alpha1.TokenSecretTemplate) { t.Data["header"] = "{{ .access_token }}" })
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(1))
	})
})

var _ = Describe("The type of a token Secret", func() {
	var (
		w    *world
		shop *v1alpha1.ClientCredential
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		shop = w.clientCredential("shop")
		create(ctx, w.shopCredentials())
	})

	basicAuth := &v1alpha1.TokenSecretTemplate{
		Type: "kubernetes.io/basic-auth", Data: map[string]string{"username": "oauth2", "password": "{{ .access_token }}"},
	}

	It("comes from the template, and a change replaces the Secret but not the token", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target = &v1alpha1.TokenTarget{Template: basicAuth} })
		Eventually(func(g Gomega) {
			secret := &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.key("shop-token"), secret)).To(Succeed())
			g.Expect(secret.Type).To(Equal(corev1.SecretTypeBasicAuth))
			g.Expect(secret.UID).NotTo(Equal(first.UID))
			g.Expect(secret.Data).To(And(HaveKeyWithValue("password", first.Data["access_token"]), HaveKeyWithValue("access_token", first.Data["access_token"])))
		}).Should(Succeed())
		w.eventuallyReady(ctx, "shop")

		By("removing the template")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target = nil })
		Eventually(func(g Gomega) {
			secret := &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.key("shop-token"), secret)).To(Succeed())
			g.Expect(secret.Type).To(Equal(corev1.SecretTypeOpaque))
			g.Expect(secret.Data).To(Equal(first.Data))
		}).Should(Succeed())
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("can change together with a renewal", func(ctx SpecContext) {
		create(ctx, shop)
		w.eventuallyReady(ctx, "shop")
		w.stop()
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target = &v1alpha1.TokenTarget{Template: basicAuth} })
		w.clock.Step(50 * time.Minute)
		w.start()
		Eventually(func(g Gomega) {
			secret := &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.key("shop-token"), secret)).To(Succeed())
			g.Expect(secret.Type).To(Equal(corev1.SecretTypeBasicAuth))
		}).Should(Succeed())
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(2))
	})

	It("does not change if the API server would refuse the new Secret", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
				Type: "kubernetes.io/dockerconfigjson", Data: map[string]string{".dockerconfigjson": "{{ .access_token }}"},
			}}
		})
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "TargetTemplateInvalid"),
			matchers.HaveCondition("Stalled", "True", "TargetTemplateInvalid", ContainSubstring("yields no JSON object")))

		By("sending a dry run to the API server before anything is deleted")
		requests := func(dryRun bool) func(*http.Request) bool {
			return func(request *http.Request) bool {
				return request.Method == http.MethodPost && request.URL.Path == "/api/v1/namespaces/"+w.namespace+"/secrets" &&
					(request.URL.Query().Get("dryRun") != "") == dryRun
			}
		}
		w.traffic.failWhen(requests(true))
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target.Template.Data[".dockerconfigjson"] = "{}" })
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "SecretWriteFailed"), matchers.HaveCondition("Reconciling", "True", "SecretWriteFailed"))
		Expect(w.secret(ctx, "shop-token")).To(Equal(first))

		By("keeping the token when the delete succeeds and the create fails")
		w.traffic.failWhen(requests(false))
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target.Template = basicAuth })
		w.saysWithin(ctx, "shop", time.Minute, matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
		w.traffic.failWhen(nil)
		w.within(time.Minute, func(g Gomega) {
			secret := &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.key("shop-token"), secret)).To(Succeed())
			g.Expect(secret.Data).To(HaveKeyWithValue("password", first.Data["access_token"]))
		})
		Expect(w.tokenRequests()).To(Equal(1))
	})
})
