package oauth2_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// The bodies below are from the documentation of the vendors.
var _ = Describe("the responses of vendors", func() {
	fabric := rfc6749(func(s *server) {
		s.Response.ErrorCode, s.Response.ErrorDescription = at("/error", "/type"), at("/errors/0/message", "/message")
	})
	elasticPath := rfc6749(func(s *server) {
		s.Response = &v1alpha1.TokenResponse{
			AccessToken:      at("/data/access_token", "/access_token"),
			TokenType:        at("/data/token_type", "/token_type"),
			ExpiresIn:        at("/data/expires_in", "/expires_in"),
			ExpiresAt:        at("/data/expires", "/expires"),
			ErrorCode:        at("/error"),
			ErrorDescription: at("/errors/0/detail", "/errors/0/title"),
		}
	})
	oro := rfc6749(func(s *server) { s.Response.ErrorDescription = at("/hint", "/message", "/error_description") })

	DescribeTable("hold a token:",
		func(s server, body, accessToken, tokenType, scope string, lifetime time.Duration) {
			token := tokenIn(s, answer(http.StatusOK, body, "Content-Type", asJSON))
			Expect(token.AccessToken.Reveal()).To(Equal(accessToken))
			Expect(token.Type).To(Equal(tokenType))
			Expect(token.Scope).To(Equal(scope))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
		},
		Entry("fabric, whose scope is empty", fabric,
			`{"access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...", "token_type": "bearer", "expires_in": 3600, "scope": ""}`,
			"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...", "bearer", "", time.Hour),
		Entry("Elastic Path, client credentials, with an absolute time of 2018", elasticPath,
			`{"data": {"access_token": "xa3521ca621113e44eeed9232fa3e54571cb08bc", "token_type": "Bearer", "expires_in": 3600, "expires": 1524486008, "identifier": "client_credentials"}}`,
			"xa3521ca621113e44eeed9232fa3e54571cb08bc", "Bearer", "", time.Hour),
		Entry("Elastic Path, implicit", elasticPath,
			`{"data": {"access_token": "xa3521ca621113e44eeed9232fa3e54571cb08bc", "token_type": "Bearer", "expires_in": 3600, "expires": 1524486008, "identifier": "implicit"}}`,
			"xa3521ca621113e44eeed9232fa3e54571cb08bc", "Bearer", "", time.Hour),
		Entry("Elastic Path, not wrapped", elasticPath,
			`{"access_token": "xa3521ca621113e44eeed9232fa3e54571cb08bc", "token_type": "Bearer", "expires_in": 3600, "expires": 1524486008, "identifier": "implicit"}`,
			"xa3521ca621113e44eeed9232fa3e54571cb08bc", "Bearer", "", time.Hour),
		Entry("Elastic Path, with an earlier absolute time", elasticPath,
			`{"data": {"access_token": "xa3521ca", "token_type": "Bearer", "expires_in": 3600, "expires": `+inSeconds(30*time.Minute)+`}}`,
			"xa3521ca", "Bearer", "", 30*time.Minute),
		Entry("Commerce Layer, integration, whose created_at is not an expiry", rfc6749(),
			`{"access_token": "acC3sSt0K3Nwrt6kic7.abc4bnm5...", "token_type": "bearer", "expires_in": 7200, "scope": "market:all", "created_at": 123456789}`,
			"acC3sSt0K3Nwrt6kic7.abc4bnm5...", "bearer", "market:all", 2*time.Hour),
		Entry("Commerce Layer, sales channel", rfc6749(),
			`{"access_token": "acC3sSt0K3Nwrt6kic7.abc4bnm5...", "token_type": "bearer", "expires_in": 14400, "scope": "market:id:xYZkjABcde", "created_at": 123456789}`,
			"acC3sSt0K3Nwrt6kic7.abc4bnm5...", "bearer", "market:id:xYZkjABcde", 4*time.Hour),
		Entry("OroCommerce, which names no scope", oro,
			`{"token_type": "Bearer", "expires_in": 3600, "access_token": "your access token"}`,
			"your access token", "Bearer", "", time.Hour),
	)

	DescribeTable("report a failure:",
		func(s server, status int, body, reason string, class problem.Class, said string) {
			failure := failureIn(s, answer(status, body, "Content-Type", asJSON))
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(class))
			Expect(failure.Message).To(ContainSubstring("answered " + said + ":"))
		},
		Entry("fabric 400", fabric, 400,
			`{"errors": [{"message": "Invalid request", "type": "CLIENT_ERROR"}], "message": "Bad request", "type": "CLIENT_ERROR"}`,
			v1alpha1.ReasonRequestRefused, problem.MayPass, `HTTP 400 CLIENT_ERROR ("Invalid request")`),
		Entry("fabric 401", fabric, 401, `{"message": "Unauthorized request", "type": "CLIENT_ERROR"}`,
			v1alpha1.ReasonInvalidClient, problem.CredentialsRefused, `HTTP 401 CLIENT_ERROR ("Unauthorized request")`),
		Entry("fabric 500", fabric, 500, `{"message": "Internal server error", "type": "SERVER_ERROR"}`,
			v1alpha1.ReasonServerError, problem.Unavailable, `HTTP 500 SERVER_ERROR ("Internal server error")`),
		Entry("Elastic Path 400", elasticPath, 400, `{"errors": [{"title": "Bad Request", "status": "400"}]}`,
			v1alpha1.ReasonRequestRefused, problem.MayPass, `HTTP 400 ("Bad Request")`),
		Entry("Elastic Path 401", elasticPath, 401, `{"errors": [{"title": "Unauthorized", "status": "401"}]}`,
			v1alpha1.ReasonInvalidClient, problem.CredentialsRefused, `HTTP 401 ("Unauthorized")`),
		Entry("Elastic Path 500", elasticPath, 500,
			`{"errors": [{"title": "Internal Server Error", "status": "500", "detail": "there was a problem processing your request"}]}`,
			v1alpha1.ReasonServerError, problem.Unavailable, `HTTP 500 ("there was a problem processing your request")`),
		Entry("Commerce Layer, in the form of RFC 6749", rfc6749(), 401,
			`{"error": "invalid_client", "error_description": "Client authentication failed"}`,
			v1alpha1.ReasonInvalidClient, problem.CredentialsRefused, `HTTP 401 invalid_client ("Client authentication failed")`),
		Entry("Commerce Layer, at its rate limit", rfc6749(), 429, ``,
			v1alpha1.ReasonRateLimited, problem.Unavailable, `HTTP 429`),
		Entry("OroCommerce, whose hint is the most informative", oro, 400,
			`{"error": "invalid_request", "error_description": "The request is missing a parameter", "hint": "Check the client_id parameter", "message": "The request is missing a parameter"}`,
			v1alpha1.ReasonInvalidRequest, problem.MayPass, `HTTP 400 invalid_request ("Check the client_id parameter")`),
		Entry("OroCommerce, without a hint", oro, 401,
			`{"error": "invalid_client", "error_description": "Client authentication failed", "message": "Client authentication failed"}`,
			v1alpha1.ReasonInvalidClient, problem.CredentialsRefused, `HTTP 401 invalid_client ("Client authentication failed")`),
	)
})
