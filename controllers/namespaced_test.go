package controllers_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("An operator that is limited to named namespaces", func() {
	It("refuses a ClusterAuthorizationServer, says what to use instead, and keeps valid tokens", func(ctx SpecContext) {
		w := newWorld(ctx)
		spec := v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path}
		cluster := w.clusterServer(ctx, v1alpha1.ClusterAuthorizationServerSpec{AuthorizationServerSpec: spec})
		create(ctx, w.shopCredentials(), w.clientOfCluster(cluster, "shop"))
		w.eventuallyReady(ctx, "shop")
		w.stop()
		w.namedOnly = true
		w.traffic.reset()
		w.start()
		refused := And(ContainSubstring("works in named namespaces only"), ContainSubstring("Declare an AuthorizationServer in namespace"))
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "AuthorizationServerNotAllowed", refused),
			matchers.HaveCondition("Stalled", "True", "AuthorizationServerNotAllowed", refused))
		create(ctx, w.clientOfCluster(cluster, "fresh"))
		w.eventuallySays(ctx, "fresh",
			matchers.HaveCondition("Ready", "False", "AuthorizationServerNotAllowed", refused),
			matchers.HaveCondition("Stalled", "True", "AuthorizationServerNotAllowed", refused))

		By("issuing a token after the spec is changed as the message says")
		create(ctx, w.authorizationServer("idp", spec))
		edit(ctx, w.clientCredential("fresh"), func(c *v1alpha1.ClientCredential) {
			c.Spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: "idp"}
		})
		w.eventuallyReady(ctx, "fresh")
		Expect(w.tokenRequests()).To(Equal(2))
		Expect(w.traffic.all()).NotTo(ContainElement(HaveSuffix("/clusterauthorizationservers")))
		Expect(w.traffic.all()).NotTo(ContainElement(HaveSuffix("/api/v1/namespaces")))
	})

	It("retries a failed revocation", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.stop()
		w.namedOnly = true
		w.start()
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{
			Endpoint: w.server.URL + authserver.RevocationPath, OnDelete: ptr.To(true),
		}
		create(ctx, w.shopCredentials(), shop)
		token := string(w.eventuallyReady(ctx, "shop").Data["access_token"])
		w.server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
		Expect(apiServer.Delete(ctx, shop)).To(Succeed())
		Eventually(func() []authserver.Request { return w.server.RequestsTo(authserver.RevocationPath) }).Should(HaveLen(1))
		w.server.RespondAt(authserver.RevocationPath, nil)
		w.within(20*time.Second, func(g Gomega) { g.Expect(w.server.IsActive(token)).To(BeFalse()) })
	})
})
