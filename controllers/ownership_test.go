package controllers_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("The adoption of a Secret", func() {
	var (
		w     *world
		shop  *v1alpha1.ClientCredential
		found *corev1.Secret
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		shop = w.clientCredential("shop")
		shop.Spec.Target = &v1alpha1.TokenTarget{Adopt: ptr.To(true)}
		found = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: w.namespace, Name: "shop-token",
				Labels:      map[string]string{"team": "web"},
				Annotations: map[string]string{v1alpha1.AdoptableByAnnotation: "shop"},
			},
			StringData: map[string]string{"access_token": "old", "password": "precious"},
		}
		create(ctx, w.shopCredentials())
	})

	expectAdopted := func(ctx SpecContext) {
		GinkgoHelper()
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.UID).To(Equal(found.UID))
		Expect(secret.Labels).To(And(HaveKeyWithValue("team", "web"), HaveKeyWithValue("app.kubernetes.io/managed-by", "tokensync")))
		Expect(secret.Data).To(And(HaveKeyWithValue("password", []byte("precious")), HaveKey("expires_at")))
		Expect(secret.Data["access_token"]).NotTo(BeEquivalentTo("old"))
		Expect(metav1.IsControlledBy(secret, shop)).To(BeTrue())
	}

	It("takes over a Secret that has the annotation, and keeps the Secret's other keys and labels", func(ctx SpecContext) {
		create(ctx, found, shop)
		expectAdopted(ctx)
		Expect(w.tokenRequests()).To(Equal(1))
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		expectAdopted(ctx)
	})

	It("waits until the Secret has the annotation, and reports the command that sets it", func(ctx SpecContext) {
		found.Annotations = nil
		create(ctx, found, shop)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict",
			ContainSubstring("kubectl annotate secret shop-token oauth2.tokensync.dev/adoptable-by=shop")))
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(found.ResourceVersion))
		edit(ctx, found.DeepCopy(), func(s *corev1.Secret) {
			metav1.SetMetaDataAnnotation(&s.ObjectMeta, v1alpha1.AdoptableByAnnotation, "shop")
		})
		expectAdopted(ctx)
	})

	It("waits until the spec sets adopt, and names that field", func(ctx SpecContext) {
		shop.Spec.Target = nil
		create(ctx, found, shop)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("set spec.target.adopt to true")))
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target = &v1alpha1.TokenTarget{Adopt: ptr.To(true)} })
		expectAdopted(ctx)
	})

	It("is refused before a token is requested if the type differs", func(ctx SpecContext) {
		found.Type, found.StringData = corev1.SecretTypeBasicAuth, map[string]string{"username": "u"}
		create(ctx, found, shop)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict",
			And(ContainSubstring("cannot be adopted"), ContainSubstring("kubernetes.io/basic-auth"))))
		Expect(w.tokenRequests()).To(BeZero())
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(found.ResourceVersion))

		By("setting the same type in the spec")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target.Template = &v1alpha1.TokenSecretTemplate{Type: "kubernetes.io/basic-auth", Data: map[string]string{"password": "{{ .access_token }}"}}
		})
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.UID).To(Equal(found.UID))
		Expect(secret.Data).To(HaveKeyWithValue("username", []byte("u")))
	})

	It("is no longer refused after the Secret of another type is deleted", func(ctx SpecContext) {
		found.Type, found.StringData = corev1.SecretTypeBasicAuth, map[string]string{"username": "u"}
		create(ctx, found, shop)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("cannot be adopted")))
		Expect(apiServer.Delete(ctx, found)).To(Succeed())
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("is refused before a token is requested if the Secret is immutable", func(ctx SpecContext) {
		found.Immutable = ptr.To(true)
		create(ctx, found, shop)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("it is immutable")))
		Expect(w.tokenRequests()).To(BeZero())
	})

	It("is refused if the Secret has another controller", func(ctx SpecContext) {
		found.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "bitnami.com/v1alpha1", Kind: "SealedSecret", Name: "sealed", UID: "x", Controller: ptr.To(true),
		}}
		create(ctx, found, shop)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("belongs to SealedSecret sealed")))
		Expect(w.tokenRequests()).To(BeZero())
	})

	It("goes to the older of two ClientCredentials with the same target", func(ctx SpecContext) {
		w.stop()
		older, younger := shop, w.clientCredential("younger")
		younger.Spec.Target = &v1alpha1.TokenTarget{Name: "shop-token"}
		create(ctx, older, found)
		createLater(ctx, older, younger)
		w.start()
		w.eventuallySays(ctx, "younger", matchers.HaveCondition("Reconciling", "True", "TargetConflict"))
		expectAdopted(ctx)
	})
})

