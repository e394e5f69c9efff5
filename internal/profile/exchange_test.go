package profile_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/tokensync/tokensync/internal/oauth2"
)

// exchange is what a vendor documents: what the user declares, what is sent for
// it, and what comes back.
type exchange struct {
	declared server
	scopes   []string

	sentTo        string
	contentType   string
	authorization string
	body          types.GomegaMatcher

	answer   string
	token    string
	scope    string
	lifetime time.Duration

	// refusal and said are an answer of status 400 and how the message shows it.
	refusal string
	said    string
}

var _ = DescribeTable("the recorded exchange of",
	func(e exchange) {
		completed := complete(e.declared)
		request, err := oauth2.BuildRequest(completed, oauth2.Grant{
			Credentials: oauth2.Credentials{ClientID: "id", ClientSecret: oauth2.NewSensitive("secret")},
			Scopes:      e.scopes,
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(request.Method).To(Equal(http.MethodPost))
		Expect(request.URL).To(Equal(e.sentTo))
		Expect(request.Header).To(Equal(http.Header{"Accept": {"application/json"}, "Content-Type": {e.contentType}}))
		Expect(request.Authorization.Reveal()).To(Equal(e.authorization))
		Expect(request.Body.Reveal()).To(e.body)

		startedAt := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
		response := oauth2.Response{
			StatusCode: http.StatusOK, Body: oauth2.NewSensitive(e.answer),
			StartedAt: startedAt, ReceivedAt: startedAt.Add(time.Second),
		}
		token, err := oauth2.ReadResponse(completed, request, response)
		Expect(err).NotTo(HaveOccurred())
		Expect(token.AccessToken.Reveal()).To(Equal(e.token))
		Expect(token.Scope).To(Equal(e.scope))
		Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(e.lifetime))
		Expect(token.LifetimeAssumed).To(BeFalse())

		response.StatusCode, response.Body = http.StatusBadRequest, oauth2.NewSensitive(e.refusal)
		_, err = oauth2.ReadResponse(completed, request, response)
		Expect(err).To(MatchError(ContainSubstring("answered HTTP 400" + e.said + ":")))
	},
	Entry("RFC 6749", exchange{
		declared: of(""), sentTo: endpoint, contentType: asForm, authorization: "Basic aWQ6c2VjcmV0",
		scopes: []string{"a", "b"}, body: Equal("grant_type=client_credentials&scope=a+b"),
		answer: `{"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "example", "expires_in": 3600, "scope": "a"}`,
		token:  "2YotnFZFEjr1zCsicMWpAA", scope: "a", lifetime: time.Hour,
		refusal: `{"error": "invalid_scope", "error_description": "no such scope"}`,
		said:    ` invalid_scope ("no such scope")`,
	}),
	Entry("fabric", exchange{
		declared: server{Profile: "Fabric"}, sentTo: "https://commerceos.aiagents.fabric.inc/platform/v1/auth/token",
		contentType: asJSON, body: MatchJSON(`{"client_id": "id", "client_secret": "secret", "grant_type": "client_credentials"}`),
		answer: `{"access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...", "token_type": "bearer", "expires_in": 3600, "scope": ""}`,
		token:  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...", lifetime: time.Hour,
		refusal: `{"errors": [{"message": "Invalid request", "type": "CLIENT_ERROR"}], "message": "Bad request", "type": "CLIENT_ERROR"}`,
		said:    ` CLIENT_ERROR ("Invalid request")`,
	}),
	Entry("Elastic Path, client credentials", exchange{
		declared: of("ElasticPath"), sentTo: endpoint, contentType: asForm,
		body:   Equal("client_id=id&client_secret=secret&grant_type=client_credentials"),
		answer: `{"data": {"access_token": "xa3521ca", "token_type": "Bearer", "expires_in": 3600, "expires": 1524486008, "identifier": "client_credentials"}}`,
		token:  "xa3521ca", lifetime: time.Hour,
		refusal: `{"errors": [{"title": "Bad Request", "status": "400"}]}`,
		said:    ` ("Bad Request")`,
	}),
	Entry("Elastic Path, client credentials, with an answer that is not wrapped", exchange{
		declared: of("ElasticPath"), sentTo: endpoint, contentType: asForm,
		body:   Equal("client_id=id&client_secret=secret&grant_type=client_credentials"),
		answer: `{"access_token": "xa3521ca", "token_type": "Bearer", "expires_in": 3600, "expires": 1772368200}`,
		token:  "xa3521ca", lifetime: 30 * time.Minute,
		refusal: `{"errors": [{"title": "Bad Request", "status": "400", "detail": "no such client"}]}`,
		said:    ` ("no such client")`,
	}),
	Entry("Elastic Path, implicit, which needs no secret", exchange{
		declared: of("ElasticPathImplicit"), sentTo: endpoint, contentType: asForm,
		body:   Equal("client_id=id&grant_type=implicit"),
		answer: `{"data": {"access_token": "xa3521ca", "token_type": "Bearer", "expires_in": 3600, "expires": 1524486008, "identifier": "implicit"}}`,
		token:  "xa3521ca", lifetime: time.Hour,
		refusal: `{"errors": [{"title": "Bad Request", "status": "400"}]}`,
		said:    ` ("Bad Request")`,
	}),
	Entry("Commerce Layer, integration", exchange{
		declared: server{Profile: "CommerceLayer"}, sentTo: "https://auth.commercelayer.io/oauth/token",
		contentType: asJSON, body: MatchJSON(`{"client_id": "id", "client_secret": "secret", "grant_type": "client_credentials"}`),
		answer: `{"access_token": "acC3sSt0K3Nwrt6kic7.abc4bnm5...", "token_type": "bearer", "expires_in": 7200, "scope": "market:all", "created_at": 123456789}`,
		token:  "acC3sSt0K3Nwrt6kic7.abc4bnm5...", scope: "market:all", lifetime: 2 * time.Hour,
		refusal: `{"error": "invalid_scope", "error_description": "no such market"}`,
		said:    ` invalid_scope ("no such market")`,
	}),
	Entry("Commerce Layer, sales channel, which needs no secret", exchange{
		declared: server{Profile: "CommerceLayer", ClientAuthentication: noAuthentication()},
		sentTo:   "https://auth.commercelayer.io/oauth/token", contentType: asJSON,
		scopes: []string{"market:id:xYZkjABcde"},
		body:   MatchJSON(`{"client_id": "id", "grant_type": "client_credentials", "scope": "market:id:xYZkjABcde"}`),
		answer: `{"access_token": "acC3sSt0K3Nwrt6kic7.abc4bnm5...", "token_type": "bearer", "expires_in": 14400, "scope": "market:id:xYZkjABcde", "created_at": 123456789}`,
		token:  "acC3sSt0K3Nwrt6kic7.abc4bnm5...", scope: "market:id:xYZkjABcde", lifetime: 4 * time.Hour,
		refusal: `{"error": "invalid_scope"}`,
		said:    ` invalid_scope`,
	}),
	Entry("OroCommerce", exchange{
		declared: of("OroCommerce"), sentTo: endpoint, contentType: asJSON,
		body:   MatchJSON(`{"client_id": "id", "client_secret": "secret", "grant_type": "client_credentials"}`),
		answer: `{"token_type": "Bearer", "expires_in": 3600, "access_token": "your access token"}`,
		token:  "your access token", lifetime: time.Hour,
		refusal: `{"error": "invalid_request", "error_description": "A parameter is missing", "hint": "Check the client_id parameter", "message": "A parameter is missing"}`,
		said:    ` invalid_request ("Check the client_id parameter")`,
	}),
)
