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

	DescribeTable("have the URLs of RFC 8414 and of OpenID Connect",
		func(issuer string, places ...string) { Expect(oauth2.MetadataURLs(issuer)).To(Equal(places)) },
		Entry("without a path", "https://idp.example.com", "https://idp.example.com/.well-known/oauth-authorization-server", "https://idp.example.com/.well-known/openid-configuration"),
		Entry("with a path", issuer, from, "https://idp.example.com/a/.well-known/openid-configuration"),
		Entry("with a slash at the end", issuer+"/", from, "https://idp.example.com/a/.well-known/openid-configuration"),
	)

	It("have no URL if the issuer is not a URL", func() { Expect(oauth2.MetadataURLs("https://%zz")).To(BeEmpty()) })

	It("are requested as JSON, without any credentials", func() {
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
		Entry("of the token and of revocation", "https://idp.example.com/t", "https://idp.example.com/r"),
		Entry("for clients that present a certificate", "https://mtls.example.com/t", "https://idp.example.com/r", authenticatedBy(v1alpha1.TLSClientAuth)),
		Entry("but not of revocation if that is declared", "https://idp.example.com/t", "https://idp.example.com/revoke", revocable),
	)

	DescribeTable("are refused",
		func(status int, body, said string) {
			_, err := oauth2.ReadMetadata(issuer, from, answer(status, body))
			failure := failureOf(err)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonDiscoveryFailed))
			Expect(failure.Message).To(And(ContainSubstring(said), Not(ContainSubstring("MARK"))))
		},
		Entry("if the server has none", 404, "", "answered HTTP 404, and"),
		Entry("if the server has none, whatever the body says", 404, `{"error": "MARK", "message": "there is no MARK"}`, `answered HTTP 404, and`),
		Entry("if there is a page instead", 404, "<html><title>MARK</title>", `answered HTTP 404, and`),
		Entry("if they are not JSON", 200, "<html>MARK", "not JSON"),
		Entry("if they are about another issuer", 200, `{"issuer": "https://MARK.example.com"}`, `to exactly the "issuer" of that document`),
		Entry("if they are about the issuer with a slash at the end", 200, `{"issuer": "https://idp.example.com/a/"}`, `the issuer "https://idp.example.com/a/": set authorizationServer.issuer to exactly that`),
		Entry("if they name no token endpoint", 200, `{"issuer": "https://idp.example.com/a"}`, "names no token endpoint"),
		Entry("if their token endpoint has a user", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://u:p@idp.example.com/t"}`, "names no token endpoint"),
		Entry("if their token endpoint has a fragment", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t#a"}`, "names no token endpoint"),
		Entry("if their revocation endpoint is not an http URL", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t", "revocation_endpoint": "ftp://a"}`, "not an absolute https URL"),
		Entry("if their alias is too long", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t", "mtls_endpoint_aliases": {"token_endpoint": "https://idp.example.com/`+strings.Repeat("a", 2048)+`"}}`, "at most 2048"),
		Entry("if their token endpoint is a path", 200, `{"issuer": "https://idp.example.com/a", "token_endpoint": "/MARK"}`, "names no token endpoint"),
	)

	It("are not quoted in a message about a redirect", func() {
		_, err := oauth2.ReadMetadata(issuer, from, answer(301, "", "Location", "MARK://MARK.example.com:8443/MARK/token?a=MARK"))
		Expect(err).To(MatchError(And(ContainSubstring("a redirect to ...://.../.../token,"), Not(ContainSubstring("MARK")))))
	})

	DescribeTable("name a token endpoint, of which messages show only common parts and the parts that the issuer has too:",
		func(issuer, endpoint, shown, host string) {
			s := rfc6749(sentTo(endpoint), func(s *server) { s.Issuer = issuer })
			Expect(oauth2.ShownTokenEndpoint(s)).To(Equal(shown))
			request := requestTo(s, oauth2.Grant{Credentials: credentials})
			Expect(request.URL).To(Equal(endpoint))
			where := "token endpoint " + shown
			if strings.Contains(shown, "...") {
				where += " of the issuer " + issuer
			}
			Expect(request.Where()).To(Equal(where))
			Expect(request.ShownHost()).To(Equal(host))
			_, err := oauth2.ReadResponse(s, request, answer(400, "{}"))
			Expect(err).To(MatchError(HavePrefix(where + " answered HTTP 400")))
		},
		Entry("Keycloak", "https://kc.example.com/realms/shop", "https://kc.example.com/realms/shop/protocol/openid-connect/token", "https://kc.example.com/realms/shop/protocol/openid-connect/token", "kc.example.com"),
		Entry("Entra ID", "https://login.microsoftonline.com/4a5b/v2.0", "https://login.microsoftonline.com/4a5b/oauth2/v2.0/token", "https://login.microsoftonline.com/4a5b/oauth2/v2.0/token", "login.microsoftonline.com"),
		Entry("Okta", "https://a.okta.com/oauth2/default", "https://a.okta.com/oauth2/default/v1/token", "https://a.okta.com/oauth2/default/v1/token", "a.okta.com"),
		Entry("a host for clients with certificates", "https://idp.example.com", "https://mtls.idp.example.com/token", "https://mtls.idp.example.com/token", "mtls.idp.example.com"),
		Entry("Google, but not its host", "https://accounts.google.com", "https://oauth2.googleapis.com/token", "https://.../token", "accounts.google.com"),
		Entry("but not another port", "https://idp.example.com:8443", "https://idp.example.com:4242/token", "https://.../token", "idp.example.com:8443"),
		Entry("but not another part of the path", "https://idp.example.com", "https://idp.example.com/s3cr3t/token?a=s3cr3t", "https://idp.example.com/.../token", "idp.example.com"),
		Entry("but not another part of the host", "https://idp.example.com", "https://s3cr3t.idp.example.com/token", "https://.../token", "idp.example.com"),
	)

	It("are shown in messages with only the registered authentication methods", func() {
		metadata := &oauth2.Metadata{TokenEndpointAuthMethodsSupported: []string{"s3cr3t", "private_key_jwt"}}
		Expect(oauth2.MethodMismatch(rfc6749(), metadata)).To(HaveSuffix("to one that the server's metadata lists: private_key_jwt"))
		metadata.TokenEndpointAuthMethodsSupported = []string{"s3cr3t"}
		Expect(oauth2.MethodMismatch(rfc6749(), metadata)).To(HaveSuffix("to one that the server's metadata lists"))
	})
})
