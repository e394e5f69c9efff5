package oauth2_test

import (
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// typed returns a response with the given JSON as the token type.
func typed(tokenType string) oauth2.Response {
	return answer(http.StatusOK, `{"access_token": "t", "expires_in": 60, "token_type": `+tokenType+`}`)
}

var _ = Describe("a token response", func() {
	It("yields the token, its type, its scope and the time of its issue", func() {
		token := tokenIn(rfc6749(), answer(http.StatusOK,
			`{"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "example", "expires_in": 3600, "scope": "a b", "example_parameter": "x"}`))
		Expect(token.AccessToken.Reveal()).To(Equal("2YotnFZFEjr1zCsicMWpAA"))
		Expect(token.Type).To(Equal("example"))
		Expect(token.Scope).To(Equal("a b"))
		Expect(token.IssuedAt).To(Equal(startedAt))
	})

	It("may hold a token of all characters that RFC 6750 allows", func() {
		token := tokenIn(rfc6749(), answer(http.StatusOK, `{"access_token": "AZaz09-._~+/=="}`))
		Expect(token.AccessToken.Reveal()).To(Equal("AZaz09-._~+/=="))
	})

	DescribeTable("is read regardless of headers, status and white space:",
		func(response oauth2.Response) {
			Expect(tokenIn(rfc6749(), response).AccessToken.Reveal()).To(Equal("t"))
		},
		Entry("JSON with the content type text/plain", answer(http.StatusOK, `{"access_token": "t"}`, "Content-Type", "text/plain")),
		Entry("JSON without a content type", answer(http.StatusOK, `{"access_token": "t"}`)),
		Entry("a byte order mark", answer(http.StatusOK, "\ufeff{\"access_token\": \"t\"}")),
		Entry("white space around it", answer(http.StatusOK, "\r\n {\"access_token\": \"t\"} \r\n")),
		Entry("201, which some servers return", answer(http.StatusCreated, `{"access_token": "t"}`)),
		Entry("an error that is null or empty", answer(http.StatusOK, `{"access_token": "t", "error": null, "error_description": ""}`)),
	)

	It("may state the scope under a name that a token could have", func() {
		s := rfc6749(func(s *server) { s.Response.Scope = at("/token_scope") })
		token := tokenIn(s, answer(http.StatusOK, `{"access_token": "t", "token_scope": "read write"}`))
		Expect(token.Scope).To(Equal("read write"))
	})

	DescribeTable("keeps the token type as the server wrote it:",
		func(response oauth2.Response, expected string) {
			Expect(tokenIn(rfc6749(), response).Type).To(Equal(expected))
		},
		Entry("Bearer", typed(`"Bearer"`), "Bearer"),
		Entry("bearer", typed(`"bearer"`), "bearer"),
		Entry("BEARER", typed(`"BEARER"`), "BEARER"),
		Entry("the server's own type", typed(`"Application Access Token"`), "Application Access Token"),
		Entry("Bearer if it is missing", answer(http.StatusOK, `{"access_token": "t"}`), "Bearer"),
		Entry("Bearer if it is null", typed(`null`), "Bearer"),
		Entry("Bearer if it is empty", typed(`""`), "Bearer"),
		Entry("Bearer if it is not a text", typed(`1`), "Bearer"),
	)

	DescribeTable("is refused if its token is bound to a key:",
		func(response oauth2.Response) {
			failure := failureIn(rfc6749(), response)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTokenTypeUnsupported))
			Expect(failure.Class).To(Equal(problem.MayPass))
			Expect(failure.StatusCode).To(Equal(http.StatusOK))
			Expect(failure.Message).To(ContainSubstring("Bearer"))
		},
		Entry("DPoP", typed(`"DPoP"`)), Entry("dpop", typed(`"dpop"`)), Entry("DPOP", typed(`"DPOP"`)),
		Entry("PoP", typed(`"PoP"`)), Entry("pop", typed(`"pop"`)),
		Entry("MAC", typed(`"MAC"`)), Entry("mac", typed(`"mac"`)),
	)

	DescribeTable("is refused if it holds no usable token:",
		func(response oauth2.Response, said string) {
			failure := failureIn(rfc6749(), response)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonInvalidResponse))
			Expect(failure.Class).To(Equal(problem.MayPass))
			Expect(failure.StatusCode).To(Equal(response.StatusCode))
			Expect(failure.Message).To(And(ContainSubstring("https://idp.example.com/token"), ContainSubstring(said),
				Not(ContainSubstring("MARK"))))
		},
		Entry("a missing token", answer(http.StatusOK, `{"token": "MARK"}`), `"/access_token"`),
		Entry("an empty token", answer(http.StatusOK, `{"access_token": ""}`), `"/access_token"`),
		Entry("a token that is null", answer(http.StatusOK, `{"access_token": null}`), `"/access_token"`),
		Entry("a token that is a Boolean", answer(http.StatusOK, `{"access_token": true}`), `"/access_token"`),
		Entry("a token that is an object", answer(http.StatusOK, `{"access_token": {"value": "MARK"}}`), `"/access_token"`),
		Entry("a token with a newline", answer(http.StatusOK, `{"access_token": "MARK\n"}`), "control characters"),
		Entry("a token with a carriage return", answer(http.StatusOK, `{"access_token": "MARK\rX-Header: 1"}`), "control characters"),
		Entry("a token with a NUL", answer(http.StatusOK, `{"access_token": "MARK\u0000"}`), "control characters"),
		Entry("a token with a DEL", answer(http.StatusOK, `{"access_token": "MARK\u007f"}`), "control characters"),
		Entry("a token with characters that no header can carry", answer(http.StatusOK, `{"access_token": "MARKé"}`), "no header can carry"),
		Entry("a token type with a newline", typed(`"Bearer\nMARK"`), "token type"),
		Entry("a token type that is too long", typed(`"MARK`+strings.Repeat("x", 300)+`"`), "token type"),
		Entry("an HTML page", answer(http.StatusOK, "<html>MARK</html>", "Content-Type", "text/html; charset=utf-8"), "text/html"),
		Entry("a page without a content type", answer(http.StatusOK, "MARK"), "not JSON:"),
		Entry("a form, which some old servers return", answer(http.StatusOK, "access_token=MARK", "Content-Type", asForm), asForm),
		Entry("an empty body", answer(http.StatusOK, ""), "empty"),
		Entry("a body of white space", answer(http.StatusOK, " \r\n"), "empty"),
		Entry("204", answer(http.StatusNoContent, ""), "empty"),
		Entry("a body that was cut off", answer(http.StatusOK, `{"access_token": "MARK`), "not JSON"),
		Entry("null", answer(http.StatusOK, `null`), `"/access_token"`),
		Entry("a list", answer(http.StatusOK, `["MARK"]`), `"/access_token"`),
		Entry("a body that is nested too deeply", answer(http.StatusOK, strings.Repeat(`{"MARK":`, 20000)), "10000 JSON values"),
		Entry("a body nested more deeply than JSON is read", answer(http.StatusOK, strings.Repeat(`{"MARK":`, 4000)), "not JSON"),
		Entry("a list of too many values", answer(http.StatusOK, `{"MARK": [0`+strings.Repeat(",0", 10_000)+`]}`), "10000 JSON values"),
		Entry("an object of too many members", answer(http.StatusOK, `{"MARK":0`+strings.Repeat(`,"":0`, 10_000)+`}`), "10000 JSON values"),
	)

	DescribeTable("is a failure if it names an error, although the status is 200",
		func(body string) {
			failure := failureIn(rfc6749(), answer(http.StatusOK, body))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonInvalidClient))
			Expect(failure.Code).To(Equal("invalid_client"))
			Expect(failure.StatusCode).To(Equal(http.StatusOK))
		},
		Entry("without a token", `{"error": "invalid_client"}`),
		Entry("next to a token", `{"error": "invalid_client", "access_token": "t"}`),
	)

	DescribeTable("that redirects is refused:",
		func(status int) {
			// A redirect is a failure, even if its body has a token.
			failure := failureIn(rfc6749(), answer(status, `{"access_token": "t"}`, "Location", "https://user:pw@other.example.com/token?code=1#x"))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonRedirectRefused))
			Expect(failure.Class).To(Equal(problem.MayPass))
			Expect(failure.StatusCode).To(Equal(status))
			Expect(failure.Message).To(And(
				ContainSubstring("https://other.example.com/token:"), ContainSubstring("authorizationServer.tokenEndpoint"),
				Not(ContainSubstring("pw")), Not(ContainSubstring("code"))))
		},
		Entry("300", http.StatusMultipleChoices),
		Entry("301", http.StatusMovedPermanently), Entry("302", http.StatusFound), Entry("303", http.StatusSeeOther),
		Entry("304", http.StatusNotModified), Entry("305", http.StatusUseProxy), Entry("306", 306),
		Entry("307", http.StatusTemporaryRedirect), Entry("308", http.StatusPermanentRedirect),
	)

	DescribeTable("that redirects is refused, even if its target is missing or invalid",
		func(location string) {
			failure := failureIn(rfc6749(), answer(http.StatusFound, "", "Location", location))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonRedirectRefused))
			Expect(failure.Message).To(ContainSubstring("HTTP 302, a redirect:"))
		},
		Entry("nowhere", ""), Entry("to an invalid URL", "https://%zz/"), Entry("to a URL without a host", "mailto:admin@example.com"),
	)

	DescribeTable("that redirects names its target, which may be relative to the token endpoint:",
		func(location, shown string) {
			failure := failureIn(rfc6749(), answer(http.StatusFound, "", "Location", location))
			Expect(failure.Message).To(ContainSubstring("a redirect to " + shown + ": "))
		},
		Entry("a path", "/login?next=MARK", "https://idp.example.com/login"),
		Entry("a relative path", "login", "https://idp.example.com/login"),
		Entry("a host", "//sso.example.com/login", "https://sso.example.com/login"),
		Entry("another scheme", "http://idp.example.com/token", "http://idp.example.com/token"),
	)

	It("has a granted scope that fits into an annotation and a status", func() {
		token := tokenIn(rfc6749(), answer(http.StatusOK, `{"access_token": "t", "scope": "`+strings.Repeat("é", 4000)+`\u0000\n"}`))
		Expect(len(token.Scope)).To(BeNumerically("<=", 4096))
		Expect(strings.Trim(token.Scope, "é")).To(BeEmpty())
	})
})
