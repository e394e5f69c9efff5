package controllers_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("While the host is busy,", func() {
	It("a ClientCredential with a corrected spec gets its token when its turn comes", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) })
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "InvalidClient"))
		w.server.Respond("shop", nil)
		w.makeBusy()
		edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) { c.Spec.Scopes = []string{"a"} })
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "TokenEndpointBusy"))
		w.makeFree()
		w.within(time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallyReady(ctx, "shop")
	})

	It("a repaired fault is no longer reported", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "CredentialsNotFound"))
		w.makeBusy()
		create(ctx, w.shopCredentials())
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TokenEndpointBusy"))
		Expect(w.get(ctx, "shop")(Default).Status.Conditions).NotTo(matchers.HaveConditionType("Stalled"))
	})

	It("an expired token is reported even if the first status write fails", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		w.makeBusy()
		var failed atomic.Int32
		w.traffic.failWhen(func(r *http.Request) bool {
			isStatus := strings.HasSuffix(r.URL.Path, "/status")
			if isStatus {
				failed.Add(1)
			}
			return isStatus
		})
		w.step(61 * time.Minute)
		w.within(time.Minute, func(g Gomega) { g.Expect(failed.Load()).To(BeNumerically(">", 0)) })
		w.traffic.failWhen(nil)
		w.within(time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "False", "TokenEndpointBusy"))
		})
	})

	// newWaiting creates a ClientCredential whose host is busy.
	newWaiting := func(ctx SpecContext) *world {
		GinkgoHelper()
		w := newWorld(ctx)
		create(ctx, w.shopCredentials())
		w.makeBusy()
		create(ctx, w.clientCredential("shop"))
		Eventually(w.logs.Contents).Should(ContainSubstring("Requesting a token"))
		return w
	}

	It("a short wait of a new ClientCredential causes no extra status write", func(ctx SpecContext) {
		w := newWaiting(ctx)
		w.makeFree()
		w.within(time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(1)) })
		w.eventuallyReady(ctx, "shop")
		Expect(w.traffic.writes()).To(HaveLen(2), "the Secret and the status, once each")
	})

	It("a new ClientCredential reports the wait after half a minute", func(ctx SpecContext) {
		w := newWaiting(ctx)
		Consistently(func(g Gomega) { g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(BeEmpty()) }).Should(Succeed())
		w.saysWithin(ctx, "shop", time.Minute, matchers.HaveCondition("Reconciling", "True", "TokenEndpointBusy"))
	})
})

var _ = It("A server that starts to require credentials does not cause a renewal", func(ctx SpecContext) {
	w := newWorld(ctx)
	idp := w.authorizationServer("idp", v1alpha1.AuthorizationServerSpec{
		TokenEndpoint: w.server.URL + authserver.RFC6749Path, ClientAuthentication: method(v1alpha1.ClientAuthenticationNone),
	})
	public := w.clientOf("idp", "public")
	public.Spec.ClientID = "public"
	create(ctx, idp, w.shopCredentials(), public)
	w.eventuallyReady(ctx, "public")
	edit(ctx, idp, func(s *v1alpha1.AuthorizationServer) { s.Spec.ClientAuthentication = method(v1alpha1.ClientSecretPost) })
	Consistently(func() []authserver.Request { return w.server.Requests("public") }).Should(HaveLen(1))
})

var _ = It("A fight over a label of the token Secret does not delay renewals", func(ctx SpecContext) {
	w := newWorld(ctx)
	w.server = w.newServer(authserver.Options{Lifetime: 10 * time.Minute})
	create(ctx, w.shopCredentials(), w.clientCredential("shop"))
	w.eventuallyReady(ctx, "shop")
	for range 90 {
		secret := w.secret(ctx, "shop-token")
		Expect(w.server.IsActive(string(secret.Data["access_token"]))).To(BeTrue())
		if secret.Labels[v1alpha1.ManagedByLabel] == v1alpha1.ManagedBy {
			edit(ctx, secret, func(s *corev1.Secret) { s.Labels[v1alpha1.ManagedByLabel] = "other" })
		}
		w.step(20 * time.Second)
		// A renewal that is due must be done before the next step.
		Eventually(func(g Gomega) {
			token := w.get(ctx, "shop")(g).Status.Token
			g.Expect(w.clock.Now()).To(BeTemporally("<", token.RenewAt.Add(20*time.Second)))
		}).Should(Succeed())
	}
	Expect(w.tokenRequests()).To(BeNumerically(">=", 4))
})

var _ = It("A token of one server is not sent to the revocation endpoint of another server", func(ctx SpecContext) {
	w := newWorld(ctx)
	other := w.newServer(authserver.Options{})
	other.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) })
	moved := w.clientCredential("moved")
	moved.Spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{Endpoint: w.server.URL + authserver.RevocationPath, OnDelete: ptr.To(true)}
	create(ctx, w.shopCredentials(), moved)
	token := string(w.eventuallyReady(ctx, "moved").Data["access_token"])
	edit(ctx, w.clientCredential("moved"), func(c *v1alpha1.ClientCredential) {
		c.Spec.AuthorizationServer.TokenEndpoint = other.URL + authserver.RFC6749Path
		c.Spec.AuthorizationServer.Revocation.Endpoint = other.URL + authserver.RevocationPath
	})
	w.eventuallySays(ctx, "moved", matchers.HaveCondition("Reconciling", "True", "InvalidClient"))
	Expect(apiServer.Delete(ctx, w.clientCredential("moved"))).To(Succeed())
	Eventually(w.eventsSoFar).Should(ContainElement(And(HavePrefix("Warning RevocationFailed"), ContainSubstring("holds no token of this spec"))))
	for _, request := range other.Requests("") {
		Expect(request.Parameters).NotTo(ContainElement(token))
	}
})
