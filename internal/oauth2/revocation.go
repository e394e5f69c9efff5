package oauth2

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// RevokesOnDelete tells whether the token is to be revoked with its ClientCredential.
func RevokesOnDelete(server v1alpha1.AuthorizationServerSpec) bool {
	return server.Revocation != nil && server.Revocation.OnDelete != nil && *server.Revocation.OnDelete
}

// BuildRevocation writes the request that revokes a token (RFC 7009 section 2.1),
// with the client authentication and the encoding of the token request.
func BuildRevocation(server v1alpha1.AuthorizationServerSpec, grant Grant, token Sensitive, now time.Time) (*Request, error) {
	if server.Revocation == nil || server.Revocation.Endpoint == "" {
		return nil, invalid("the authorization server has no revocation endpoint: set authorizationServer.revocation.endpoint")
	}
	asked := *server.DeepCopy()
	asked.Request.Method = http.MethodPost
	if asked.Request.Encoding == v1alpha1.QueryEncoding {
		// A token in a URL would lie in logs.
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

// ReadRevocation tells whether a token was revoked (RFC 7009 section 2.2). The
// error is an *Error.
func ReadRevocation(server v1alpha1.AuthorizationServerSpec, response Response) error {
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		// Also where the token was not valid any more.
		return nil
	}
	document, _ := decode(response.Body.Reveal())
	code, _ := first(document, server.Response.ErrorCode, codeText)
	if _, known := codes[code]; !known {
		code = ""
	}
	verdict := classify(server, code, response.StatusCode)
	return &Error{
		Reason: verdict.reason, Class: verdict.class, Code: code,
		StatusCode: response.StatusCode, RetryAfter: retryAfter(response),
		Message: strings.TrimRight(fmt.Sprintf("revocation endpoint %s answered HTTP %d %s", displayURL(server.Revocation.Endpoint), response.StatusCode, code), " ") +
			": " + verdict.hint,
	}
}
