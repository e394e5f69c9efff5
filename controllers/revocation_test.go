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

var _ = Describe("The token of a deleted ClientCredential", func() {
	var (
		w    *world
		shop *v1alpha1.ClientCredential
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		shop = w.clientCredential("shop")
		shop.Spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{
			Endpoint: w.server.URL + authserver.RevocationPath, OnDelete: ptr.To(true),
		}
		create(ctx, w.shopCredentials())
	})

	isGone := func(ctx SpecContext) func() bool {
		return func() bool {
			return apierrors.IsNotFound(apiServer.Get(ctx, w.key("shop"), &v1alpha1.ClientCredential{}))
		}
	}
	revocations := func() []authserver.Request { return w.server.RequestsTo(authserver.RevocationPath) }
	// issueToken creates the ClientCredential, waits for its finalizer, and returns its token.
	issueToken := func(ctx SpecContext) string {
		GinkgoHelper()
		create(ctx, shop)
		token := string(w.eventuallyReady(ctx, "shop").Data["access_token"])
		Eventually(func() []string { return w.get(ctx, "shop")(Default).Finalizers }).Should(ConsistOf(v1alpha1.RevokeTokenFinalizer))
		return token
	}
	deleteShop := func(ctx SpecContext) {
		GinkgoHelper()
		Expect(apiServer.Delete(ctx, shop)).To(Succeed())
	}

	It("is not revoked if onDelete is not set, and the deletion is not delayed", func(ctx SpecContext) {
		shop.Spec.AuthorizationServer.Revocation.OnDelete = nil
		create(ctx, shop)
		token := string(w.eventuallyReady(ctx, "shop").Data["access_token"])
		Expect(w.get(ctx, "shop")(Default).Finalizers).To(BeEmpty())
		deleteShop(ctx)
		Expect(isGone(ctx)()).To(BeTrue())
		Consistently(revocations).Should(BeEmpty())
		Expect(w.server.IsActive(token)).To(BeTrue())
	})

	It("is revoked as RFC 7009 specifies, with the client authentication of the token request", func(ctx SpecContext) {
		token := issueToken(ctx)
		deleteShop(ctx)
		Eventually(isGone(ctx)).Should(BeTrue())
		Expect(w.server.IsActive(token)).To(BeFalse())
		Expect(revocations()).To(HaveLen(1))
		Expect(revocations()[0].Parameters).To(Equal(map[string]string{"token": token}))
		Expect(revocations()[0].ClientID).To(Equal("shop"))
		Expect(revocations()[0].Header.Get("Authorization")).To(HavePrefix("Basic "))
		Eventually(w.eventsSoFar).Should(ContainElement(HavePrefix("Normal TokenRevoked")))
		Expect(w.tokenRequests()).To(Equal(2)) // The token request and the revocation.
		Expect(w.eventsSoFar()).NotTo(ContainElement(ContainSubstring(token)))
		Expect(string(w.logs.Contents())).NotTo(ContainSubstring(token))
	})

	DescribeTable("is not reused after its revocation if the next ClientCredential of the same name finds a Secret",
		func(ctx SpecContext, policy v1alpha1.DeletionPolicy) {
			shop.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: policy}
			token := issueToken(ctx)
			deleteShop(ctx)
			Eventually(isGone(ctx)).Should(BeTrue())
			Expect(w.server.IsActive(token)).To(BeFalse())
			Expect(w.secret(ctx, "shop-token").Annotations).To(HaveKeyWithValue(v1alpha1.ExpiresAtAnnotation, w.clock.Now().UTC().Format(time.RFC3339)))

			again := w.clientCredential("shop")
			create(ctx, again)
			next := w.eventuallyReady(ctx, "shop")
			Expect(w.server.IsActive(string(next.Data["access_token"]))).To(BeTrue())
			expectOwned(next, again)
		},
		Entry("that the garbage collector has not deleted yet", v1alpha1.DeletionPolicyDelete),
		Entry("that is retained", v1alpha1.DeletionPolicyRetain),
	)

	It("is revoked only once, even if the API server refuses to record the revocation in the Secret", func(ctx SpecContext) {
		token := issueToken(ctx)
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/secrets/shop-token") {
				return nil
			}
			return answered(r, http.StatusForbidden,
				`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "policy saw `+token+`"}`)
		})
		deleteShop(ctx)
		Eventually(isGone(ctx)).Should(BeTrue())
		Expect(revocations()).To(HaveLen(1))
		Eventually(w.eventsSoFar).Should(ContainElement(HavePrefix("Normal TokenRevoked")))
		Expect(string(w.logs.Contents())).To(And(ContainSubstring("Cannot note in the token Secret that its token was revoked"), Not(ContainSubstring(token))))
	})

	It("is revoked with the request that Commerce Layer expects", func(ctx SpecContext) {
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
			Profile: "CommerceLayer", TokenEndpoint: w.server.URL + authserver.CommerceLayerPath,
			Revocation: &v1alpha1.Revocation{Endpoint: w.server.URL + authserver.CommerceLayerRevocationPath, OnDelete: ptr.To(true)},
		}
		token := issueToken(ctx)
		deleteShop(ctx)
		Eventually(isGone(ctx)).Should(BeTrue())
		Expect(w.server.IsActive(token)).To(BeFalse())
		Expect(w.server.RequestsTo(authserver.CommerceLayerRevocationPath)[0].Parameters).To(Equal(map[string]string{
			"client_id": "shop", "client_secret": "s3cr3t-of-the-shop", "token": token,
		}))
	})

	It("is revoked at the endpoint in the issuer's metadata", func(ctx SpecContext) {
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
			Issuer: w.server.URL, Revocation: &v1alpha1.Revocation{OnDelete: ptr.To(true)},
		}
		token := issueToken(ctx)
		deleteShop(ctx)
		Eventually(isGone(ctx)).Should(BeTrue())
		Expect(w.server.IsActive(token)).To(BeFalse())
	})

	It("is sent only to the server that issued it", func(ctx SpecContext) {
		// The profile has the revocation endpoint of Commerce Layer, but another server issued the token.
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
			Profile: "CommerceLayer", TokenEndpoint: w.server.URL + authserver.CommerceLayerPath,
			Revocation: &v1alpha1.Revocation{OnDelete: ptr.To(true)},
		}
		create(ctx, shop)
		Eventually(func() []metav1.Condition { return w.get(ctx, "shop")(Default).Status.Conditions }).ShouldNot(BeEmpty())
		deleteShop(ctx)
		Consistently(w.foreignHosts).Should(BeEmpty())
		w.within(2*time.Minute, func(g Gomega) { g.Expect(isGone(ctx)()).To(BeTrue()) })
		Expect(w.foreignHosts()).To(BeEmpty())
	})

	It("is not revoked while the server is down: the deletion waits for about a minute, and then an event reports the failure", func(ctx SpecContext) {
		token := issueToken(ctx)
		w.server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
		deletedAt := w.clock.Now()
		deleteShop(ctx)
		Eventually(revocations).Should(HaveLen(1))
		w.setTime(deletedAt.Add(30 * time.Second))
		Consistently(isGone(ctx)).WithTimeout(200 * time.Millisecond).Should(BeFalse())
		w.within(time.Minute, func(g Gomega) { g.Expect(isGone(ctx)()).To(BeTrue()) })
		Expect(w.server.IsActive(token)).To(BeTrue())
		Expect(len(revocations())).To(BeNumerically("~", 8, 6))
		Eventually(w.eventsSoFar).Should(ContainElement(And(
			HavePrefix("Warning RevocationFailed"), ContainSubstring("stays valid until it expires"), ContainSubstring("502"), Not(ContainSubstring(token)))))
	})

	It("is revoked if the server recovers within the minute", func(ctx SpecContext) {
		token := issueToken(ctx)
		w.server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
		deleteShop(ctx)
		Eventually(revocations).Should(HaveLen(1))
		w.server.RespondAt(authserver.RevocationPath, nil)
		w.within(20*time.Second, func(g Gomega) { g.Expect(isGone(ctx)()).To(BeTrue()) })
		Expect(w.server.IsActive(token)).To(BeFalse())
	})

	It("is revoked after a restart", func(ctx SpecContext) {
		token := issueToken(ctx)
		w.stop()
		deleteShop(ctx)
		Expect(isGone(ctx)()).To(BeFalse())
		w.start()
		Eventually(isGone(ctx)).Should(BeTrue())
		Expect(w.server.IsActive(token)).To(BeFalse())
	})

	DescribeTable("is not revoked, and the deletion is not delayed, if", func(ctx SpecContext, spoil func(SpecContext), event OmegaMatcher) {
		issueToken(ctx)
		spoil(ctx)
		deleteShop(ctx)
		Eventually(isGone(ctx)).Should(BeTrue())
		Expect(revocations()).To(BeEmpty())
		if event != nil {
			Eventually(w.eventsSoFar).Should(ContainElement(event))
		}
	},
		Entry("the credentials are gone", func(ctx SpecContext) {
			Expect(apiServer.Delete(ctx, w.shopCredentials())).To(Succeed())
			w.saysWithin(ctx, "shop", 30*time.Second, matchers.HaveConditionType("RenewalFailing"))
		}, And(HavePrefix("Warning RevocationFailed"), ContainSubstring(`"shop"`))),
		Entry("the token has expired", func(SpecContext) {
			w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
			w.clock.Step(2 * time.Hour)
		}, nil),
		Entry("the token Secret is gone", func(ctx SpecContext) {
			edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "True", "Suspended"))
			Expect(apiServer.Delete(ctx, w.secret(ctx, "shop-token"))).To(Succeed())
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "Suspended"))
		}, nil),
	)

	It("is not revoked, and the deletion is not delayed, if its AuthorizationServer was deleted before a restart", func(ctx SpecContext) {
		idp := w.authorizationServer("idp", *shop.Spec.AuthorizationServer)
		shop = w.clientOf("idp", "shop")
		create(ctx, idp)
		issueToken(ctx)
		Expect(apiServer.Delete(ctx, idp)).To(Succeed())
		w.eventuallySays(ctx, "shop", matchers.HaveConditionType("RenewalFailing"))
		w.restart()
		deleteShop(ctx)
		Eventually(isGone(ctx)).Should(BeTrue())
		Eventually(w.eventsSoFar).Should(ContainElement(And(HavePrefix("Warning RevocationFailed"), ContainSubstring(`"idp"`))))
	})

	It("is not sent again after the server refused the client", func(ctx SpecContext) {
		issueToken(ctx)
		w.server.Register(authserver.Client{ID: "shop", Secret: "another"})
		deleteShop(ctx)
		Eventually(isGone(ctx)).Should(BeTrue())
		Expect(revocations()).To(HaveLen(1))
		Eventually(w.eventsSoFar).Should(ContainElement(HavePrefix("Warning RevocationFailed")))
	})

	It("is not revoked, and the deletion is not delayed, if its namespace is being deleted while the server is down", func(ctx SpecContext) {
		issueToken(ctx)
		w.server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
		Expect(apiServer.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})).To(Succeed())
		// This control plane has no namespace controller, so delete the ClientCredential here.
		deleteShop(ctx)
		w.within(10*time.Second, func(g Gomega) { g.Expect(isGone(ctx)()).To(BeTrue()) })
	})

	It("is not revoked after onDelete is set to false", func(ctx SpecContext) {
		token := issueToken(ctx)
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.Revocation.OnDelete = ptr.To(false) })
		Eventually(func() []string { return w.get(ctx, "shop")(Default).Finalizers }).Should(BeEmpty())
		deleteShop(ctx)
		Expect(isGone(ctx)()).To(BeTrue())
		Consistently(revocations).Should(BeEmpty())
		Expect(w.server.IsActive(token)).To(BeTrue())
	})
})

