package controllers_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A ClientCredential", func() {
	var (
		w                *world
		clientCredential *v1alpha1.ClientCredential
		first            *corev1.Secret
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		clientCredential = w.clientCredential("shop")
		create(ctx, w.shopCredentials(), clientCredential)
		first = w.eventuallyReady(ctx, "shop")
	})

	// expectOneNewToken waits for the second token, and checks that no third is requested.
	expectOneNewToken := func(ctx SpecContext) *corev1.Secret {
		GinkgoHelper()
		Eventually(w.tokenRequests).Should(Equal(2))
		var secret *corev1.Secret
		Eventually(func(g Gomega) {
			secret = &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.key(clientCredential.TargetName()), secret)).To(Succeed())
			g.Expect(secret.Data["access_token"]).NotTo(Equal(first.Data["access_token"]))
			g.Expect(w.server.IsActive(string(secret.Data["access_token"]))).To(BeTrue())
		}).Should(Succeed())
		w.eventuallyReady(ctx, "shop")
		Consistently(w.tokenRequests).Should(Equal(2))
		return secret
	}

	// expectSameToken checks that no second token was requested.
	expectSameToken := func(ctx SpecContext) {
		GinkgoHelper()
		Consistently(w.tokenRequests).Should(Equal(1))
		Expect(w.secret(ctx, "shop-token").Data).To(Equal(first.Data))
	}

	It("writes a Secret that workloads can mount", func(ctx SpecContext) {
		Expect(first.Data).To(HaveLen(3))
		Expect(w.server.IsActive(string(first.Data["access_token"]))).To(BeTrue())
		Expect(string(first.Data["token_type"])).To(Equal("Bearer"))
		Expect(string(first.Data["expires_at"])).To(Equal(w.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
		Expect(first.Labels).To(HaveKeyWithValue("app.kubernetes.io/managed-by", "tokensync"))
		Expect(first.Annotations).To(HaveKeyWithValue(v1alpha1.ExpiresAtAnnotation, string(first.Data["expires_at"])))
		Expect(metav1.IsControlledBy(first, clientCredential)).To(BeTrue())

		status := w.get(ctx, "shop")(Default).Status
		Expect(status.Token.SecretName).To(Equal("shop-token"))
		Expect(status.Token.ExpiresAt.UTC()).To(Equal(w.clock.Now().Add(time.Hour).UTC()))
		Expect(status.Token.RenewAt.UTC()).To(BeTemporally("~", w.clock.Now().Add(37*time.Minute), 4*time.Minute))
		Expect(status.Failure).To(BeNil())
		Eventually(w.eventsSoFar).Should(ConsistOf(HavePrefix("Normal TokenIssued")))
	})

	It("is renewed at two thirds of the lifetime, with one token request, one Secret write and one status write", func(ctx SpecContext) {
		renewAt := w.get(ctx, "shop")(Default).Status.Token.RenewAt.Time
		w.setTime(renewAt.Add(-time.Second))
		Consistently(w.tokenRequests).Should(Equal(1))
		w.traffic.reset()

		w.within(10*time.Second, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		secret := expectOneNewToken(ctx)
		Expect(w.traffic.writes()).To(ConsistOf(
			HaveSuffix("PATCH /api/v1/namespaces/"+w.namespace+"/secrets/shop-token"),
			HaveSuffix("/clientcredentials/shop/status"),
		))
		Expect(metav1.IsControlledBy(secret, clientCredential)).To(BeTrue())

		By("sending no event for a routine renewal")
		Expect(w.eventsSoFar()).To(ConsistOf(HavePrefix("Normal TokenIssued")))
	})

	It("is renewed repeatedly", func(ctx SpecContext) {
		for count := 2; count <= 5; count++ {
			w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(count)) })
			Eventually(func() bool {
				return w.server.IsActive(string(w.secret(ctx, "shop-token").Data["access_token"]))
			}).Should(BeTrue())
		}
	})

	It("requests no token and writes nothing when the operator restarts", func(ctx SpecContext) {
		w.stop()
		w.traffic.reset()
		w.start()
		Consistently(w.tokenRequests).Should(Equal(1))
		Expect(w.traffic.writes()).To(BeEmpty())

		By("renewing in time after the restart")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		expectOneNewToken(ctx)
	})

	It("requests no token and writes nothing when it is reconciled every two minutes", func(SpecContext) {
		w.traffic.reset()
		since := w.clock.Now()
		w.within(20*time.Minute, func(g Gomega) {
			g.Expect(w.clock.Since(since)).To(BeNumerically(">=", 20*time.Minute))
		})
		Consistently(w.tokenRequests).Should(Equal(1))
		Expect(w.traffic.all()).To(BeEmpty())
	})

	It("gets a new token when the scopes change", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) { c.Spec.Scopes = []string{"read"} })
		expectOneNewToken(ctx)
		Expect(w.server.Requests("shop")[1].Parameters).To(HaveKeyWithValue("scope", "read"))
		Expect(w.get(ctx, "shop")(Default).Status.Token.Scope).To(Equal("read"))
	})

	It("gets a new token when the client secret is rotated", func(ctx SpecContext) {
		w.server.Register(authserver.Client{ID: "shop", Secret: "the-next-one"})
		edit(ctx, w.shopCredentials(), func(s *corev1.Secret) { s.Data["client_secret"] = []byte("the-next-one") })
		expectOneNewToken(ctx)
	})

	It("gets a new token when its Secret is deleted", func(ctx SpecContext) {
		Expect(apiServer.Delete(ctx, first.DeepCopy())).To(Succeed())
		expectOneNewToken(ctx)
	})

	It("gets a new token when the token in its Secret is edited", func(ctx SpecContext) {
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Data["access_token"] = []byte("edited") })
		expectOneNewToken(ctx)
	})

	It("gets a new token when the token is deleted from its Secret", func(ctx SpecContext) {
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { delete(s.Data, "access_token") })
		expectOneNewToken(ctx)
	})

	It("keeps its token when the expiry in its Secret is deleted", func(ctx SpecContext) {
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { delete(s.Data, "expires_at") })
		Eventually(func() map[string][]byte { return w.secret(ctx, "shop-token").Data }).Should(HaveKey("expires_at"))
		expectSameToken(ctx)
	})

	It("keeps its token when its own labels and annotations are edited", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) {
			c.Labels = map[string]string{"team": "shop"}
			c.Annotations = map[string]string{"note": "hello"}
		})
		expectSameToken(ctx)
	})

	It("keeps its token when the labels of the credentials Secret are edited", func(ctx SpecContext) {
		edit(ctx, w.shopCredentials(), func(s *corev1.Secret) { s.Labels["team"] = "shop" })
		expectSameToken(ctx)

		By("writing nothing during a restart")
		w.stop()
		w.traffic.reset()
		w.start()
		expectSameToken(ctx)
		Expect(w.traffic.writes()).To(BeEmpty())
	})

	It("keeps its token when a foreign label, annotation or key is added to its Secret", func(ctx SpecContext) {
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) {
			s.Labels["team"] = "shop"
			s.Annotations["note"] = "hello"
			s.Data["extra"] = []byte("kept")
		})
		Consistently(w.tokenRequests).Should(Equal(1))

		By("keeping all three at the next renewal")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		secret := expectOneNewToken(ctx)
		Expect(secret.Labels).To(HaveKeyWithValue("team", "shop"))
		Expect(secret.Annotations).To(HaveKeyWithValue("note", "hello"))
		Expect(secret.Data).To(HaveKeyWithValue("extra", []byte("kept")))
	})

	It("restores the managed-by label of its Secret without a new token", func(ctx SpecContext) {
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { delete(s.Labels, "app.kubernetes.io/managed-by") })
		Eventually(func() map[string]string { return w.secret(ctx, "shop-token").Labels }).
			Should(HaveKeyWithValue("app.kubernetes.io/managed-by", "tokensync"))
		expectSameToken(ctx)
	})

	It("keeps its token when only its renewal time changes", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) {
			c.Spec.RenewBefore = &metav1.Duration{Duration: 5 * time.Minute}
		})
		Eventually(func(g Gomega) {
			status := w.get(ctx, "shop")(g).Status
			g.Expect(status.Token.RenewAt.Time).To(BeTemporally(">", w.clock.Now().Add(48*time.Minute)))
		}).Should(Succeed())
		expectSameToken(ctx)
	})

	It("is renewed once for each renewal request", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) {
			c.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: "now"}
		})
		expectOneNewToken(ctx)
		Expect(w.get(ctx, "shop")(Default).Status.LastHandledRenewRequest).To(Equal("now"))
		w.restart()
		Consistently(w.tokenRequests).Should(Equal(2))
	})

	It("is renewed once for a renewal request that is too long for the status", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) {
			c.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: strings.Repeat("now", 10000)}
		})
		expectOneNewToken(ctx)
	})

	It("requests no token and reports Suspended while it is suspended", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
		Eventually(func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "Suspended"))
		}).Should(Succeed())

		By("letting the token expire")
		w.within(2*time.Hour, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(And(
				matchers.HaveCondition("Ready", "False", "Suspended", ContainSubstring("set spec.suspend to false")),
				matchers.HaveCondition("Stalled", "True", "Suspended")))
		})
		Expect(w.tokenRequests()).To(Equal(1))

		By("requesting a token immediately when it is resumed")
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = nil })
		expectOneNewToken(ctx)
	})

	It("moves to another Secret, and deletes the former Secret", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target = &v1alpha1.TokenTarget{Name: "elsewhere"}
		})
		expectOneNewToken(ctx)
		Eventually(func() bool {
			return apierrors.IsNotFound(apiServer.Get(ctx, w.key("shop-token"), &corev1.Secret{}))
		}).Should(BeTrue())
	})

	It("waits while its host is busy, and is not Ready after its token expires", func(ctx SpecContext) {
		w.makeBusy()
		w.within(2*time.Hour, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(And(
				matchers.HaveCondition("Ready", "False", "TokenEndpointBusy"),
				matchers.HaveCondition("Reconciling", "True", "TokenEndpointBusy")))
		})
		w.makeFree()
		w.within(time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		expectOneNewToken(ctx)
	})

	It("requests no token while it is being deleted", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) { c.Finalizers = []string{"example.com/wait"} })
		Expect(apiServer.Delete(ctx, clientCredential)).To(Succeed())
		Expect(apiServer.Delete(ctx, first.DeepCopy())).To(Succeed())
		Consistently(w.tokenRequests).Should(Equal(1))
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) { c.Finalizers = nil })
	})

	It("requests no token if it is deleted with its Secret but is still in the cache", func(ctx SpecContext) {
		w.stop()
		holds, release := w.traffic.holdWatches("/clientcredentials")
		DeferCleanup(release)
		w.start()
		Eventually(holds).Should(BeClosed())
		Expect(apiServer.Delete(ctx, clientCredential)).To(Succeed())
		Expect(apiServer.Delete(ctx, first.DeepCopy())).To(Succeed())

		By("reading the ClientCredential live")
		Eventually(w.traffic.all).Should(ContainElement("GET /apis/oauth2.tokensync.dev/v1alpha1/namespaces/" + w.namespace + "/clientcredentials/shop"))
		Consistently(w.tokenRequests).Should(Equal(1))
	})

	Context("while the API server refuses writes", func() {
		failing := func(method, suffix string) func(*http.Request) bool {
			return func(r *http.Request) bool { return r.Method == method && strings.HasSuffix(r.URL.Path, suffix) }
		}

		It("retries a failed Secret write with the same token", func(ctx SpecContext) {
			w.traffic.failWhen(failing(http.MethodPatch, "/secrets/shop-token"))
			w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
			Eventually(func(g Gomega) {
				g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(And(
					matchers.HaveCondition("Ready", "True", "TokenIssued"),
					matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed")))
			}).Should(Succeed())
			Expect(w.secret(ctx, "shop-token").Data).To(Equal(first.Data))

			w.traffic.failWhen(nil)
			w.within(time.Minute, func(g Gomega) {
				g.Expect(w.secret(ctx, "shop-token").Data).NotTo(Equal(first.Data))
			})
			expectOneNewToken(ctx)
		})

		It("requests only one token even if its status cannot be written", func(ctx SpecContext) {
			w.traffic.failWhen(failing(http.MethodPatch, "/status"))
			w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
			w.within(5*time.Minute, func(g Gomega) { g.Expect(len(w.traffic.writes())).To(BeNumerically(">", 6)) })
			w.traffic.failWhen(nil)
			w.within(10*time.Minute, func(g Gomega) {
				g.Expect(w.get(ctx, "shop")(g).Status.Token.IssuedAt.Time).To(BeTemporally(">", first.CreationTimestamp.Add(time.Minute)))
			})
			expectOneNewToken(ctx)
		})

		It("backs off from a failing token endpoint even if its status cannot be written", func(ctx SpecContext) {
			w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
			w.setTime(w.get(ctx, "shop")(Default).Status.Token.RenewAt.Add(-time.Second))
			w.traffic.reset()
			w.traffic.failWhen(failing(http.MethodPatch, "/status"))
			w.within(3*time.Second, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
			w.clock.Step(time.Second)
			Consistently(w.tokenRequests).Should(Equal(2))
			w.within(10*time.Second, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(3)) })
		})
	})
})
