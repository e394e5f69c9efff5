package tokenendpoint_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

var _ = Describe("a message about a failed request", func() {
	revocationOf := func(url string) *oauth2.Request {
		GinkgoHelper()
		server := v1alpha1.AuthorizationServerSpec{
			ClientAuthentication: &v1alpha1.ClientAuthentication{Method: v1alpha1.ClientSecretBasic},
			Request:              &v1alpha1.TokenRequest{Method: "POST", Encoding: v1alpha1.FormEncoding},
			Revocation:           &v1alpha1.Revocation{Endpoint: url},
		}
		request, err := oauth2.BuildRevocation(server, oauth2.Grant{}, oauth2.NewSensitive("t"), time.Unix(0, 0))
		Expect(err).NotTo(HaveOccurred())
		return request
	}

	DescribeTable("names the endpoint, and the field that sets it:",
		func(request func(url string) *oauth2.Request, name, field string) {
			_, err := client().Send(GinkgoT().Context(), request(closedPort()+"/there"))
			Expect(err).To(MatchError(HavePrefix(name + " http://127.0.0.1:")))
			denying := client(func(o *tokenendpoint.Options) { o.AllowedCIDRs = nil })
			_, err = denying.Send(GinkgoT().Context(), request(closedPort()))
			Expect(err).To(MatchError(And(HavePrefix(name+" "), ContainSubstring("correct "+field+","))))
			_, err = client().Send(GinkgoT().Context(), request("nowhere"))
			Expect(err).To(MatchError(HavePrefix(field + " is not an absolute URL")))
		},
		Entry("a token endpoint", requestTo, "token endpoint", "authorizationServer.tokenEndpoint"),
		Entry("a metadata document", oauth2.DiscoveryRequest, "metadata document", "authorizationServer.issuer"),
		Entry("a revocation endpoint", revocationOf, "revocation endpoint", "authorizationServer.revocation.endpoint"),
	)

	It("names the target of a redirect from a metadata document", func() {
		_, err := oauth2.ReadMetadata("https://idp.example.com", "https://idp.example.com/.well-known/openid-configuration",
			oauth2.Response{StatusCode: 302, Header: map[string][]string{"Location": {"/login"}}})
		Expect(err).To(MatchError(ContainSubstring("metadata document https://idp.example.com/.well-known/openid-configuration answered HTTP 302, a redirect to https://idp.example.com/login, and")))
	})
})