var _ = It("A ClientCredential has the finalizer only while its AuthorizationServer sets onDelete, and a change of onDelete renews no token", func(ctx SpecContext) {
	w := newWorld(ctx)
	server := w.clientCredential("shop").Spec.AuthorizationServer
	server.Revocation = &v1alpha1.Revocation{Endpoint: w.server.URL + authserver.RevocationPath}
	idp := w.authorizationServer("idp", *server)
	shop := w.clientOf("idp", "shop")
	create(ctx, w.shopCredentials())
	shop.Finalizers = []string{"example.com/other"}
	create(ctx, idp, shop)
	w.eventuallyReady(ctx, "shop")
	edit(ctx, idp, func(s *v1alpha1.AuthorizationServer) { s.Spec.Revocation.OnDelete = ptr.To(true) })
	Eventually(func() []string { return w.get(ctx, "shop")(Default).Finalizers }).
		Should(ConsistOf("example.com/other", v1alpha1.RevokeTokenFinalizer))
	edit(ctx, idp, func(s *v1alpha1.AuthorizationServer) { s.Spec.Revocation.OnDelete = nil })
	Eventually(func() []string { return w.get(ctx, "shop")(Default).Finalizers }).Should(ConsistOf("example.com/other"))
	Expect(w.tokenRequests()).To(Equal(1))
	edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Finalizers = nil })
})
