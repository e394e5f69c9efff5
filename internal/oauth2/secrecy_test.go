package oauth2_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("a message about a response", func() {
	// Each encoding changes the secret, except for its first letters.
	const id, secret, start = "shop", `p4ss&w0rd/ <"+é`, "p4ss"
	inBase64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

	requestWithSecret := func(s server) *oauth2.Request {
		GinkgoHelper()
		return requestTo(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive(id), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}})
	}
	messageOf := func(s server, response oauth2.Response) string {
		GinkgoHelper()
		_, err := oauth2.ReadResponse(s, requestWithSecret(s), response)
		Expect(err).To(MatchError(And(
			Not(ContainSubstring(start)),
			Not(ContainSubstring(inBase64(secret))),
			Not(ContainSubstring(inBase64(id+":"+secret))),
			Not(ContainSubstring(inBase64(id+":"+url.QueryEscape(secret)))),
		)))
		return err.Error()
	}
	body := func(code, description string) string {
		GinkgoHelper()
		raw, err := json.Marshal(map[string]string{"error": code, "error_description": description})
		Expect(err).NotTo(HaveOccurred())
		return string(raw)
	}

	DescribeTable("does not hold the client secret that the server echoes",
		func(echo string) {
			By("in the description")
			Expect(messageOf(rfc6749(), answer(http.StatusBadRequest, body("invalid_client", "you sent "+echo+" to us")))).
				To(ContainSubstring("you sent [REDACTED] to us"))
			By("where the description is cut off")
			for margin := range 16 {
				long := strings.Repeat("x", 240+margin) + echo
				Expect(messageOf(rfc6749(), answer(http.StatusBadRequest, body("invalid_client", long)))).
					NotTo(ContainSubstring("x" + echo[:4]))
			}
			By("as the error code")
			Expect(messageOf(rfc6749(), answer(http.StatusBadRequest, body(echo, "")))).NotTo(ContainSubstring(echo))
		},
		Entry("unencoded", secret),
		Entry("as a string of JSON", `p4ss\u0026w0rd/ \u003c\"+é`),
		Entry("form-encoded", url.QueryEscape(secret)),
		Entry("percent-encoded", url.PathEscape(secret)),
		Entry("in base64", inBase64(secret)),
		Entry("in base64 for URLs", base64.RawURLEncoding.EncodeToString([]byte(secret))),
		Entry("in base64 after the client ID", inBase64(id+":"+secret)),
		Entry("form-encoded and in base64 after the client ID", inBase64(id+":"+url.QueryEscape(secret))),
	)

	It("does not hold a client ID from a Secret, but holds spec.clientID", func() {
		for isPublic, said := range map[bool]string{true: "no client web-shop", false: "no client [REDACTED]"} {
			s := rfc6749(authenticatedBy(v1alpha1.ClientSecretPost), func(s *server) {
				s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-Client", Template: "{{ .client_id }}"}}
			})
			id := oauth2.NewSensitive("web-shop")
			request := requestTo(s, oauth2.Grant{Scopes: []string{"web-shop:read"}, Credentials: oauth2.Credentials{
				ClientID: id, IsClientIDPublic: isPublic, ClientSecret: oauth2.NewSensitive(secret), Values: map[string]oauth2.Sensitive{"client_id": id},
			}})
			shown, err := request.Show()
			Expect(err).NotTo(HaveOccurred())
			Expect(strings.Contains(shown, "client_id=web-shop")).To(Equal(isPublic))
			_, err = oauth2.ReadResponse(s, request, answer(http.StatusBadRequest, body("invalid_client", "no client web-shop")))
			Expect(err).To(MatchError(ContainSubstring(said)))
			token, err := oauth2.ReadResponse(s, request, answer(http.StatusOK, `{"access_token": "t", "scope": "web-shop:read read web-shop:write"}`))
			Expect(err).NotTo(HaveOccurred())
			if isPublic {
				Expect(token.Scope).To(Equal("web-shop:read read web-shop:write"))
			} else {
				Expect(token.Scope).To(Equal("web-shop:read read"))
			}
		}
	})

	DescribeTable("does not hold the request that the server echoes",
		func(changes ...func(*server)) {
			s := rfc6749(changes...)
			request := requestWithSecret(s)
			echo := request.Header["Authorization"].Reveal() + " " + request.Body.Reveal()
			Expect(messageOf(s, answer(http.StatusBadRequest, body("", "bad request: "+echo)))).To(ContainSubstring("[REDACTED]"))
		},
		Entry("form and basic"),
		Entry("form and post", authenticatedBy(v1alpha1.ClientSecretPost)),
		Entry("JSON and post", authenticatedBy(v1alpha1.ClientSecretPost), encodedAs(v1alpha1.JSONEncoding)),
	)

	DescribeTable("does not hold credentials that a redirect carries",
		func(location string) {
			Expect(messageOf(rfc6749(), answer(http.StatusFound, "", "Location", location))).
				To(ContainSubstring("https://other.example.com/login"))
		},
		Entry("in the path", "https://other.example.com/login/"+url.PathEscape(secret)),
		Entry("in the query", "https://other.example.com/login?client_secret="+url.QueryEscape(secret)),
		Entry("in the fragment", "https://other.example.com/login#"+url.PathEscape(secret)),
		Entry("as the user", "https://"+url.UserPassword(id, secret).String()+"@other.example.com/login"),
	)

	DescribeTable("does not hold the token of the response",
		func(response oauth2.Response) {
			Expect(messageOf(rfc6749(), response)).NotTo(ContainSubstring("0paque-t0ken"))
		},
		Entry("that is refused for its characters", answer(http.StatusOK, `{"access_token": "0paque-t0ken\n"}`)),
		Entry("that is refused for its type", answer(http.StatusOK, `{"access_token": "0paque-t0ken", "token_type": "DPoP"}`)),
		Entry("that has expired", answer(http.StatusOK, `{"access_token": "0paque-t0ken", "expires_in": 0}`)),
		Entry("that is in another member", answer(http.StatusOK, `{"data": {"access_token": "0paque-t0ken"}}`)),
		Entry("that comes with an error", answer(http.StatusOK, `{"access_token": "0paque-t0ken", "error": "server_error"}`)),
		Entry("that another member holds", answer(http.StatusOK, `{"error": "server_error", "refresh_token": "0paque-t0ken", "error_description": "not 0paque-t0ken"}`)),
		Entry("that is in a list", answer(http.StatusOK, `{"error": "server_error", "tokens": ["0paque-t0ken"], "error_description": "not 0paque-t0ken"}`)),
		Entry("that is nested", answer(http.StatusOK, `{"error": "server_error", "data": [{"newSecret": "0paque-t0ken"}], "error_description": "not 0paque-t0ken"}`)),
		Entry("that is the error code", answer(http.StatusOK, `{"error": "0paque-t0ken", "access_token": "0paque-t0ken"}`)),
		Entry("that the description of an error repeats",
			answer(http.StatusOK, `{"access_token": "0paque-t0ken", "error": "server_error", "error_description": "0paque-t0ken is spent"}`)),
	)

	DescribeTable("is not returned if only the scope cannot be shown: the scope is left out",
		func(body string) {
			token := tokenIn(rfc6749(), answer(http.StatusOK, body))
			Expect(token.AccessToken.Reveal()).To(Equal("0paque-t0ken"))
			Expect(token.Scope).To(BeEmpty())
		},
		Entry("because it is the token", `{"access_token": "0paque-t0ken", "expires_in": 60, "scope": "0paque-t0ken"}`),
		Entry("because it is the client secret", `{"access_token": "0paque-t0ken", "expires_in": 60, "scope": "s3cr3t-value"}`),
	)

	DescribeTable("does not mask a text that is not a token",
		func(body, shown string) {
			Expect(messageOf(rfc6749(), answer(http.StatusBadRequest, body))).To(ContainSubstring(shown))
		},
		Entry("a word that is too short for a token", `{"error": "x", "error_description": "a bearer of news", "token_type": "bearer"}`, `("a bearer of news")`),
		Entry("a known code", `{"error": "invalid_client", "token": "invalid_client"}`, "HTTP 400 invalid_client:"),
	)

	It("about a token is redacted by Token.Redact in every encoding", func() {
		token := oauth2.Token{AccessToken: oauth2.NewSensitive(secret)}
		for _, echo := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), inBase64(secret)} {
			Expect(token.Redact("denied: " + echo + "!")).To(Equal("denied: [REDACTED]!"))
		}
	})

	It("masks nothing for a client without a secret", func() {
		s := rfc6749(authenticatedBy(v1alpha1.ClientAuthenticationNone))
		request := requestTo(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive(id), IsClientIDPublic: true}})
		_, err := oauth2.ReadResponse(s, request, answer(http.StatusBadRequest, body("", "as it stands")))
		Expect(err).To(MatchError(ContainSubstring(`("as it stands")`)))
	})
})
