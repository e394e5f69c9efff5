package oauth2_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

func TestOAuth2(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "oauth2")
}

// Every exchange of these tests starts and ends at these two instants.
var (
	startedAt  = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	receivedAt = startedAt.Add(2 * time.Second)
)

const assumedLifetime = 45 * time.Minute

type server = v1alpha1.AuthorizationServerSpec

// rfc6749 returns a server as a profile completes it, with the changes of a test.
func rfc6749(changes ...func(*server)) server {
	s := server{
		TokenEndpoint:        "https://idp.example.com/token",
		ClientAuthentication: &v1alpha1.ClientAuthentication{Method: v1alpha1.ClientSecretBasic},
		Request: &v1alpha1.TokenRequest{
			Method: http.MethodPost, Encoding: v1alpha1.FormEncoding, GrantType: "client_credentials",
		},
		Response: &v1alpha1.TokenResponse{
			AccessToken:      at("/access_token"),
			TokenType:        at("/token_type"),
			ExpiresIn:        at("/expires_in"),
			Scope:            at("/scope"),
			ErrorCode:        at("/error"),
			ErrorDescription: at("/error_description"),
		},
		DefaultTokenLifetime: &metav1.Duration{Duration: assumedLifetime},
	}
	for _, change := range changes {
		change(&s)
	}
	return s
}

func at(pointers ...v1alpha1.JSONPointer) []v1alpha1.JSONPointer { return pointers }

func authenticatedBy(method v1alpha1.ClientAuthenticationMethod) func(*server) {
	return func(s *server) { s.ClientAuthentication.Method = method }
}

func encodedAs(encoding v1alpha1.RequestEncoding) func(*server) {
	return func(s *server) { s.Request.Encoding = encoding }
}

func withParameters(pairs ...string) func(*server) {
	return func(s *server) {
		for i := 0; i < len(pairs); i += 2 {
			s.Request.Parameters = append(s.Request.Parameters,
				v1alpha1.Parameter{Name: pairs[i], Value: &pairs[i+1]})
		}
	}
}

func expiresAtIn(pointers ...v1alpha1.JSONPointer) func(*server) {
	return func(s *server) { s.Response.ExpiresAt = pointers }
}

var credentials = oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive("s3cr3t-value")}

func requestTo(s server, grant oauth2.Grant) *oauth2.Request {
	GinkgoHelper()
	request, err := oauth2.BuildRequest(s, grant, startedAt)
	Expect(err).NotTo(HaveOccurred())
	return request
}

// answer returns a response. Its headers are pairs of names and values.
func answer(status int, body string, header ...string) oauth2.Response {
	response := oauth2.Response{
		StatusCode: status, Header: http.Header{}, Body: oauth2.NewSensitive(body),
		StartedAt: startedAt, ReceivedAt: receivedAt,
	}
	for i := 0; i < len(header); i += 2 {
		response.Header.Set(header[i], header[i+1])
	}
	return response
}

func tokenIn(s server, response oauth2.Response) *oauth2.Token {
	GinkgoHelper()
	token, err := oauth2.ReadResponse(s, requestTo(s, oauth2.Grant{Credentials: credentials}), response)
	Expect(err).NotTo(HaveOccurred())
	return token
}

// buildFailure returns the problem of a request that cannot be built.
func buildFailure(s server, grant oauth2.Grant) *oauth2.Error {
	GinkgoHelper()
	request, err := oauth2.BuildRequest(s, grant, startedAt)
	Expect(request).To(BeNil())
	return failureOf(err)
}

// revealed returns the headers of a request as they are sent.
func revealed(request *oauth2.Request) map[string]string {
	headers := map[string]string{}
	for name, value := range request.Header {
		headers[name] = value.Reveal()
	}
	return headers
}

func failureIn(s server, response oauth2.Response) *oauth2.Error {
	GinkgoHelper()
	_, err := oauth2.ReadResponse(s, requestTo(s, oauth2.Grant{Credentials: credentials}), response)
	return failureOf(err)
}

// failureOf returns the problem of an error, with the code and the status if a response shows it.
func failureOf(err error) *oauth2.Error {
	GinkgoHelper()
	found := problem.Of(err)
	Expect(found).To(HaveOccurred(), "a *problem.Problem is wanted, not %v", err)
	failure := &oauth2.Error{Problem: *found}
	_ = errors.As(err, &failure)
	return failure
}
