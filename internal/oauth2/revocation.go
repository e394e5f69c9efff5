package oauth2

import (
	"net/http"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// RevokesOnDelete reports whether the token must be revoked when its ClientCredential is deleted.
func RevokesOnDelete(server v1alpha1.AuthorizationServerSpec) bool {
	return server.Revocation != nil && server.Revocation.OnDelete != nil && *server.Revocation.OnDelete
}

// BuildRevocation returns the request that revokes a token (RFC 7009 section 2.1), with the client
// authentication and the encoding of the token request.
func BuildRevocation(server v1alpha1.AuthorizationServerSpec, grant Grant, token Sensitive, now time.Time) (*Request, error) {
	if server.Revocation == nil || server.Revocation.Endpoint == "" {
		return nil, invalid("the authorization server has no revocation endpoint: set authorizationServer.revocation.endpoint")
	}
	asked := *server.DeepCopy()
	asked.Request.Method = http.MethodPost
	if asked.Request.Encoding == v1alpha1.QueryEncoding {
		// A token in a URL would end up in logs.
		asked.Request.Encoding = v1alpha1.FormEncoding
	}
	assertions, err := assertionsOf(asked, grant, now)
	if err != nil {
		return nil, err
	}
	parameters := parameters{}
	parameters.set("token", hidden(token))
	if err := authenticate(parameters, asked, grant, assertions); err != nil {
		return nil, err
	}
	request, err := write(server.Revocation.Endpoint, asked, grant, parameters, assertions, now)
	if err != nil {
		return nil, err
	}
	request.Destination = revocationEndpoint
	return request, nil
}

// ReadRevocation returns an error if a token was not revoked (RFC 7009 section 2.2). The error is
// an *Error.
func ReadRevocation(server v1alpha1.AuthorizationServerSpec, request *Request, response Response) error {
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		// A server also returns such a status if the token was no longer valid.
		return nil
	}
	document, _ := DecodeJSON(response.Body.Reveal())
	said := wordsOf(server, request, document, response)
	verdict := classify(server, said.judged(server, response.StatusCode), response.StatusCode)
	if said.code == "unsupported_token_type" {
		// A later request cannot revoke such a token either.
		verdict.class = problem.Invalid
	}
	shown := newError(response, verdict.class, verdict.reason, "%s answered %s: %s",
		request.Where(), said.answer(response.StatusCode), verdict.hint)
	shown.Code = said.code
	return shown
}
