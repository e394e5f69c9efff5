package oauth2_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func revocable(s *server) {
	s.Revocation = &v1alpha1.Revocation{Endpoint: "https://idp.example.com/revoke"}
}

var _ = Describe("a revocation", func() {
	token := oauth2.NewSensitive("0paque-t0ken")

	DescribeTable("authenticates the client as the token request does",
		func(body string, authorized bool, changes ...func(*server)) {
			s := rfc6749(append([]func(*server){revocable}, changes...)...)
			request, err := oauth2.BuildRevocation(s, oauth2.Grant{Credentials: credentials, Scopes: []string{"a"}}, token, startedAt)
			Expect(err).NotTo(HaveOccurred())
			Expect(request.Method).To(Equal(http.MethodPost))
			Expect(request.FullURL().Reveal()).To(Equal("https://idp.example.com/revoke"))
			Expect(request.Body.Reveal()).To(Equal(body))
			_, found := request.Header["Authorization"]
			Expect(found).To(Equal(authorized))
			Expect(request.Show()).NotTo(MatchRegexp("0paque|s3cr3t"))
		},
		Entry("by basic", "token=0paque-t0ken", true),
		Entry("by post", "client_id=shop&client_secret=s3cr3t-value&token=0paque-t0ken", false, authenticatedBy(v1alpha1.ClientSecretPost)),
		Entry("in JSON", `{"client_id":"shop","client_secret":"s3cr3t-value","token":"0paque-t0ken"}`, false,
			authenticatedBy(v1alpha1.ClientSecretPost), encodedAs(v1alpha1.JSONEncoding)),
		Entry("in a form instead of a query, which would end up in logs", "client_id=shop&token=0paque-t0ken", false,
			authenticatedBy(v1alpha1.ClientAuthenticationNone), encodedAs(v1alpha1.QueryEncoding), sentBy("GET")),
	)

	DescribeTable("is not built without an endpoint or a key:",
		func(reason string, changes ...func(*server)) {
			_, err := oauth2.BuildRevocation(rfc6749(changes...), oauth2.Grant{Credentials: credentials}, token, startedAt)
			Expect(failureOf(err).Reason).To(Equal(reason))
		},
		Entry("no endpoint", v1alpha1.ReasonAuthorizationServerInvalid),
		Entry("no key", v1alpha1.ReasonCredentialsInvalid, revocable, authenticatedBy(v1alpha1.PrivateKeyJWT)),
	)

	DescribeTable("succeeds:",
		func(status int) {
			Expect(oauth2.ReadRevocation(rfc6749(revocable), &oauth2.Request{}, answer(status, "whatever"))).To(Succeed())
		},
		Entry("200", 200), Entry("204", 204),
	)

	DescribeTable("fails, and the message has the words of the server without secrets",
		func(status int, body, reason, said string) {
			s := rfc6749(revocable)
			request, err := oauth2.BuildRevocation(s, oauth2.Grant{Credentials: credentials}, token, startedAt)
			Expect(err).NotTo(HaveOccurred())
			failure := failureOf(oauth2.ReadRevocation(s, request, answer(status, body)))
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Message).To(And(HavePrefix("revocation endpoint https://idp.example.com/revoke answered "+said+": "), Not(MatchRegexp("0paque|s3cr3t"))))
		},
		Entry("for a known code", 400, `{"error": "invalid_client"}`, v1alpha1.ReasonInvalidClient, "HTTP 400 invalid_client"),
		Entry("for an unknown code", 400, `{"error": "NOT_YOURS"}`, v1alpha1.ReasonRequestRefused, "HTTP 400 NOT_YOURS"),
		Entry("for its status", 503, ``, v1alpha1.ReasonServerError, "HTTP 503"),
		Entry("with an explanation in a common member", 403, `{"message": "the token 0paque-t0ken is not yours"}`, v1alpha1.ReasonRequestRefused,
			`HTTP 403 ("the token [REDACTED] is not yours")`),
		Entry("with the client secret in its explanation", 401, `{"error_description": "wrong: s3cr3t-value"}`, v1alpha1.ReasonInvalidClient,
			`HTTP 401 ("wrong: [REDACTED]")`),
	)
})
