package controllers_test

import (
	"encoding/base64"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("Additional fields of the token response", func() {
	It("are in the token Secret while they are declared", func(ctx SpecContext) {
		w := newWorld(ctx)
		salesforce := w.authorizationServer("salesforce", v1alpha1.AuthorizationServerSpec{
			Profile: "Salesforce", TokenEndpoint: w.server.URL + authserver.SalesforcePath,
			Response: &v1alpha1.TokenResponse{Fields: []v1alpha1.ResponseField{
				{Name: "instance_url", Pointers: []v1alpha1.JSONPointer{"/instance_url"}},
				{Name: "absent", Pointers: []v1alpha1.JSONPointer{"/absent"}},
			}},
		})
		create(ctx, w.shopCredentials(), salesforce, w.clientOf("salesforce", "shop"))
		first := w.eventuallyReady(ctx, "shop")
		Expect(first.Data).To(HaveKeyWithValue("instance_url", []byte("https://shop.my.salesforce.com")))
		Expect(first.Data).To(HaveLen(4))
		Eventually(w.eventsSoFar).Should(ContainElement(And(HavePrefix("Warning ResponseFieldMissing"), ContainSubstring("absent"))))

		By("restoring an edited field with a new token")
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Data["instance_url"] = []byte("https://evil.example.com") })
		Eventually(w.tokenRequests).Should(Equal(2))
		Eventually(func() map[string][]byte { return w.secret(ctx, "shop-token").Data }).
			Should(HaveKeyWithValue("instance_url", []byte("https://shop.my.salesforce.com")))
		w.eventuallyReady(ctx, "shop")

		By("removing only the undeclared fields at the next renewal")
		edit(ctx, w.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Data["foreign"] = []byte("kept") })
		edit(ctx, salesforce, func(s *v1alpha1.AuthorizationServer) { s.Spec.Response = nil })
		Consistently(w.tokenRequests).Should(Equal(2))
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(3)) })
		Eventually(func() map[string][]byte { return w.secret(ctx, "shop-token").Data }).Should(And(
			HaveLen(4), HaveKey("access_token"), HaveKey("token_type"), HaveKey("expires_at"), HaveKeyWithValue("foreign", []byte("kept"))))
		w.eventuallyReady(ctx, "shop")
		Consistently(w.tokenRequests).Should(Equal(3))
	})

	It("are removed immediately if they were declared inline in the ClientCredential", func(ctx SpecContext) {
		w := newWorld(ctx)
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.Profile = "Salesforce"
		shop.Spec.AuthorizationServer.TokenEndpoint = w.server.URL + authserver.SalesforcePath
		create(ctx, w.shopCredentials(), shop)
		w.eventuallyReady(ctx, "shop")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) {
			c.Spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{
				Fields: []v1alpha1.ResponseField{{Name: "instance_url", Pointers: []v1alpha1.JSONPointer{"/instance_url"}}},
			}
		})
		Eventually(func() map[string][]byte { return w.secret(ctx, "shop-token").Data }).Should(HaveKey("instance_url"))
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.Response = nil })
		Eventually(func() map[string][]byte { return w.secret(ctx, "shop-token").Data }).ShouldNot(HaveKey("instance_url"))
		w.eventuallyReady(ctx, "shop")
		Consistently(w.tokenRequests).Should(Equal(3))
	})
})

