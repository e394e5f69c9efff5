package oauth2_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("the metadata of an issuer", func() {
	const issuer, from = "https://idp.example.com/a", "https://idp.example.com/.well-known/oauth-authorization-server/a"
	const whole = `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t", "revocation_endpoint": "https://idp.example.com/r",
		"mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example.com/t"}}`

	DescribeTable("lie at the places of RFC 8414 and of OpenID Connect",
		func(issuer string, places ...string) { Expect(oauth2.MetadataURLs(issuer)).To(Equal(places)) },
		Entry("without a path", "https://idp.example.com", "https://idp.example.com/.well-known/oauth-authorization-server", "https://idp.example.com/.well-known/openid-configuration"),
		Entry("with a path", issuer, from, "https://idp.example.com/a/.well-known/openid-configuration"),
		Entry("with a slash at the end", issuer+"/", from, "https://idp.example.com/a/.well-known/openid-configuration"),
	)

	It("lie nowhere for what is no URL", func() { Expect(oauth2.MetadataURLs("https://%zz")).To(BeEmpty()) })

	It("are asked for as JSON, without any credentials", func() {
		request := oauth2.DiscoveryRequest(from)
		Expect(request.FullURL().Reveal()).To(Equal(from))
		Expect(revealed(request)).To(Equal(map[string]string{"Accept": asJSON}))
	})

	DescribeTable("name the endpoints",
		func(token, revocation string, changes ...func(*server)) {
			metadata, err := oauth2.ReadMetadata(issuer, from, answer(200, "\ufeff"+whole))
			Expect(err).NotTo(HaveOccurred())
			s := rfc6749(append([]func(*server){func(s *server) { s.Revocation = &v1alpha1.Revocation{} }}, changes...)...)
			discovered := metadata.Discovered(s)
			Expect(discovered.TokenEndpoint).To(Equal(token))
			Expect(discovered.Revocation.Endpoint).To(Equal(revocation))
			Expect(s.TokenEndpoint).To(Equal("https://idp.example.com/token"))
		},
		Entry("usually", "https://idp.example.com/t", "https://idp.example.com/r"),
		Entry("for clients that show a certificate", "https://mtls.example.com/t", "https://idp.example.com/r", authenticatedBy(v1alpha1.TLSClientAuth)),
		Entry("but not the one of revocation that is declared", "https://idp.example.com/t", "https://idp.example.com/revoke", revocable),
	)

	DescribeTable("are refused",
		func(status int, body, said string) {
			_, err := oauth2.ReadMetadata(issuer, from, answer(status, body))
			failure := failureOf(err)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonDiscoveryFailed))
			Expect(failure.Message).To(And(ContainSubstring(said), Not(ContainSubstring("MARK"))))
		},
		Entry("when there are none", 404, "", "answered HTTP 404, and"),
		Entry("when there are none, as the server explains", 404, `{"error": "Realm does not exist"}`, `answered HTTP 404 ("Realm does not exist"), and`),
		Entry("when there is a page instead", 404, "<html><title>Not here</title>MARK", `answered HTTP 404 (an HTML page titled "Not here"), and`),
		Entry("when they are no JSON", 200, "<html>MARK", "not JSON"),
		Entry("when they are about another issuer", 200, `{"issuer": "https://evil.example.com"}`, `"https://evil.example.com"`),
		Entry("when they are about an issuer with a slash more", 200, `{"issuer": "https://idp.example.com/a/"}`, "set authorizationServer.issuer"),
		Entry("when they name no token endpoint", 200, `{"issuer": "https://idp.example.com/a"}`, "names no token endpoint"),
		Entry("when their token endpoint has a user", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://u:p@idp.example.com/t"}`, "names no token endpoint"),
		Entry("when their token endpoint has a fragment", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t#a"}`, "names no token endpoint"),
		Entry("when their revocation endpoint is no URL", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t", "revocation_endpoint": "ftp://a"}`, "no absolute https URL"),
		Entry("when their alias is too long", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t", "mtls_endpoint_aliases": {"token_endpoint": "https://idp.example.com/`+strings.Repeat("a", 2048)+`"}}`, "at most 2048"),
		Entry("when their token endpoint is a path", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "/MARK"}`, "names no token endpoint"),
	)
})
