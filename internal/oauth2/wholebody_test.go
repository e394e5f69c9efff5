package oauth2_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

func wholeBody(s *server) { s.Response.AccessToken = at("/access_token", "") }

func inHeader(s *server) { s.Response.AccessTokenHeader = "X-Subject-Token" }

var _ = Describe("a token that is not a JSON member", func() {
	DescribeTable("is the whole body:",
		func(body, token string) {
			Expect(tokenIn(rfc6749(wholeBody), answer(http.StatusOK, body, "Content-Type", "text/plain")).AccessToken.Reveal()).To(Equal(token))
		},
		Entry("bare text", "abc.DEF-123_~+/==", "abc.DEF-123_~+/=="),
		Entry("bare text with white space around it", "\r\n abc \n", "abc"),
		Entry("bare text after a byte order mark", "\ufeffabc", "abc"),
		Entry("a JSON string", `"abc"`, "abc"),
		Entry("a JSON string after a byte order mark, and white space", "\ufeff \"abc\"\n", "abc"),
		Entry("a number", `12345678901234567890`, "12345678901234567890"),
		Entry("a JWT", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJub25lIn0.e30."),
		Entry("bare text after the word Bearer", "Bearer abc", "abc"),
		Entry("bare text after bearer", "bearer  abc\n", "abc"),
		Entry("a JSON string after the word Bearer", `"Bearer abc"`, "abc"),
		Entry("but not if a JSON member holds the token", `{"access_token": "member"}`, "member"),
	)

	DescribeTable("is not a body that cannot be a token:",
		func(body, said string) {
			failure := failureIn(rfc6749(wholeBody), answer(http.StatusOK, body, "Content-Type", "text/plain"))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonInvalidResponse))
			Expect(failure.Class).NotTo(BeEmpty())
			Expect(failure.Message).To(And(ContainSubstring(said), Not(ContainSubstring("MARK"))))
		},
		Entry("an HTML page", "<html>MARK</html>", "not JSON"),
		Entry("an HTML page in one word", "<MARK/>", "not JSON"),
		Entry("a sentence", "MARK is not known", "not JSON"),
		Entry("a sentence with the word Bearer in it", "No Bearer MARK", "not JSON"),
		Entry("a sentence after the word Bearer", "Bearer of bad MARK", "not JSON"),
		Entry("several lines", "MARK\nMARK", "not JSON"),
		Entry("a JSON string that is a sentence", `"MARK is not known"`, "there is no token at"),
		Entry("a JSON string that is HTML", `"<html>MARK</html>"`, "there is no token at"),
		Entry("broken JSON", `{"token":"MARK"`, "not JSON"),
		Entry("two JSON documents", `{}{"MARK":1}`, "not JSON"),
		Entry("an object", `{"MARK": "MARK"}`, "there is no token at"),
		Entry("a list", `["MARK"]`, "there is no token at"),
		Entry("true", `true`, "there is no token at"),
		Entry("an empty body", "", "empty"),
		Entry("an empty JSON string", `""`, "there is no token at"),
		Entry("only the word Bearer", `"Bearer "`, "there is no token at"),
		Entry("characters that no header can carry", "MÄRK", "no header can carry"),
	)

	DescribeTable("is in a header",
		func(status int, body string) {
			token := tokenIn(rfc6749(inHeader), answer(status, body, "X-Subject-Token", " t0ken "))
			Expect(token.AccessToken.Reveal()).To(Equal("t0ken"))
		},
		Entry("with an empty body", http.StatusCreated, ""),
		Entry("of a 204", http.StatusNoContent, ""),
		Entry("next to JSON: the header counts", http.StatusOK, `{"access_token": "other"}`),
		Entry("next to HTML", http.StatusOK, "<html></html>"),
	)

	It("is in a header, while the body states its lifetime and scope", func() {
		token := tokenIn(rfc6749(inHeader), answer(http.StatusCreated, `{"expires_in": 60, "scope": "a"}`, "X-Subject-Token", "Bearer t"))
		Expect(token.AccessToken.Reveal()).To(Equal("t"))
		Expect(token.Scope).To(Equal("a"))
		Expect(token.ExpiresAt.Sub(startedAt).Seconds()).To(Equal(60.0))
	})

	It("is in the body if the header is missing", func() {
		Expect(tokenIn(rfc6749(inHeader), answer(http.StatusOK, `{"access_token": "t"}`)).AccessToken.Reveal()).To(Equal("t"))
		Expect(failureIn(rfc6749(inHeader), answer(http.StatusNoContent, "")).Message).To(ContainSubstring("empty"))
	})

	It("is also refused in a header if it cannot be a token", func() {
		failure := failureIn(rfc6749(inHeader), answer(http.StatusNoContent, "", "X-Subject-Token", "MÄRK"))
		Expect(failure.Message).To(And(ContainSubstring("no header can carry"), Not(ContainSubstring("MÄRK"))))
	})

	It("does not make a failure a success", func() {
		Expect(failureIn(rfc6749(inHeader), answer(http.StatusUnauthorized, "", "X-Subject-Token", "t0ken-t0ken")).Message).
			NotTo(ContainSubstring("t0ken-t0ken"))
		Expect(failureIn(rfc6749(inHeader), answer(http.StatusOK, `{"error": "invalid_client"}`, "X-Subject-Token", "t")).Code).To(Equal("invalid_client"))
	})

	DescribeTable("loses the word Bearer before it, and so does a JSON member",
		func(value, token string) {
			Expect(tokenIn(rfc6749(), answer(http.StatusOK, `{"access_token": `+value+`}`)).AccessToken.Reveal()).To(Equal(token))
		},
		Entry("Bearer", `"Bearer abc"`, "abc"), Entry("bearer and spaces", `"bearer   abc "`, "abc"),
		Entry("but not another word", `"MAC abc"`, "MAC abc"), Entry("nor a token of that name", `"Bearer"`, "Bearer"),
		Entry("nor a word that only starts with Bearer", `"BearerX abc"`, "BearerX abc"),
		Entry("a number is a token, with all its digits", `123456789012345678901`, "123456789012345678901"),
	)
})