var _ = Describe("The template of a token Secret", func() {
	var (
		w     *world
		shop  *v1alpha1.ClientCredential
		first *corev1.Secret
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		shop = w.clientCredential("shop")
		create(ctx, w.shopCredentials(), shop)
		first = w.eventuallyReady(ctx, "shop")
	})

	set := func(ctx SpecContext, metadata *v1alpha1.TokenSecretMetadata) {
		GinkgoHelper()
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target = nil
			if metadata != nil {
				c.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Metadata: metadata}}
			}
		})
	}
	eventually := func(ctx SpecContext, labels, annotations OmegaMatcher) {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			secret := w.secret(ctx, "shop-token")
			g.Expect(secret.Labels).To(labels)
			g.Expect(secret.Annotations).To(annotations)
		}).Should(Succeed())
	}

	It("adds, changes and removes labels and annotations without a new token, and keeps foreign labels and annotations", func(ctx SpecContext) {
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) {
			metav1.SetMetaDataLabel(&s.ObjectMeta, "foreign", "label")
			metav1.SetMetaDataAnnotation(&s.ObjectMeta, "foreign", "annotation")
		})
		set(ctx, &v1alpha1.TokenSecretMetadata{Labels: map[string]string{"team": "shop", "tier": "one"}, Annotations: map[string]string{"note": "hello"}})
		eventually(ctx,
			And(HaveKeyWithValue("team", "shop"), HaveKeyWithValue("tier", "one"), HaveKeyWithValue("foreign", "label")),
			And(HaveKeyWithValue("note", "hello"), HaveKeyWithValue("foreign", "annotation")))

		w.step(11 * time.Minute)
		set(ctx, &v1alpha1.TokenSecretMetadata{Labels: map[string]string{"team": "warehouse"}, Annotations: map[string]string{"note": "bye"}})
		eventually(ctx,
			And(HaveKeyWithValue("team", "warehouse"), Not(HaveKey("tier")), HaveKeyWithValue("foreign", "label")),
			And(HaveKeyWithValue("note", "bye"), HaveKeyWithValue("foreign", "annotation")))

		By("reverting an edit")
		edit(ctx, w.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Labels["team"] = "nobody"; delete(s.Annotations, "note") })
		eventually(ctx, HaveKeyWithValue("team", "warehouse"), HaveKeyWithValue("note", "bye"))

		w.step(11 * time.Minute)
		set(ctx, nil)
		eventually(ctx,
			And(Not(HaveKey("team")), HaveKeyWithValue("foreign", "label"), HaveKeyWithValue("app.kubernetes.io/managed-by", "tokensync")),
			And(Not(HaveKey("note")), HaveKeyWithValue("foreign", "annotation"), HaveKey(v1alpha1.ExpiresAtAnnotation)))
		w.eventuallyReady(ctx, "shop")
		Consistently(w.tokenRequests).Should(Equal(1))
		Expect(w.secret(ctx, "shop-token").Data).To(Equal(first.Data))

		By("writing nothing during and after a restart")
		w.stop()
		w.traffic.reset()
		w.start()
		Consistently(w.tokenRequests).Should(Equal(1))
		Expect(w.traffic.writes()).To(BeEmpty())
	})

	It("may be changed several times in a row without a TargetContested event", func(ctx SpecContext) {
		for _, team := range []string{"one", "two", "three", "four"} {
			set(ctx, &v1alpha1.TokenSecretMetadata{Labels: map[string]string{"team": team}})
			eventually(ctx, HaveKeyWithValue("team", team), Not(BeNil()))
			w.eventuallyReady(ctx, "shop")
		}
		Expect(w.eventsSoFar()).NotTo(ContainElement(ContainSubstring("TargetContested")))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("still applies after a renewal", func(ctx SpecContext) {
		set(ctx, &v1alpha1.TokenSecretMetadata{Labels: map[string]string{"team": "shop"}})
		eventually(ctx, HaveKeyWithValue("team", "shop"), Not(BeNil()))
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallyReady(ctx, "shop")
		eventually(ctx, HaveKeyWithValue("team", "shop"), Not(BeNil()))
		Consistently(w.tokenRequests).Should(Equal(2))
	})
})

var _ = Describe("Values of the credentials Secret that headers and parameters use", func() {
	It("are sent, and never shown, even if the server echoes them", func(ctx SpecContext) {
		w := newWorld(ctx)
		const key, tenant, password = "k3y-of-the-header", "t3nant-s3cr3t", "p4ssw0rd-of-the-user"
		joined := base64.StdEncoding.EncodeToString([]byte("shop:" + password))
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.ClientAuthentication = method(v1alpha1.ClientSecretPost)
		shop.Spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{
			Headers: []v1alpha1.RequestHeader{
				{Name: "X-Api-Key", SecretKey: "api_key"},
				{Name: "Authorization", Template: `ID {{ printf "%s:%s" .client_id .password | b64enc }}`},
			},
			Parameters: []v1alpha1.Parameter{{Name: "tenant", SecretKey: "tenant"}, {Name: "login", Template: "{{ .password }}"}},
		}
		create(ctx, w.credentials("shop", map[string]string{
			"client_id": "shop", "client_secret": "s3cr3t-of-the-shop", "api_key": key, "tenant": tenant, "password": password,
		}), shop)
		secret := w.eventuallyReady(ctx, "shop")
		request := w.server.Requests("shop")[0]
		Expect(request.Header.Get("X-Api-Key")).To(Equal(key))
		Expect(request.Header.Get("Authorization")).To(Equal("ID " + joined))
		Expect(request.Parameters).To(And(HaveKeyWithValue("tenant", tenant), HaveKeyWithValue("login", password)))

		w.server.Respond("shop", func(rw http.ResponseWriter, r *http.Request) {
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = rw.Write([]byte(`{"error": "invalid_request", "error_description": "not these: ` +
				r.Header.Get("X-Api-Key") + " " + r.Header.Get("Authorization") + " " + r.PostForm.Get("tenant") + " " + r.PostForm.Get("login") + `"}`))
		})
		w.renew(ctx, "shop")
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("RenewalFailing", "True", "InvalidRequest", And(ContainSubstring("not these"), ContainSubstring("[REDACTED]"))))
		shown := everythingShown(ctx, w)
		for _, hidden := range []string{key, tenant, password, joined, "s3cr3t-of-the-shop", string(secret.Data["access_token"])} {
			Expect(shown).NotTo(Or(ContainSubstring(hidden), ContainSubstring(base64.StdEncoding.EncodeToString([]byte(hidden)))))
		}
	})
})
