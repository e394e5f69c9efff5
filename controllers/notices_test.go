package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

var _ = Describe("A notice", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		create(ctx, w.shopCredentials())
	})

	notices := func(reason string) func() []string {
		return func() (found []string) {
			for _, event := range w.eventsSoFar() {
				if strings.HasPrefix(event, "Warning "+reason+" ") {
					found = append(found, event)
				}
			}
			return found
		}
	}

	It("is sent once per change, not once per renewal", func(ctx SpecContext) {
		var scope atomic.Value
		var issued atomic.Int32
		scope.Store("read")
		w.server.Respond("shop", func(writer http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(writer, `{"access_token": "token-%d", "expires_in": 3600, "scope": %q}`, issued.Add(1), scope.Load())
		})
		shop := w.clientCredential("shop")
		shop.Spec.Scopes = []string{"read", "write"}
		create(ctx, shop)
		w.eventuallyReady(ctx, "shop")
		Eventually(notices(v1alpha1.EventScopeDiffers)).Should(ConsistOf(ContainSubstring("did not grant write")))

		By("renewing with the same scope")
		w.within(3*time.Hour, func(g Gomega) { g.Expect(issued.Load()).To(BeNumerically(">=", 3)) })
		w.eventuallyReady(ctx, "shop")
		Consistently(notices(v1alpha1.EventScopeDiffers)).Should(HaveLen(1))

		By("renewing with another scope, after a restart")
		scope.Store("write")
		w.restart()
		before := issued.Load()
		w.within(3*time.Hour, func(g Gomega) { g.Expect(issued.Load()).To(BeNumerically(">=", before+2)) })
		Eventually(notices(v1alpha1.EventScopeDiffers)).Should(ContainElement(ContainSubstring("did not grant read")))
		Consistently(notices(v1alpha1.EventScopeDiffers)).Should(HaveLen(2))
	})

	It("about a missing revocation endpoint is sent with the token, not with the deletion", func(ctx SpecContext) {
		metadata := w.server.Metadata()
		delete(metadata, "revocation_endpoint")
		w.server.RespondAt(authserver.MetadataPath, authserver.RespondWith(metadata))
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
			Issuer: w.server.URL, Revocation: &v1alpha1.Revocation{OnDelete: ptr.To(true)},
		}
		create(ctx, shop)
		w.eventuallyReady(ctx, "shop")
		Eventually(notices(v1alpha1.EventRevocationEndpointMissing)).Should(ConsistOf(ContainSubstring("set authorizationServer.revocation.endpoint")))
	})

	It("about an unsupported authentication method names the method to set", func(ctx SpecContext) {
		metadata := w.server.Metadata()
		metadata["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		w.server.RespondAt(authserver.MetadataPath, authserver.RespondWith(metadata))
		w.server.Respond("shop", func(writer http.ResponseWriter, _ *http.Request) { writer.WriteHeader(http.StatusUnauthorized) })
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{Issuer: w.server.URL}
		create(ctx, shop)
		Eventually(func(g Gomega) {
			failure := w.get(ctx, "shop")(g).Status.Failure
			g.Expect(failure).NotTo(BeNil())
			g.Expect(failure.Message).To(ContainSubstring("set authorizationServer.clientAuthentication.method, which is client_secret_basic, to client_secret_post"))
		}).Should(Succeed())
	})
})
