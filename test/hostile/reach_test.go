package hostile_test

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A tenant that reads the network of the cluster", func() {
	// reads creates a ClientCredential that sends a GET request, and takes gitVersion of the response
	// as its token. The API server's /version has that member.
	reads := func(ctx SpecContext, t *tenant, name, url string) {
		t.requestsToken(ctx, name, url, func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Method: "GET"}
			spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{AccessToken: []v1alpha1.JSONPointer{"/gitVersion"}}
		})
	}

	It("does not reach the API server, even in a range that an admin allows", func(ctx SpecContext) {
		endpoint, err := url.Parse(restConfig.Host)
		Expect(err).NotTo(HaveOccurred())
		if endpoint.Host == "" {
			endpoint, err = url.Parse("https://" + restConfig.Host)
			Expect(err).NotTo(HaveOccurred())
		}
		w := newWorld(ctx, func(s *settings) {
			s.tokenEndpoint.APIServers = []tokenendpoint.APIServer{{Host: endpoint.Hostname(), Port: endpoint.Port()}}
		})
		port := ":" + endpoint.Port() + "/version"
		for name, host := range map[string]string{"literal": "127.0.0.1", "mapped": "[::ffff:127.0.0.1]"} {
			reads(ctx, w.attacker, name, "https://"+host+port)
			w.attacker.reports(ctx, name, matchers.HaveCondition("Ready", "False", "AddressDenied", ContainSubstring("127.0.0.1")))
		}
		Expect(strings.Join(w.writes(), "\n")).NotTo(ContainSubstring("/secrets/"))
		By("reaching other servers on that host")
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
	})

	It("does not reach a service in a private network if the admin denies private networks", func(ctx SpecContext) {
		w := newWorld(ctx, func(s *settings) { s.tokenEndpoint.DenyPrivateNetworks = true })
		for name, host := range map[string]string{"literal": "10.96.0.10", "nat64": "[64:ff9b::10.96.0.10]", "siit": "[::ffff:0:10.96.0.10]"} {
			reads(ctx, w.attacker, name, "http://"+host+"/version")
			w.attacker.reports(ctx, name, matchers.HaveCondition("Ready", "False", "AddressDenied", ContainSubstring("10.96.0.10")))
		}
	})

	It("reaches a service that the flags do not deny, and reads its response: docs/security.md says how to prevent that", func(ctx SpecContext) {
		w := newWorld(ctx, func(s *settings) {
			s.tokenEndpoint.AllowedCIDRs = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		})
		service := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(rw, `{"gitVersion":"v1.37.0"}`)
		})
		reads(ctx, w.attacker, "curious", service.URL)
		w.attacker.reports(ctx, "curious", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(w.attacker.secret(ctx, "curious-token").Data).To(HaveKeyWithValue("access_token", []byte("v1.37.0")))
	})
})
