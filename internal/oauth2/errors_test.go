package oauth2_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// refusedWith returns a response with a status and an error code.
func refusedWith(status int, code string) oauth2.Response {
	return answer(status, fmt.Sprintf(`{"error": %q}`, code))
}

var _ = Describe("a refusal", func() {
	DescribeTable("by an error code says what to change, or that it is retried:",
		func(code, reason string, class problem.Class, hint string) {
			failure := failureIn(rfc6749(), refusedWith(http.StatusBadRequest, code))
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(class))
			Expect(failure.Code).To(Equal(code))
			Expect(failure.Error()).To(And(HavePrefix("token endpoint https://idp.example.com/token answered HTTP 400 "+code+":"),
				ContainSubstring(hint)))
		},
		Entry("invalid_client", "invalid_client", v1alpha1.ReasonInvalidClient, problem.CredentialsRefused, "authorizationServer.clientAuthentication"),
		Entry("unauthorized_client", "unauthorized_client", v1alpha1.ReasonUnauthorizedClient, problem.CredentialsRefused, "grant type"),
		Entry("access_denied", "access_denied", v1alpha1.ReasonUnauthorizedClient, problem.CredentialsRefused, "for this client"),
		Entry("unsupported_grant_type", "unsupported_grant_type", v1alpha1.ReasonUnsupportedGrantType, problem.MayPass, "request.grantType"),
		Entry("invalid_grant", "invalid_grant", v1alpha1.ReasonInvalidGrant, problem.MayPass, "request.grantType"),
		Entry("invalid_scope", "invalid_scope", v1alpha1.ReasonInvalidScope, problem.MayPass, "spec.scopes"),
		Entry("invalid_request", "invalid_request", v1alpha1.ReasonInvalidRequest, problem.MayPass, "authorizationServer.profile"),
		Entry("invalid_target", "invalid_target", v1alpha1.ReasonInvalidTarget, problem.MayPass, "spec.audience"),
		Entry("server_error", "server_error", v1alpha1.ReasonServerError, problem.Unavailable, "retried"),
		Entry("temporarily_unavailable", "temporarily_unavailable", v1alpha1.ReasonServerError, problem.Unavailable, "retried"),
		Entry("the server's own code", "tenant_paused", v1alpha1.ReasonRequestRefused, problem.MayPass, "retried"),
	)

	DescribeTable("without a code is classified by the status:",
		func(status int, reason string, class problem.Class) {
			failure := failureIn(rfc6749(), answer(status, "<html>MARK</html>", "Content-Type", "text/html"))
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(class))
			Expect(failure.Code).To(BeEmpty())
			Expect(failure.StatusCode).To(Equal(status))
			Expect(failure.Message).To(And(ContainSubstring(fmt.Sprintf("HTTP %d (an HTML page):", status)), Not(ContainSubstring("MARK"))))
		},
		Entry("400 may be anything", 400, v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("401 is a refusal of the client", 401, v1alpha1.ReasonInvalidClient, problem.CredentialsRefused),
		Entry("403 may pass", 403, v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("404 may pass, for example while a gateway reloads", 404, v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("405 may pass, for example while a gateway reloads", 405, v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("408 passes", 408, v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("410 may pass, for example while a gateway reloads", 410, v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("415 may pass, for example while a gateway reloads", 415, v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("425 passes", 425, v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("429 passes", 429, v1alpha1.ReasonRateLimited, problem.Unavailable),
		Entry("500 passes", 500, v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("502 passes", 502, v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("503 passes", 503, v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("504 passes", 504, v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("599 passes", 599, v1alpha1.ReasonServerError, problem.Unavailable),
	)

	DescribeTable("is classified by a status that a gateway may have sent, then by the code, then by any other status:",
		func(status int, code, reason string, class problem.Class) {
			failure := failureIn(rfc6749(), refusedWith(status, code))
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(class))
		},
		Entry("500 with invalid_client is an outage", 500, "invalid_client", v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("500 with invalid_request is an outage", 500, "invalid_request", v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("503 with access_denied is an outage", 503, "access_denied", v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("504 with invalid_grant is an outage", 504, "invalid_grant", v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("408 with invalid_scope is an outage", 408, "invalid_scope", v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("425 with invalid_target is an outage", 425, "invalid_target", v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("429 with unauthorized_client is a rate limit", 429, "unauthorized_client", v1alpha1.ReasonRateLimited, problem.Unavailable),
		Entry("429 with slow_down is a rate limit", 429, "slow_down", v1alpha1.ReasonRateLimited, problem.Unavailable),
		Entry("401 with temporarily_unavailable is an outage", 401, "temporarily_unavailable", v1alpha1.ReasonServerError, problem.Unavailable),
		Entry("403 with invalid_client is a refusal of the client", 403, "invalid_client", v1alpha1.ReasonInvalidClient, problem.CredentialsRefused),
		Entry("401 with the server's own code is a refusal of the client", 401, "LOGIN_FAILED", v1alpha1.ReasonInvalidClient, problem.CredentialsRefused),
		Entry("401 with invalid_request is a refusal of the client, because gateways return it for a wrong secret", 401, "invalid_request", v1alpha1.ReasonInvalidRequest, problem.CredentialsRefused),
		Entry("401 with invalid_grant is a refusal of the client", 401, "invalid_grant", v1alpha1.ReasonInvalidGrant, problem.CredentialsRefused),
		Entry("400 with a code in capitals is a refusal of the client", 400, "INVALID_CLIENT", v1alpha1.ReasonInvalidClient, problem.CredentialsRefused),
		Entry("400 with a code and a space is a refusal of the client", 400, "invalid_client ", v1alpha1.ReasonInvalidClient, problem.CredentialsRefused),
		Entry("400 with unsupported_token_type, which is about revocation, may pass", 400, "unsupported_token_type", v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("400 with the server's own code may pass", 400, "LOGIN_FAILED", v1alpha1.ReasonRequestRefused, problem.MayPass),
		Entry("200 with the server's own code may pass", 200, "tenant_paused", v1alpha1.ReasonRequestRefused, problem.MayPass),
	)

	DescribeTable("is classified by the codes and statuses that the declaration names:",
		func(response oauth2.Response, class problem.Class) {
			s := rfc6749(func(s *server) {
				s.Response.ErrorCode = at("/error", "/code")
				s.Response.CredentialErrors = []string{"LOGIN_FAILED", "40101"}
				s.Response.CredentialStatuses = []int32{302, 403, 500}
			})
			Expect(failureIn(s, response).Class).To(Equal(class))
		},
		Entry("400 with a declared code", refusedWith(400, "LOGIN_FAILED"), problem.CredentialsRefused),
		Entry("200 with a declared code", refusedWith(200, "LOGIN_FAILED"), problem.CredentialsRefused),
		Entry("200 with a declared number", answer(200, `{"code": 40101}`), problem.CredentialsRefused),
		Entry("a declared number in another notation", answer(200, `{"code": 40101.0}`), problem.CredentialsRefused),
		Entry("an undeclared code", refusedWith(400, "LOGIN_SLOW"), problem.MayPass),
		Entry("a declared code with 503, which a gateway may send", refusedWith(503, "LOGIN_FAILED"), problem.Unavailable),
		Entry("a declared status", answer(403, ""), problem.CredentialsRefused),
		Entry("a declared status, whatever the code", refusedWith(403, "invalid_scope"), problem.CredentialsRefused),
		Entry("a declared status that is usually an outage", answer(500, ""), problem.CredentialsRefused),
		Entry("a declared status that is usually a redirect", answer(302, "", "Location", "https://idp.example.com/login"), problem.CredentialsRefused),
		Entry("an undeclared status", answer(404, ""), problem.MayPass),
	)

	It("of the grant means refused credentials if the grant is a user's name and password", func() {
		password := rfc6749(func(s *server) { s.Request.GrantType = "password" })
		Expect(failureIn(password, refusedWith(400, "invalid_grant")).Class).To(Equal(problem.CredentialsRefused))
		login := rfc6749(withParameters("user_password", "x"))
		Expect(failureIn(login, refusedWith(400, "invalid_grant")).Class).To(Equal(problem.CredentialsRefused))
		Expect(failureIn(rfc6749(), refusedWith(400, "invalid_grant")).Class).To(Equal(problem.MayPass))
	})

	It("is never classified by the words of its description", func() {
		failure := failureIn(rfc6749(), answer(http.StatusServiceUnavailable, `{"error_description": "invalid_client"}`))
		Expect(failure.Class).To(Equal(problem.Unavailable))
	})

	DescribeTable("says to check the URL:",
		func(status int) {
			Expect(failureIn(rfc6749(), answer(status, "")).Message).To(ContainSubstring("authorizationServer.tokenEndpoint"))
		},
		Entry("404", 404), Entry("405", 405), Entry("410", 410),
	)

	DescribeTable("shows the server's description",
		func(description, shown string) {
			failure := failureIn(rfc6749(), answer(http.StatusBadRequest, `{"error": "invalid_scope", "error_description": `+description+`}`))
			Expect(failure.Message).To(ContainSubstring("invalid_scope" + shown + ":"))
		},
		Entry("in quotes", `"scope x is not known"`, ` ("scope x is not known")`),
		Entry("on one line", `"one\r\n\ttwo"`, ` ("one two")`),
		Entry("without control characters", `"a\u0000b\u001b[31m\u0085"`, ` ("ab[31m")`),
		Entry("without incomplete characters", `"a\ud800b"`, ` ("ab")`),
		Entry("without the JWT in it", `"token eyJhbGciOiJIUzI1NiJ9.e30.c2ln is known"`, ` ("token [REDACTED] is known")`),
		Entry("not if it is not a text", `{"en": "x"}`, ""),
		Entry("not if it is empty", `""`, ""),
	)

	It("shows the start of a long description, and only whole characters", func() {
		failure := failureIn(rfc6749(), answer(http.StatusBadRequest, `{"error_description": "x`+strings.Repeat("é", 5000)+`"}`))
		Expect(failure.Message).To(ContainSubstring("xéé"))
		Expect(len(failure.Message)).To(BeNumerically("<", 900))
		Expect(failure.Message).NotTo(ContainSubstring("\ufffd"))
	})

	DescribeTable("does not show a text that cannot be a code:",
		func(code, shown string) {
			failure := failureIn(rfc6749(), refusedWith(http.StatusBadRequest, code))
			Expect(failure.Code).To(BeEmpty())
			Expect(failure.Message).To(ContainSubstring("HTTP 400" + shown + ":"))
		},
		Entry("a sentence, which is shown as the explanation", "The client is not known", ` ("The client is not known")`),
		Entry("a text that is too long", strings.Repeat("x", 65), ""),
	)

	It("does not show the query of the token endpoint", func() {
		s := rfc6749(func(s *server) { s.TokenEndpoint = "https://idp.example.com/token?key=MARK" })
		Expect(failureIn(s, answer(http.StatusNotFound, "")).Message).To(
			And(ContainSubstring("https://idp.example.com/token answered"), Not(ContainSubstring("MARK"))))
	})

	DescribeTable("with Retry-After says how long to wait:",
		func(value string, wait time.Duration) {
			for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
				Expect(failureIn(rfc6749(), answer(status, "", "Retry-After", value)).RetryAfter).To(Equal(wait))
			}
		},
		Entry("seconds", "120", 2*time.Minute),
		Entry("seconds with spaces", " 120 ", 2*time.Minute),
		Entry("seconds with a fraction, which some servers send", "1.5", 1500*time.Millisecond),
		Entry("a date, counted from the time of the response", "Sun, 01 Mar 2026 12:01:02 GMT", time.Minute),
		Entry("a date in the old format", "Sunday, 01-Mar-26 12:01:02 GMT", time.Minute),
		Entry("a date in the past means no wait", "Sun, 01 Mar 2020 12:00:00 GMT", time.Duration(0)),
		Entry("a negative number means no wait", "-5", time.Duration(0)),
		Entry("zero means no wait", "0", time.Duration(0)),
		Entry("an absurd number is cut to a day", "99999999999999999999", 24*time.Hour),
		Entry("a number that is too large for a float is cut to a day", "1e400", 24*time.Hour),
		Entry("an absurd date is cut to a day", "Fri, 31 Dec 9999 23:59:59 GMT", 24*time.Hour),
		Entry("words mean no wait", "soon", time.Duration(0)),
		Entry("an empty value means no wait", "", time.Duration(0)),
	)

	It("is still reported if the token endpoint is not a URL", func() {
		s := rfc6749(func(s *server) { s.TokenEndpoint = "https://%zz/MARK" })
		Expect(failureIn(s, answer(http.StatusBadRequest, "")).Message).To(And(ContainSubstring("(not a URL)"), Not(ContainSubstring("MARK"))))
	})
})
