package oauth2_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

func withClaims(claims ...v1alpha1.Parameter) func(*server) {
	return withAssertion(v1alpha1.Assertion{Claims: claims})
}

var _ = Describe("a declaration", func() {
	keyJWT, secretJWT := authenticatedBy(v1alpha1.PrivateKeyJWT), authenticatedBy(v1alpha1.ClientSecretJWT)

	DescribeTable("is valid",
		func(changes ...func(*server)) { Expect(oauth2.Check(rfc6749(changes...))).To(Succeed()) },
		Entry("with the values of RFC 6749"),
		Entry("with a GET request and a query", sentBy("GET"), encodedAs(v1alpha1.QueryEncoding)),
		Entry("with a POST request and a query", encodedAs(v1alpha1.QueryEncoding)),
		Entry("with templates, headers and types", withTemplates("a", `{{ .b | b64enc }}`), withHeaders("X-A", "b"),
			withTyped("n", "Number", "1", "b", "Boolean", "true", "j", "JSON", "[]")),
		Entry("with a secret value whose type is not yet known", func(s *server) {
			s.Request.Parameters = []v1alpha1.Parameter{{Name: "n", Type: v1alpha1.NumberParameter, SecretKey: "k"}}
		}),
		Entry("with private_key_jwt and an algorithm for keys", keyJWT, withAssertion(v1alpha1.Assertion{Algorithm: "ES256"})),
		Entry("with client_secret_jwt and an algorithm for secrets", secretJWT, withAssertion(v1alpha1.Assertion{Algorithm: "HS512"})),
		Entry("with a ServiceAccount's token", keyJWT, withAssertion(v1alpha1.Assertion{ServiceAccountToken: federated})),
		Entry("with a grant signed by the secret", grantAssertion(v1alpha1.Assertion{Algorithm: "HS256"})),
	)

	DescribeTable("is refused, and the message says what to correct:",
		func(said string, changes ...func(*server)) {
			failure := failureOf(oauth2.Check(rfc6749(changes...)))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Class).To(Equal(problem.Invalid))
			Expect(failure.Message).To(ContainSubstring(said))
		},
		Entry("a client authentication method that does not exist",
			`there is no client authentication method "mtls": set authorizationServer.clientAuthentication.method to one of client_secret_basic, client_secret_jwt, client_secret_post, none, private_key_jwt, self_signed_tls_client_auth, tls_client_auth`,
			authenticatedBy("mtls")),
		Entry("a request encoding that does not exist",
			`there is no request encoding "XML": set authorizationServer.request.encoding to one of Form, Query, JSON`, encodedAs("XML")),
		Entry("a GET request with a form", "set authorizationServer.request.encoding to Query", sentBy("GET")),
		Entry("a GET request with JSON", "set authorizationServer.request.encoding to Query", sentBy("GET"), encodedAs(v1alpha1.JSONEncoding)),
		Entry("a template that cannot be parsed", "the template of parameter a cannot be used", withTemplates("a", "{{ .b")),
		Entry("a template with a loop", "range is not available", withTemplates("a", "{{ range .scopes }}x{{ end }}")),
		Entry("a template with a function that does not exist", `function "env" is not available in templates; available: b64dec `, withTemplates("a", `{{ env "HOME" }}`)),
		Entry("a header's template that cannot be parsed", "the template of header X-A cannot be used", func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-A", Template: "{{ end }}"}}
		}),
		Entry("a Number that is not a number", "the value of parameter n is not of type Number", withTyped("n", "Number", "one")),
		Entry("a Boolean that is not a boolean", "the value of parameter b is not of type Boolean", withTyped("b", "Boolean", "yes")),
		Entry("JSON that is not valid", "the value of parameter j is not of type JSON", withTyped("j", "JSON", "[")),
		Entry("a claim's template that cannot be parsed", "the template of claim c cannot be used", keyJWT, withClaims(v1alpha1.Parameter{Name: "c", Template: "{{"})),
		Entry("a claim's value of the wrong type", "the value of claim c is not of type Number", keyJWT, withClaims(v1alpha1.Parameter{Name: "c", Type: "Number", Value: text("x")})),
		Entry("a JOSE header's template that cannot be parsed", "the template of JOSE header h cannot be used", keyJWT,
			withAssertion(v1alpha1.Assertion{Headers: []v1alpha1.Parameter{{Name: "h", Template: "{{"}}})),
		Entry("a template of a grant's claim that cannot be parsed", "the template of claim c cannot be used",
			grantAssertion(v1alpha1.Assertion{Claims: []v1alpha1.Parameter{{Name: "c", Template: "{{"}}})),
		Entry("an assertion for a method that sends none", "for the methods client_secret_jwt and private_key_jwt, but the method is client_secret_basic",
			withAssertion(v1alpha1.Assertion{KeyID: "1"})),
		Entry("a ServiceAccount's token for client_secret_jwt", "for the method private_key_jwt", secretJWT,
			withAssertion(v1alpha1.Assertion{ServiceAccountToken: federated})),
		Entry("a secret's algorithm for private_key_jwt", "HS256 does not go with the method private_key_jwt", keyJWT,
			withAssertion(v1alpha1.Assertion{Algorithm: "HS256"})),
		Entry("a key's algorithm for client_secret_jwt", "RS256 does not go with the method client_secret_jwt", secretJWT,
			withAssertion(v1alpha1.Assertion{Algorithm: "RS256"})),
	)
})
