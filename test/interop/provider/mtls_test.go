//go:build interop

package provider_test

import (
	"net/url"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/tokensync/tokensync/test/interop/provider"
)

func issue(authority *provider.Authority, identity provider.Identity) *provider.Certificate {
	GinkgoHelper()
	certificate, err := authority.Issue(identity)
	Expect(err).NotTo(HaveOccurred())
	return certificate
}

func invalidClient() types.GomegaMatcher {
	return And(HaveField("Status", 401), HaveField("Error", "invalid_client"))
}

var _ = Describe("a client with a certificate", func() {
	It("gets a token that is bound to it, at both endpoints", func(ctx SpecContext) {
		certificate := issue(op.Authority, provider.Identity{Subject: subject})
		for _, endpoint := range []string{op.TokenEndpoint, op.MTLSTokenEndpoint} {
			token := send(ctx, endpoint, "", certificate, form("client_id", "mtls"))
			Expect(token.Status).To(Equal(200))
			_, claims := introspect(ctx, token.AccessToken)
			Expect(claims).To(HaveKeyWithValue("cnf", HaveKey("x5t#S256")))
		}
	})

	It("can be identified by a subject alternative name", func(ctx SpecContext) {
		id := &url.URL{Scheme: "spiffe", Host: "example.com", Path: "/orders"}
		certificate := issue(op.Authority, provider.Identity{URIs: []*url.URL{id}, DNSNames: []string{"orders.example.com"}})
		Expect(send(ctx, op.TokenEndpoint, "", certificate, form("client_id", "spiffe")).Status).To(Equal(200))
	})

	It("can use a self-signed certificate that is registered", func(ctx SpecContext) {
		Expect(send(ctx, op.TokenEndpoint, "", selfSigned, form("client_id", "self")).Status).To(Equal(200))
		other := issue(op.Authority, provider.Identity{})
		Expect(send(ctx, op.TokenEndpoint, "", other, form("client_id", "self"))).To(invalidClient())
	})

	It("is refused without the certificate", func(ctx SpecContext) {
		for _, clientID := range []string{"mtls", "spiffe", "self"} {
			Expect(send(ctx, op.TokenEndpoint, "", nil, form("client_id", clientID))).To(invalidClient())
		}
	})

	It("is refused with a certificate of another client, an expired certificate or a certificate of another authority", func(ctx SpecContext) {
		foreign, err := provider.NewAuthority("foreign")
		Expect(err).NotTo(HaveOccurred())
		for _, certificate := range []*provider.Certificate{
			issue(op.Authority, provider.Identity{}),
			issue(op.Authority, provider.Identity{Subject: subject, NotAfter: time.Now().Add(-time.Minute)}),
			issue(foreign, provider.Identity{Subject: subject}),
			selfSigned,
		} {
			Expect(send(ctx, op.TokenEndpoint, "", certificate, form("client_id", "mtls"))).To(invalidClient())
		}
	})

	It("must use the alias if the token endpoint requests no certificate", func(ctx SpecContext) {
		apart, err := provider.Start(ctx, provider.Options{
			Clients: clients(), Authority: op.Authority, MTLSApart: true, Log: GinkgoWriter,
		})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(apart.Close)
		certificate := issue(op.Authority, provider.Identity{Subject: subject})
		Expect(send(ctx, apart.TokenEndpoint, "", certificate, form("client_id", "mtls"))).To(invalidClient())
		Expect(send(ctx, apart.MTLSTokenEndpoint, "", certificate, form("client_id", "mtls")).Status).To(Equal(200))
	})
})
