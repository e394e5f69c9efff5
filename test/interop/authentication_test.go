//go:build interop

package interop_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/interop/provider"
)

// authentications returns the body of a table with an entry for each client.
func authentications(at func() *provider.Provider, declare func(*login)) func(SpecContext, string) {
	return func(ctx SpecContext, clientID string) {
		l := loginOf(clientID, newNamespace(ctx), at())
		declare(l)
		before := l.outcomes()
		l.put(ctx)
		first := l.eventuallyReady(ctx)
		claims := l.expectActive(ctx, first)
		Expect(first.Data).To(HaveKeyWithValue("token_type", []byte("Bearer")))
		if clients[clientID].CertificateBound {
			Expect(claims).To(HaveKeyWithValue("cnf", HaveKey("x5t#S256")))
		}

		second := l.renew(ctx)
		l.expectActive(ctx, second)
		l.expectNothingSecretShown(ctx, first, second)

		// The operator sends only these two requests: it does not try other methods.
		Eventually(l.outcomes).Should(Equal(append(before, "", "")))
	}
}

func theProvider() *provider.Provider { return op }

func theProviderWithAliases() *provider.Provider { return apart }

var _ = DescribeTable("A token is issued and renewed for a client with",
	authentications(theProvider, func(*login) {}),
	Entry("a secret in the Authorization header (client_secret_basic)", "basic"),
	Entry("a secret in the body (client_secret_post)", "post"),
	Entry("a JWT signed by HMAC with SHA-256 (client_secret_jwt)", "hs256"),
	Entry("a JWT signed by HMAC with SHA-512 (client_secret_jwt)", "hs512"),
	Entry("a JWT by RS256 with a key in PKCS#1 (private_key_jwt)", "rs256"),
	Entry("a JWT by PS256 with a key in PKCS#8 (private_key_jwt)", "ps256"),
	Entry("a JWT by ES256 with a key in SEC1 (private_key_jwt)", "es256"),
	Entry("a JWT by ES512 with a key in PKCS#8 (private_key_jwt)", "es512"),
	Entry("a JWT by EdDSA with a key in PKCS#8 (private_key_jwt)", "eddsa"),
	Entry("a JWT by a JWK with a key ID (private_key_jwt)", "jwk"),
	Entry("a certificate that is identified by its subject (tls_client_auth)", "mtls"),
	Entry("a certificate that is identified by its SPIFFE ID (tls_client_auth)", "spiffe"),
	Entry("a self-signed certificate (self_signed_tls_client_auth)", "self"),
	Entry("a secret, and a certificate that the token is bound to", "bound"),
	Entry("a JWT, and a certificate that the token is bound to", "bound-jwt"),
	Entry("only its client ID (none)", "public"),
)

var _ = DescribeTable("The token endpoint is discovered from the issuer (RFC 8414) for a client with",
	authentications(theProviderWithAliases, func(l *login) { l.byIssuer(l.at.Issuer) }),
	Entry("a secret", "basic"),
	Entry("a JWT", "es256"),
	// At the default endpoint, these providers request no certificate (RFC 8705 section 5).
	Entry("a certificate, at the alias for mTLS", "mtls"),
	Entry("a self-signed certificate, at the alias for mTLS", "self"),
	Entry("a JWT and a certificate, at the alias for mTLS", "bound-jwt"),
)

var _ = Describe("A token", func() {
	It("is renewed automatically before it expires", func(ctx SpecContext) {
		l := loginOf("short", newNamespace(ctx), op)
		l.put(ctx)
		first := l.eventuallyReady(ctx)
		planned := l.now(ctx, Default).Status.Token
		Eventually(func(g Gomega) {
			g.Expect(l.token(ctx, g).Data["access_token"]).NotTo(Equal(first.Data["access_token"]))
		}).Should(Succeed())
		Expect(time.Now()).To(And(BeTemporally(">=", planned.RenewAt.Time), BeTemporally("<", planned.ExpiresAt.Time)))
		// An application that read the first token can still use it.
		l.expectActive(ctx, first)
		l.expectActive(ctx, l.eventuallyReady(ctx))
	})

	It("for a resource is a JWT that the resource accepts", func(ctx SpecContext) {
		l := loginOf("basic", newNamespace(ctx), op)
		l.clientCredential.Spec.Resources = []string{orders}
		l.clientCredential.Spec.Scopes = []string{"orders:read"}
		l.put(ctx)
		var claims map[string]any
		for _, secret := range []func(SpecContext) map[string][]byte{
			func(ctx SpecContext) map[string][]byte { return l.eventuallyReady(ctx).Data },
			func(ctx SpecContext) map[string][]byte { return l.renew(ctx).Data },
		} {
			data := secret(ctx)
			var err error
			claims, err = op.VerifyJWT(ctx, string(data["access_token"]))
			Expect(err).NotTo(HaveOccurred())
			Expect(claims).To(And(
				HaveKeyWithValue("client_id", "basic"), HaveKeyWithValue("aud", orders), HaveKeyWithValue("scope", "orders:read")))
			expiresAt, err := time.Parse(time.RFC3339, string(data["expires_at"]))
			Expect(err).NotTo(HaveOccurred())
			Expect(expiresAt.Unix()).To(BeNumerically("~", claims["exp"], 2))
		}
	})

	It("has a scope of 2,000 characters if the client may request it", func(ctx SpecContext) {
		Expect(longScope).To(HaveLen(2000))
		l := loginOf("scoped", newNamespace(ctx), op)
		l.clientCredential.Spec.Scopes = []string{"read", longScope}
		l.put(ctx)
		claims := l.expectActive(ctx, l.eventuallyReady(ctx))
		Expect(claims).To(HaveKeyWithValue("scope", "read "+longScope))
		Expect(l.now(ctx, Default).Status.Token.Scope).To(Equal("read " + longScope))
	})

	It("that lacks a scope is reported by an event", func(ctx SpecContext) {
		l := loginOf("basic", newNamespace(ctx), op)
		l.clientCredential.Spec.Scopes = []string{"read", "delete"}
		l.put(ctx)
		claims := l.expectActive(ctx, l.eventuallyReady(ctx))
		Expect(claims).To(HaveKeyWithValue("scope", "read"))
		Eventually(func(g Gomega) {
			g.Expect(l.events(ctx, g)).To(ContainElement(And(
				HaveField("Type", "Warning"), HaveField("Reason", "ScopeDiffers"), HaveField("Note", ContainSubstring("did not grant delete:")))))
		}).Should(Succeed())
	})
})
