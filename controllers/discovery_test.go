package controllers_test

import (
	"crypto/tls"
	"maps"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("The token endpoint of an issuer", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		create(ctx, w.shopCredentials())
	})

	issuedBy := func(issuer string) *v1alpha1.ClientCredential {
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{Issuer: issuer}
		return shop
	}
	// serveMetadata returns a handler that answers with the server's metadata, changed by members.
	serveMetadata := func(members map[string]any) http.HandlerFunc {
		metadata := w.server.Metadata()
		maps.Copy(metadata, members)
		return authserver.RespondWith(metadata)
	}
	metadataRequests := func(path string) func() int { return func() int { return len(w.server.RequestsTo(path)) } }

	It("is found by RFC 8414, with one request per hour for all ClientCredentials of the issuer", func(ctx SpecContext) {
		began := w.clock.Now()
		idp := w.authorizationServer("idp", v1alpha1.AuthorizationServerSpec{Issuer: w.server.URL})
		create(ctx, idp)
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, w.key("idp"), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).To(matchers.HaveCondition("Ready", "True", "Usable"))
			g.Expect(idp.Status.TokenEndpoint).To(Equal(w.server.URL + authserver.RFC6749Path))
		}).Should(Succeed())
		for _, name := range []string{"one", "two", "three"} {
			create(ctx, w.clientOf("idp", name))
		}
		create(ctx, issuedBy(w.server.URL))
		for _, name := range []string{"one", "two", "three", "shop"} {
			w.eventuallyReady(ctx, name)
		}
		Expect(metadataRequests(authserver.MetadataPath)()).To(Equal(1))
		Expect(metadataRequests(authserver.OpenIDMetadataPath)()).To(BeZero())

		By("renewing without another metadata request within the hour")
		w.within(50*time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(8)) })
		Expect(metadataRequests(authserver.MetadataPath)()).To(Equal(1))

		By("requesting the metadata again after the hour")
		w.within(3*time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(BeNumerically(">=", 20)) })
		hours := int(w.clock.Now().Sub(began) / time.Hour)
		Expect(metadataRequests(authserver.MetadataPath)()).To(And(BeNumerically(">=", 2), BeNumerically("<=", 1+hours)))
	})

	DescribeTable("is found by OpenID Connect Discovery if RFC 8414 finds none", func(ctx SpecContext, path, rfc8414, openID string) {
		w.server.RespondAt(rfc8414, http.NotFound)
		w.server.RespondAt(openID, serveMetadata(map[string]any{"issuer": w.server.URL + path}))
		create(ctx, issuedBy(w.server.URL+path))
		w.eventuallyReady(ctx, "shop")
		Expect(metadataRequests(rfc8414)()).To(Equal(1))
		Expect(metadataRequests(openID)()).To(Equal(1))
	},
		Entry("for a host", "", authserver.MetadataPath, authserver.OpenIDMetadataPath),
		Entry("for a path", "/realms/shop", authserver.MetadataPath+"/realms/shop", "/realms/shop"+authserver.OpenIDMetadataPath),
	)

	DescribeTable("is not taken from the metadata of another issuer, and the message does not name that issuer:", func(ctx SpecContext, path string) {
		for _, other := range []string{authserver.MetadataPath, authserver.OpenIDMetadataPath} {
			w.server.RespondAt(other, http.NotFound)
		}
		w.server.RespondAt(path, serveMetadata(map[string]any{"issuer": "https://elsewhere.example.com"}))
		create(ctx, issuedBy(w.server.URL))
		other := And(ContainSubstring(`is about another issuer: set authorizationServer.issuer to exactly the "issuer" of that document`), Not(ContainSubstring("elsewhere")))
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "DiscoveryFailed", other),
			matchers.HaveCondition("Reconciling", "True", "DiscoveryFailed", other))
		Expect(w.tokenRequests()).To(BeZero())

		By("using the metadata after a correction")
		w.server.RespondAt(path, serveMetadata(nil))
		w.saysWithin(ctx, "shop", 2*time.Minute, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))
	},
		Entry("OpenID Connect Discovery", authserver.OpenIDMetadataPath),
		Entry("RFC 8414", authserver.MetadataPath),
	)

	It("is the mTLS alias for clients that present a certificate", func(ctx SpecContext) {
		now := w.clock.Now()
		alias := w.newServer(authserver.Options{TLS: true, ClientCertificates: tls.RequireAnyClientCert})
		presented := selfSigned("shop", now.Add(-time.Hour), now.Add(24*time.Hour))
		alias.Register(authserver.Client{ID: "shop", Certificate: presented.Certificate})
		w.server.RespondAt(authserver.MetadataPath, serveMetadata(map[string]any{
			"mtls_endpoint_aliases": map[string]any{"token_endpoint": alias.URL + authserver.RFC6749Path},
		}))
		create(ctx, bundle("ConfigMap", w.namespace, certificatePEM(alias.Certificate())), w.credentials("mtls", presented.secretData()))
		mtls := issuedBy(w.server.URL)
		mtls.Name = "mtls"
		mtls.Spec.ClientID, mtls.Spec.CredentialsRef.Name = "shop", "mtls"
		mtls.Spec.AuthorizationServer.ClientAuthentication = method(v1alpha1.SelfSignedTLSClientAuth)
		mtls.Spec.AuthorizationServer.TLS = trusting("")
		create(ctx, mtls, issuedBy(w.server.URL))
		w.eventuallyReady(ctx, "mtls")
		w.eventuallyReady(ctx, "shop")
		Expect(alias.Requests("shop")).To(HaveLen(1))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("is discovered when the metadata becomes available", func(ctx SpecContext) {
		unavailable := func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) }
		w.server.RespondAt(authserver.MetadataPath, unavailable)
		w.server.RespondAt(authserver.OpenIDMetadataPath, unavailable)
		create(ctx, issuedBy(w.server.URL))
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "DiscoveryFailed", ContainSubstring("answered HTTP 503")),
			matchers.HaveCondition("Reconciling", "True", "DiscoveryFailed"))
		w.server.RespondAt(authserver.MetadataPath, nil)
		w.saysWithin(ctx, "shop", 5*time.Minute, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))

		By("renewing with the cached metadata when the server stops serving it")
		w.server.RespondAt(authserver.MetadataPath, unavailable)
		w.within(4*time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(4)) })
		w.eventuallyReady(ctx, "shop")

		By("keeping a valid token when a restart empties the cache")
		w.restart()
		w.within(90*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(And(
				matchers.HaveCondition("Ready", "True", "TokenIssued"),
				matchers.HaveCondition("RenewalFailing", "True", "DiscoveryFailed")))
		})
		w.server.RespondAt(authserver.MetadataPath, nil)
		w.saysWithin(ctx, "shop", 10*time.Minute, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})

	It("comes from the issuer even if the profile has another token endpoint", func(ctx SpecContext) {
		shop := issuedBy(w.server.URL)
		shop.Spec.AuthorizationServer.Profile = "Twilio"
		create(ctx, shop)
		Consistently(w.foreignHosts).Should(BeEmpty())
		w.eventuallyReady(ctx, "shop")
		Expect(metadataRequests(authserver.MetadataPath)()).To(Equal(1))
	})
})
