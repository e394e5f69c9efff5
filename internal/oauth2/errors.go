package oauth2

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Class says whether a failure can pass by itself, and so when it is retried and
// whether it is Stalled.
type Class string

const (
	// Unavailable: the server cannot be reached, is overloaded, or fails.
	Unavailable Class = "Unavailable"
	// MayPass: the server, or the API server, refused the request in a way that may
	// be temporary.
	MayPass Class = "MayPass"
	// CredentialsRefused: the server refused the client's credentials. Servers lock
	// accounts after a few such requests.
	CredentialsRefused Class = "CredentialsRefused"
	// ObjectMissing: an object of the cluster, or a part of it, is missing. Another
	// controller may be about to create it.
	ObjectMissing Class = "ObjectMissing"
	// Invalid: an object of the cluster must be changed.
	Invalid Class = "Invalid"
)

// Error is why there is no token. Its message may be shown: it holds no
// credentials, no token and no response body.
type Error struct {
	// Reason is one of the reasons of the conditions.
	Reason string
	// Message says what happened and what to do about it.
	Message string
	Class   Class
	// Code is the error code of RFC 6749 section 5.2; empty when there is none.
	Code string
	// StatusCode is the HTTP status; 0 when there was no response.
	StatusCode int
	// RetryAfter is how long the server asked to wait (RFC 9110 section 10.2.3).
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Message }

// verdict is what is known about a kind of failure.
type verdict struct {
	reason string
	class  Class
	hint   string
}

// codes are the error codes that are understood; all others count by the HTTP status.
var codes = map[string]verdict{
	"invalid_client": {v1alpha1.ReasonInvalidClient, Invalid,
		"check the client ID, its secret, key or certificate, and authorizationServer.clientAuthentication"},
	"unauthorized_client": {v1alpha1.ReasonUnauthorizedClient, Invalid,
		"allow this client the grant type at the authorization server, and check the client secret"},
	"access_denied": {v1alpha1.ReasonUnauthorizedClient, Invalid,
		"allow this client what it asks for at the authorization server"},
	"unsupported_grant_type": {v1alpha1.ReasonUnsupportedGrantType, Invalid,
		"check authorizationServer.request.grantType"},
	"invalid_grant": {v1alpha1.ReasonInvalidGrant, Invalid,
		"check authorizationServer.request.grantType and assertion, and the client at the authorization server: it must not be one that demands DPoP"},
	"invalid_scope": {v1alpha1.ReasonInvalidScope, Invalid,
		"check spec.scopes"},
	"invalid_request": {v1alpha1.ReasonInvalidRequest, Invalid,
		"check authorizationServer.profile and authorizationServer.request against the server's documentation"},
	"invalid_target": {v1alpha1.ReasonInvalidTarget, Invalid,
		"check spec.audience and spec.resources"},
	// RFC 9449 sections 5 and 8.
	"invalid_dpop_proof": {v1alpha1.ReasonTokenTypeUnsupported, Invalid,
		"the server demands DPoP, which binds tokens to a key: have it issue Bearer tokens to this client"},
	"use_dpop_nonce": {v1alpha1.ReasonTokenTypeUnsupported, Invalid,
		"the server demands DPoP, which binds tokens to a key: have it issue Bearer tokens to this client"},
	// RFC 7009 section 2.2.1.
	"unsupported_token_type": {v1alpha1.ReasonRequestRefused, Invalid,
		"the server revokes no tokens of this kind, such as JWTs: set authorizationServer.revocation.onDelete to false"},
	// RFC 8628 section 3.5, and used elsewhere too.
	"slow_down": {v1alpha1.ReasonRateLimited, Unavailable,
		"the request is retried"},
	"server_error": {v1alpha1.ReasonServerError, Unavailable,
		"the request is retried"},
	"temporarily_unavailable": {v1alpha1.ReasonServerError, Unavailable,
		"the request is retried"},
}

// classify judges a failure: by the error code, then by the HTTP status, never
// by the text of a message.
func classify(code string, status int) verdict {
	if known, ok := codes[code]; ok {
		return known
	}
	switch {
	case status == http.StatusTooManyRequests:
		return verdict{v1alpha1.ReasonRateLimited, Unavailable, "the request is retried"}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return verdict{v1alpha1.ReasonServerError, Unavailable, "the request is retried"}
	case status == http.StatusUnauthorized:
		return verdict{v1alpha1.ReasonInvalidClient, Invalid, codes["invalid_client"].hint}
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		return verdict{v1alpha1.ReasonRequestRefused, Unavailable, "the request is retried; check authorizationServer.tokenEndpoint"}
	default:
		// It may pass, as 404 does while a gateway is reloaded.
		return verdict{v1alpha1.ReasonRequestRefused, Unavailable, "the request is retried; " + codes["invalid_request"].hint}
	}
}

// refusal is the error for a response by which the server refuses a token.
func refusal(r refused) *Error {
	status := r.response.StatusCode
	verdict := classify(r.said.judged(status), status)
	return &Error{
		Reason:     verdict.reason,
		Class:      verdict.class,
		Code:       r.said.code,
		StatusCode: status,
		RetryAfter: retryAfter(r.response),
		Message: fmt.Sprintf("token endpoint %s answered %s: %s",
			displayURL(r.server.TokenEndpoint), r.said.answer(status), r.hint(verdict)),
	}
}

// unusable is the error for a response that should hold a token and does not.
func unusable(endpoint string, response Response, format string, args ...any) *Error {
	return &Error{
		Reason:     v1alpha1.ReasonInvalidResponse,
		Class:      Invalid,
		StatusCode: response.StatusCode,
		RetryAfter: retryAfter(response),
		Message: fmt.Sprintf("token endpoint %s answered HTTP %d, but %s",
			endpoint, response.StatusCode, fmt.Sprintf(format, args...)),
	}
}

// retryAfter reads the header Retry-After: seconds, or an instant.
func retryAfter(response Response) time.Duration {
	const most = 24 * time.Hour
	value := strings.TrimSpace(response.Header.Get("Retry-After"))
	if seconds, ok := parseNumber(value); ok {
		return durationOf(seconds, most)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(response.ReceivedAt), 0), most)
	}
	return 0
}
