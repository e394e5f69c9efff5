package oauth2

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// Response is the response of a token endpoint.
type Response struct {
	StatusCode int
	// Header may hold a token.
	Header http.Header `json:"-"`
	// Body is decompressed.
	Body Sensitive
	// StartedAt is when the request started. ReceivedAt is when the whole response was received.
	StartedAt  time.Time
	ReceivedAt time.Time
}

// Format implements fmt.Formatter: a header may hold a token.
func (r Response) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "HTTP %d %s", r.StatusCode, redacted)
}

// Token is an access token with its type, lifetime, scope and fields.
type Token struct {
	AccessToken Sensitive
	// Type is the token type as the server wrote it; Bearer if the response has none.
	Type string
	// IssuedAt and ExpiresAt are whole seconds.
	IssuedAt  time.Time
	ExpiresAt time.Time
	// Scope is the granted scope; empty if the server does not state it.
	Scope string
	// Fields holds the additional values of the response (response.fields), by their declared
	// names. MissingFields are the declared names without a value in the response.
	Fields        map[string]Sensitive
	MissingFields []string
	// Lifetime describes how ExpiresAt was determined. It is empty for a token that was read from
	// its Secret.
	Lifetime Lifetime
	// Notices are the notices for an admin about the token.
	Notices []Notice
}

// ReadResponse returns the token in a response (RFC 6749 sections 5.1 and 5.2) in the dialect of a
// server. The declaration must already be completed from its profile. The error is an *Error.
func ReadResponse(server v1alpha1.AuthorizationServerSpec, request *Request, response Response) (*Token, error) {
	endpoint := shownEndpoint(server.Issuer, server.TokenEndpoint)
	if isRedirect(response.StatusCode) && !slices.Contains(server.Response.CredentialStatuses, int32(response.StatusCode)) { //nolint:gosec // A status has three digits.
		return nil, redirected(endpoint, request, response)
	}
	document, decodeErr := documentOf(server, response)
	_, failed := failureIn(server, document, response)
	if failed {
		return nil, refusal(refused{server, request, response, wordsOf(server, request, document, response)})
	}
	if errors.Is(decodeErr, ErrTooManyValues) && tokenInHeader(server, response) == "" {
		return nil, unusable(endpoint, response, "its body holds more than %d JSON values: check authorizationServer.tokenEndpoint", maxValues)
	}
	if decodeErr != nil && tokenInHeader(server, response) == "" {
		return nil, unusable(endpoint, response, "its body is %s: check authorizationServer.tokenEndpoint", describe(request, response))
	}
	return readToken(server, endpoint, document, request, response)
}

// failureIn reports whether a response says that there is no token. It also returns the error code,
// which may be empty. In a 2xx response, response.success alone decides, if it is declared and
// present.
func failureIn(server v1alpha1.AuthorizationServerSpec, document any, response Response) (code string, failed bool) {
	code, _ = first(document, server.Response.ErrorCode, codeText)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return code, true
	}
	success := server.Response.Success
	if success == nil {
		return code, code != ""
	}
	told, found := first(document, []v1alpha1.JSONPointer{*success.Pointer}, scalar)
	if !found {
		return code, code != ""
	}
	return code, !sameScalar(told, *success.Equals)
}

func readToken(server v1alpha1.AuthorizationServerSpec, endpoint string, document any, request *Request, response Response) (*Token, error) {
	accessToken, found := accessTokenIn(server, document, response)
	if !found {
		return nil, noToken(server, endpoint, document, request, response)
	}
	if strings.ContainsFunc(accessToken, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return nil, unusable(endpoint, response, "the token holds characters that no header can carry, such as control characters, so it is not written")
	}
	tokenType, err := tokenTypeIn(server, endpoint, document, response)
	if err != nil {
		return nil, err
	}
	expiresAt, lifetime := expiryOf(server, document, accessToken, response)
	if !expiresAt.After(response.ReceivedAt) {
		return nil, expired(endpoint, response, expiresAt, lifetime)
	}
	fields, missing, err := fieldsOf(server, document, accessToken)
	if err != nil {
		return nil, unusable(endpoint, response, "the token and authorizationServer.response.fields have more than %d KiB together, "+
			"the limit for a token Secret: name fewer or smaller fields", MaxIssued>>10)
	}
	token := &Token{
		Fields:        fields,
		MissingFields: missing,
		AccessToken:   NewSensitive(accessToken),
		Type:          tokenType,
		IssuedAt:      response.StartedAt.Truncate(time.Second),
		ExpiresAt:     expiresAt,
		Scope:         scopeIn(server, document, request, response),
		Lifetime:      lifetime,
	}
	token.Notices = noticesOf(server, request, *token)
	return token, nil
}

// noToken returns the error for a response with neither a token nor a declared error code.
func noToken(server v1alpha1.AuthorizationServerSpec, endpoint string, document any, request *Request, response Response) error {
	said := wordsOf(server, request, document, response)
	if said.isFailure(server) {
		return refusal(refused{server, request, response, said})
	}
	places := list(server.Response.AccessToken)
	if header := server.Response.AccessTokenHeader; header != "" {
		places = "header " + header + ", " + places
	}
	return unusable(endpoint, response, "there is no token at %s%s: check authorizationServer.response.accessToken, accessTokenHeader and the profile",
		places, said.says(response.StatusCode))
}

// tokenTypeIn returns the token type. It returns an error for a type whose tokens are useless
// without a key.
func tokenTypeIn(server v1alpha1.AuthorizationServerSpec, endpoint string, document any, response Response) (string, error) {
	tokenType, _ := first(document, server.Response.TokenType, text)
	switch strings.ToLower(tokenType) {
	case "dpop", "pop", "mac":
		return "", newError(response, problem.MayPass, v1alpha1.ReasonTokenTypeUnsupported,
			"token endpoint %s issued a token of type %s, which is bound to a key and of no use without it: have the authorization server issue Bearer tokens to this client",
			endpoint, strings.ToUpper(tokenType))
	case "":
		return "Bearer", nil
	}
	if strings.ContainsFunc(tokenType, isControl) || len(tokenType) > 256 {
		return "", unusable(endpoint, response, "the token type is not a name: check authorizationServer.response.tokenType")
	}
	return tokenType, nil
}

// scopeIn returns the granted scope. The status shows the scope, so scopeIn omits words that
// contain a secret, unless spec.scopes lists them.
func scopeIn(server v1alpha1.AuthorizationServerSpec, document any, request *Request, response Response) string {
	scope, _ := first(document, server.Response.Scope, textOrTexts)
	if scope == "" {
		return ""
	}
	secrets := request.secrets(tokensIn(document, server, response)...)
	if secrets.Cut(scope) != scope {
		words := slices.DeleteFunc(strings.Fields(scope), func(word string) bool {
			return !slices.Contains(request.facts.scopes, word) && secrets.Cut(word) != word
		})
		scope = strings.Join(words, " ")
		if others := strings.Join(without(words, request.facts.scopes), " "); secrets.Cut(others) != others {
			return ""
		}
	}
	return printable(scope, 4096)
}
