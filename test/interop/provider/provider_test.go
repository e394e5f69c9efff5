//go:build interop

package provider_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/interop/provider"
)

func introspect(ctx context.Context, token string) (bool, map[string]any) {
	GinkgoHelper()
	active, claims, err := op.Introspect(ctx, token)
	Expect(err).NotTo(HaveOccurred())
	return active, claims
}

var _ = Describe("the metadata", func() {
	DescribeTable("is found by",
		func(ctx SpecContext, path string) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, op.Issuer+path, http.NoBody)
			Expect(err).NotTo(HaveOccurred())
			response, err := op.HTTPClient(nil).Do(request)
			Expect(err).NotTo(HaveOccurred())
			defer func() { _ = response.Body.Close() }()
			var metadata map[string]any
			Expect(json.NewDecoder(response.Body).Decode(&metadata)).To(Succeed())
			Expect(metadata).To(HaveKeyWithValue("issuer", op.Issuer))
			Expect(metadata).To(HaveKeyWithValue("token_endpoint", op.Issuer+"/token"))
			Expect(metadata).To(HaveKeyWithValue("token_endpoint_auth_methods_supported", ConsistOf(
				"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt",
				"tls_client_auth", "self_signed_tls_client_auth", "none")))
			Expect(metadata).To(HaveKeyWithValue("mtls_endpoint_aliases",
				HaveKeyWithValue("token_endpoint", op.MTLSTokenEndpoint)))
			Expect(metadata).To(HaveKeyWithValue("tls_client_certificate_bound_access_tokens", true))
		},
		Entry("OpenID Connect discovery", "/.well-known/openid-configuration"),
		Entry("RFC 8414", "/.well-known/oauth-authorization-server"),
	)
})

var _ = Describe("a client with a secret", func() {
	It("gets an opaque token that is active until it is revoked", func(ctx SpecContext) {
		token := exchange(ctx, "basic", "scope", "read unknown")
		Expect(token).To(And(HaveField("Status", 200), HaveField("TokenType", "Bearer"), HaveField("ExpiresIn", 3600.0)))
		active, claims := introspect(ctx, token.AccessToken)
		Expect(active).To(BeTrue())
		Expect(claims).To(And(HaveKeyWithValue("client_id", "basic"), HaveKeyWithValue("scope", "read")))

		Expect(send(ctx, op.RevocationEndpoint, "basic", nil, url.Values{"token": {token.AccessToken}}).Status).To(Equal(200))
		active, _ = introspect(ctx, token.AccessToken)
		Expect(active).To(BeFalse())
	})

	It("is refused a scope that only other clients may request", func(ctx SpecContext) {
		Expect(exchange(ctx, "", "client_id", "post", "client_secret", secret, "scope", "write")).
			To(And(HaveField("Status", 400), HaveField("Error", "invalid_scope")))
	})

	It("can have tokens with another lifetime", func(ctx SpecContext) {
		token := exchange(ctx, "short")
		Expect(token.ExpiresIn).To(Equal(2.0))
		Eventually(func() bool { active, _ := introspect(ctx, token.AccessToken); return active }).
			WithTimeout(4 * time.Second).Should(BeFalse())
	})

	It("can send the secret in the body", func(ctx SpecContext) {
		Expect(exchange(ctx, "", "client_id", "post", "client_secret", secret).Status).To(Equal(200))
	})

	It("is refused with another secret, and the provider reports the reason to the test", func(ctx SpecContext) {
		Expect(exchange(ctx, "", "client_id", "post", "client_secret", "other")).
			To(And(HaveField("Status", 401), HaveField("Error", "invalid_client")))
		Eventually(op.Exchanges).WithArguments("post").Should(ContainElement(provider.Exchange{
			ClientID: "post", Error: "invalid_client", Detail: "invalid secret provided",
		}))
	})

	It("is refused without a DPoP proof if its tokens are bound", func(ctx SpecContext) {
		Expect(exchange(ctx, "dpop")).To(And(HaveField("Status", 400), HaveField("Error", "invalid_grant")))
	})
})

var _ = Describe("a resource", func() {
	It("gets JWTs", func(ctx SpecContext) {
		token := exchange(ctx, "basic", "resource", jwtOrders, "scope", "orders:read")
		Expect(token.ExpiresIn).To(Equal(300.0))
		claims, err := op.VerifyJWT(ctx, token.AccessToken)
		Expect(err).NotTo(HaveOccurred())
		Expect(claims).To(And(HaveKeyWithValue("aud", jwtOrders), HaveKeyWithValue("scope", "orders:read")))

		_, _, err = op.Introspect(ctx, token.AccessToken)
		Expect(err).To(MatchError(ContainSubstring("unsupported_token_type")))
	})

	It("gets opaque tokens", func(ctx SpecContext) {
		active, claims := introspect(ctx, exchange(ctx, "basic", "resource", opaqueStock).AccessToken)
		Expect(active).To(BeTrue())
		Expect(claims).To(HaveKeyWithValue("aud", opaqueStock))
	})

	DescribeTable("is refused",
		func(ctx SpecContext, clientID string, more ...string) {
			Expect(exchange(ctx, clientID, more...)).To(And(HaveField("Status", 400), HaveField("Error", "invalid_target")))
		},
		Entry("when the client may not request it", "short", "resource", jwtOrders),
		Entry("when it is unknown", "basic", "resource", "https://other.example.com"),
		Entry("when a second resource is requested", "basic", "resource", jwtOrders, "resource", opaqueStock),
	)
})

var _ = Describe("a client that cannot be registered", func() {
	It("makes the start fail", func(ctx SpecContext) {
		_, err := provider.Start(ctx, provider.Options{
			Clients: []provider.Client{{ID: "keyless", AuthMethod: "private_key_jwt"}},
		})
		Expect(err).To(MatchError(ContainSubstring("the client keyless: jwks")))
	})
})

var _ = Describe("a client without authentication", func() {
	It("gets a token", func(ctx SpecContext) {
		Expect(exchange(ctx, "", "client_id", "public").Status).To(Equal(200))
	})
})