var _ = Describe("A token Secret", func() {
	var (
		w    *world
		shop *v1alpha1.ClientCredential
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		shop = w.clientCredential("shop")
		create(ctx, w.shopCredentials())
	})

	setPolicy := func(ctx SpecContext, policy v1alpha1.DeletionPolicy) {
		GinkgoHelper()
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: policy} })
	}

	// A retained Secret looks like a restored Secret, so the name decides the owner of both. Neither needs
	// spec.target.adopt or a new token.
	It("that is retained passes to the next ClientCredential of the same name", func(ctx SpecContext) {
		shop.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: v1alpha1.DeletionPolicyRetain}
		create(ctx, shop)
		retained := w.eventuallyReady(ctx, "shop")
		Expect(retained.OwnerReferences).To(BeEmpty())
		Expect(apiServer.Delete(ctx, shop)).To(Succeed())

		again := w.clientCredential("shop")
		create(ctx, again)
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.UID).To(Equal(retained.UID))
		Expect(secret.Data).To(Equal(retained.Data))
		Expect(metav1.IsControlledBy(secret, again)).To(BeTrue())
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("that is retained and annotated for another adopter is left unchanged until that adopter sets adopt", func(ctx SpecContext) {
		shop.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: v1alpha1.DeletionPolicyRetain}
		create(ctx, shop)
		w.eventuallyReady(ctx, "shop")
		Expect(apiServer.Delete(ctx, shop)).To(Succeed())
		retained := w.secret(ctx, "shop-token")
		edit(ctx, retained, func(s *corev1.Secret) { s.Annotations[v1alpha1.AdoptableByAnnotation] = "next" })

		By("refusing the ClientCredential with the former name")
		create(ctx, w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("may be adopted by ClientCredential next")))

		By("refusing the other ClientCredential until it sets adopt")
		next := w.clientCredential("next")
		next.Spec.Target = &v1alpha1.TokenTarget{Name: "shop-token"}
		create(ctx, next)
		w.eventuallySays(ctx, "next", matchers.HaveCondition("Reconciling", "True", "TargetConflict",
			And(ContainSubstring("belongs to ClientCredential shop,"), ContainSubstring("set spec.target.adopt to true"))))
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(retained.ResourceVersion))

		By("being adopted after adopt is set")
		Expect(apiServer.Delete(ctx, w.clientCredential("shop"))).To(Succeed())
		edit(ctx, next, func(c *v1alpha1.ClientCredential) { c.Spec.Target.Adopt = ptr.To(true) })
		secret := w.eventuallyReady(ctx, "next")
		Expect(secret.UID).To(Equal(retained.UID))
		Expect(metav1.IsControlledBy(secret, next)).To(BeTrue())
		Expect(w.tokenRequests()).To(Equal(2))
	})

	It("gets or loses its owner reference when the deletion policy changes, without a new token", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		Expect(metav1.IsControlledBy(first, shop)).To(BeTrue())
		for range 2 {
			setPolicy(ctx, v1alpha1.DeletionPolicyRetain)
			Eventually(func(g Gomega) {
				secret := w.secret(ctx, "shop-token")
				g.Expect(secret.OwnerReferences).To(BeEmpty())
				g.Expect(secret.Annotations).To(HaveKeyWithValue(v1alpha1.AdoptableByAnnotation, "shop"))
			}).Should(Succeed())
			w.eventuallyReady(ctx, "shop")
			setPolicy(ctx, v1alpha1.DeletionPolicyDelete)
			Eventually(func(g Gomega) {
				secret := w.secret(ctx, "shop-token")
				g.Expect(metav1.IsControlledBy(secret, shop)).To(BeTrue())
				g.Expect(secret.Annotations).NotTo(HaveKey(v1alpha1.AdoptableByAnnotation))
			}).Should(Succeed())
			w.eventuallyReady(ctx, "shop")
		}
		Expect(w.secret(ctx, "shop-token").UID).To(Equal(first.UID))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	DescribeTable("loses its owner reference when the policy becomes Retain, even while",
		func(ctx SpecContext, meanwhile func(SpecContext, *v1alpha1.ClientCredential)) {
			create(ctx, shop)
			w.eventuallyReady(ctx, "shop")
			meanwhile(ctx, shop)
			setPolicy(ctx, v1alpha1.DeletionPolicyRetain)
			Eventually(func(g Gomega) {
				current := w.get(ctx, "shop")(g)
				g.Expect(current.Status.ObservedGeneration).To(HaveValue(Equal(current.Generation)))
			}).Should(Succeed())
			Expect(w.secret(ctx, "shop-token").OwnerReferences).To(BeEmpty())
		},
		Entry("the ClientCredential is suspended", func(ctx SpecContext, shop *v1alpha1.ClientCredential) {
			edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "True", "Suspended"))
		}),
		Entry("the credentials are missing", func(ctx SpecContext, _ *v1alpha1.ClientCredential) {
			Expect(apiServer.Delete(ctx, w.shopCredentials())).To(Succeed())
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "CredentialsNotFound"))
		}),
		Entry("the renewal fails", func(ctx SpecContext, _ *v1alpha1.ClientCredential) {
			w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
			w.renew(ctx, "shop")
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "ServerError"))
		}),
	)

	It("loses its owner reference even if the first attempt to remove it fails", func(ctx SpecContext) {
		create(ctx, shop)
		w.eventuallyReady(ctx, "shop")
		w.traffic.failWhen(func(request *http.Request) bool {
			return request.Header.Get("Content-Type") == "application/strategic-merge-patch+json"
		})
		setPolicy(ctx, v1alpha1.DeletionPolicyRetain)
		Consistently(func() []metav1.OwnerReference { return w.secret(ctx, "shop-token").OwnerReferences }).Should(HaveLen(1))
		w.traffic.failWhen(nil)
		Eventually(func() []metav1.OwnerReference {
			w.clock.Step(time.Second)
			return w.secret(ctx, "shop-token").OwnerReferences
		}).Should(BeEmpty())
	})

	It("that is a former target also loses its owner reference if the policy is Retain", func(ctx SpecContext) {
		create(ctx, shop)
		w.eventuallyReady(ctx, "shop")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target = &v1alpha1.TokenTarget{Name: "other", DeletionPolicy: v1alpha1.DeletionPolicyRetain}
		})
		w.eventuallyReady(ctx, "shop")
		Eventually(func() []metav1.OwnerReference { return w.secret(ctx, "shop-token").OwnerReferences }).Should(BeEmpty())
	})

	It("is repaired without a new token while the renewal fails", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
		w.renew(ctx, "shop")
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "ServerError"))

		By("restoring a removed label")
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Labels = nil })
		Eventually(func() map[string]string { return w.secret(ctx, "shop-token").Labels }).Should(HaveKey(v1alpha1.ManagedByLabel))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "ServerError"))

		By("applying an edit of the template")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: map[string]string{"copy": "{{ .access_token }}"}}}
		})
		Eventually(func() map[string][]byte { return w.secret(ctx, "shop-token").Data }).Should(HaveKeyWithValue("copy", first.Data["access_token"]))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"), matchers.HaveCondition("RenewalFailing", "True", "ServerError"))
	})

	It("that is retained gets its fingerprint back after a user removes it", func(ctx SpecContext) {
		shop.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: v1alpha1.DeletionPolicyRetain}
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { delete(s.Annotations, v1alpha1.FingerprintAnnotation) })
		Eventually(func() map[string]string { return w.secret(ctx, "shop-token").Annotations }).Should(HaveKey(v1alpha1.FingerprintAnnotation))
		w.eventuallyReady(ctx, "shop")
	})

	It("is replaced at the next renewal if a user makes it immutable", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Immutable = ptr.To(true) })
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Eventually(func(g Gomega) {
			secret := &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.key("shop-token"), secret)).To(Succeed())
			g.Expect(secret.Immutable).To(BeNil())
			g.Expect(secret.Data["access_token"]).NotTo(Equal(first.Data["access_token"]))
		}).Should(Succeed())
		w.eventuallyReady(ctx, "shop")
	})

	It("with a finalizer is replaced only after its deletion completes, and the condition names the finalizer", func(ctx SpecContext) {
		create(ctx, shop)
		first := w.eventuallyReady(ctx, "shop")
		edit(ctx, first, func(s *corev1.Secret) { s.Finalizers = []string{"example.com/hold"} })
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
				Type: "kubernetes.io/basic-auth", Data: map[string]string{"password": "{{ .access_token }}"},
			}}
		})
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("example.com/hold")))
		w.traffic.reset()
		Consistently(w.traffic.writes).Should(BeEmpty())
		edit(ctx, first, func(s *corev1.Secret) { s.Finalizers = nil })
		Expect(w.eventuallyReady(ctx, "shop").Type).To(Equal(corev1.SecretTypeBasicAuth))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("may have a copy with another name, which is not deleted as a former target", func(ctx SpecContext) {
		create(ctx, shop)
		duplicate := w.eventuallyReady(ctx, "shop").DeepCopy()
		duplicate.ObjectMeta = metav1.ObjectMeta{
			Namespace: w.namespace, Name: "copy", Labels: duplicate.Labels, Annotations: duplicate.Annotations, OwnerReferences: duplicate.OwnerReferences,
		}
		create(ctx, duplicate)
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallyReady(ctx, "shop")
		w.secret(ctx, "copy")
	})

	It("that is a former target is not deleted if the policy is Retain", func(ctx SpecContext) {
		shop.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: v1alpha1.DeletionPolicyRetain}
		create(ctx, shop)
		w.eventuallyReady(ctx, "shop")
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Target.Name = "other" })
		w.eventuallyReady(ctx, "shop")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(3)) })
		w.secret(ctx, "shop-token")
		w.secret(ctx, "other")
	})

	DescribeTable("is restored without a new token when a user",
		func(ctx SpecContext, policy v1alpha1.DeletionPolicy, spoil func(*corev1.Secret)) {
			shop.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: policy}
			create(ctx, shop)
			first := w.eventuallyReady(ctx, "shop")
			edit(ctx, first.DeepCopy(), spoil)
			Eventually(func(g Gomega) {
				secret := w.secret(ctx, "shop-token")
				g.Expect(secret.ResourceVersion).NotTo(Equal(first.ResourceVersion))
				g.Expect(secret.OwnerReferences).To(Equal(first.OwnerReferences))
				g.Expect(secret.Labels).To(Equal(first.Labels))
				g.Expect(secret.Annotations).To(Equal(first.Annotations))
				g.Expect(secret.Data).To(Equal(first.Data))
			}).Should(Succeed())
			w.eventuallyReady(ctx, "shop")
			Expect(w.tokenRequests()).To(Equal(1))
		},
		Entry("removes the owner reference", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { s.OwnerReferences = nil }),
		Entry("removes the UID of the owner", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { delete(s.Annotations, v1alpha1.OwnerUIDAnnotation) }),
		Entry("edits the expiry that workloads see", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { s.Data["expires_at"] = []byte("never") }),
		Entry("removes the labels", v1alpha1.DeletionPolicyRetain, func(s *corev1.Secret) { s.Labels = nil }),
		Entry("edits the hash of the template", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { s.Annotations[v1alpha1.TemplateHashAnnotation] = "x" }),
		Entry("annotates it for another adopter", v1alpha1.DeletionPolicyRetain, func(s *corev1.Secret) { s.Annotations[v1alpha1.AdoptableByAnnotation] = "other" }),
	)
})
