package controllers_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A client certificate", func() {
	var (
		w       *world
		private *authserver.Server
		shop    *v1alpha1.ClientCredential
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		private = w.newServer(authserver.Options{TLS: true, ClientCertificates: tls.RequireAnyClientCert})
		create(ctx, bundle("ConfigMap", w.namespace, certificatePEM(private.Certificate())))
		shop = w.clientCredential("shop")
		shop.Spec.ClientID = "shop"
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: private.URL + authserver.RFC6749Path, TLS: trusting(""),
			ClientAuthentication: method(v1alpha1.TLSClientAuth),
		}
	})

	// tlsSecret returns a labelled Secret like those of cert-manager.
	tlsSecret := func(c certificate) *corev1.Secret {
		secret := w.credentials("shop", c.secretData())
		secret.Type = corev1.SecretTypeTLS
		return secret
	}
	rotate := func(ctx SpecContext, c certificate) {
		GinkgoHelper()
		edit(ctx, w.shopCredentials(), func(s *corev1.Secret) {
			for key, value := range c.secretData() {
				s.Data[key] = []byte(value)
			}
		})
	}
	tokens := func() int { return len(private.Requests("shop")) }

	It("authenticates the client, and a rotated certificate is used immediately", func(ctx SpecContext) {
		now := w.clock.Now()
		authority := selfSigned("authority", now.Add(-time.Hour), now.Add(24*time.Hour))
		private.Register(authserver.Client{ID: "shop", Authority: authority.Certificate})
		create(ctx, tlsSecret(authority.issue(now.Add(-time.Hour), now.Add(12*time.Hour))), shop)
		first := w.eventuallyReady(ctx, "shop")
		Expect(private.IsActive(string(first.Data["access_token"]))).To(BeTrue())
		Expect(private.Requests("shop")[0].Parameters).To(Equal(map[string]string{"grant_type": "client_credentials", "client_id": "shop"}))

		By("presenting the new certificate to a server that accepts only that certificate")
		next := authority.issue(now.Add(-time.Hour), now.Add(24*time.Hour))
		private.Register(authserver.Client{ID: "shop", Certificate: next.Certificate})
		rotate(ctx, next)
		Eventually(tokens).Should(Equal(2))
		w.eventuallyReady(ctx, "shop")
		Eventually(func() bool { return private.IsActive(string(w.secret(ctx, "shop-token").Data["access_token"])) }).Should(BeTrue())
		Consistently(tokens).Should(Equal(2))
	})

	It("may be self-signed", func(ctx SpecContext) {
		presented := selfSigned("shop", w.clock.Now().Add(-time.Hour), w.clock.Now().Add(24*time.Hour))
		private.Register(authserver.Client{ID: "shop", Certificate: presented.Certificate})
		shop.Spec.AuthorizationServer.ClientAuthentication = method(v1alpha1.SelfSignedTLSClientAuth)
		create(ctx, tlsSecret(presented), shop)
		w.eventuallyReady(ctx, "shop")
	})

	It("may be sent together with a client secret", func(ctx SpecContext) {
		presented := selfSigned("shop", w.clock.Now().Add(-time.Hour), w.clock.Now().Add(24*time.Hour))
		shop.Spec.AuthorizationServer.ClientAuthentication = nil
		shop.Spec.AuthorizationServer.TLS.ClientCertificate = v1alpha1.ClientCertificateFromCredentials
		secret := tlsSecret(presented)
		secret.StringData["client_secret"] = "s3cr3t-of-the-shop"
		create(ctx, secret, shop)
		w.eventuallyReady(ctx, "shop")
	})

	It("that is missing is reported before the request if the method needs it, and otherwise by the server", func(ctx SpecContext) {
		create(ctx, w.shopCredentials(), shop)
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "CredentialsMissing", ContainSubstring(`has no key "tls.crt" for the client certificate`)))
		edit(ctx, shop, func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.ClientAuthentication = nil })
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "TLSFailed", ContainSubstring("certificate required")))
	})

	It("that has expired is reported and not sent, and a new certificate is used immediately", func(ctx SpecContext) {
		now := w.clock.Now()
		authority := selfSigned("authority", now.Add(-time.Hour), now.Add(24*time.Hour))
		private.Register(authserver.Client{ID: "shop", Authority: authority.Certificate})
		create(ctx, tlsSecret(authority.issue(now.Add(-time.Hour), now.Add(20*time.Minute))), shop)
		w.eventuallyReady(ctx, "shop")
		expired := ContainSubstring("tls.crt of the credentials Secret expired at " + now.Add(20*time.Minute).UTC().Format(time.RFC3339))
		w.saysWithin(ctx, "shop", time.Hour,
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "CredentialsInvalid", expired))
		Expect(tokens()).To(Equal(1))
		rotate(ctx, authority.issue(now.Add(-time.Hour), now.Add(24*time.Hour)))
		w.eventuallyReady(ctx, "shop")
		Expect(tokens()).To(Equal(2))
	})
})

var _ = Describe("A signed JWT", func() {
	It("authenticates a client by its private key, including at a renewal", func(ctx SpecContext) {
		w := newWorld(ctx)
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		Expect(err).NotTo(HaveOccurred())
		w.server.Register(authserver.Client{ID: "shop", Key: key.Public()})
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.ClientAuthentication = method(v1alpha1.PrivateKeyJWT)
		create(ctx, w.credentials("shop", map[string]string{"client_id": "shop", "private_key": privateKeyPEM(key)}), shop)
		w.eventuallyReady(ctx, "shop")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallyReady(ctx, "shop")
		Expect(w.server.Requests("shop")[1].Issued).To(BeTrue())
	})

	It("authenticates a client by its secret, which is not sent", func(ctx SpecContext) {
		w := newWorld(ctx)
		const secret = "a-secret-that-is-long-enough-for-HS256"
		w.server.Register(authserver.Client{ID: "shop", Secret: secret})
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.ClientAuthentication = method(v1alpha1.ClientSecretJWT)
		create(ctx, w.credentials("shop", map[string]string{"client_id": "shop", "client_secret": secret}), shop)
		w.eventuallyReady(ctx, "shop")
		Expect(w.server.Requests("shop")[0].Parameters).NotTo(ContainElement(secret))
		Expect(w.server.Requests("shop")[0].Header).NotTo(HaveKey("Authorization"))
	})
})
