package oauth2

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// Error is a problem that a server's response shows.
type Error struct {
	problem.Problem

	// Code is the error code of RFC 6749 section 5.2; empty if there is none.
	Code string
	// StatusCode is the HTTP status.
	StatusCode int
}

// Unwrap returns the problem.
func (e *Error) Unwrap() error { return &e.Problem }

// newError returns the problem that a response shows.
func newError(response Response, class problem.Class, reason, format string, args ...any) *Error {
	shown := &Error{Problem: *problem.Retry(class, reason, format, args...), StatusCode: response.StatusCode}
	shown.RetryAfter = retryAfter(response)
	return shown
}

// IsUnsent reports whether an error was found before anything was sent to the server.
func IsUnsent(err error) bool {
	unsent := problem.Of(err)
	return unsent != nil && v1alpha1.Reasons[unsent.Reason].IsUnsent
}

// IsServerDown reports whether an error affects every request to the server: the server cannot be
// reached, or it reports a failure of its own.
func IsServerDown(err error) bool {
	found := problem.Of(err)
	return found != nil && found.Class == problem.Unavailable && v1alpha1.Reasons[found.Reason].IsServerDown
}

// verdict describes a kind of failure.
type verdict struct {
	reason string
	class  problem.Class
	hint   string
}

// codes are the known error codes.
var codes = map[string]verdict{
	"invalid_client": {v1alpha1.ReasonInvalidClient, problem.CredentialsRefused,
		"check the client ID, its secret, key or certificate, and authorizationServer.clientAuthentication"},
	"unauthorized_client": {v1alpha1.ReasonUnauthorizedClient, problem.CredentialsRefused,
		"allow the grant type for this client at the authorization server, and check the client secret"},
	"access_denied": {v1alpha1.ReasonUnauthorizedClient, problem.CredentialsRefused,
		"allow the requested access for this client at the authorization server"},
	"unsupported_grant_type": {v1alpha1.ReasonUnsupportedGrantType, problem.MayPass,
		"check authorizationServer.request.grantType"},
	"invalid_grant": {v1alpha1.ReasonInvalidGrant, problem.MayPass,
		"check authorizationServer.request.grantType and assertion, and that the client at the authorization server does not require DPoP"},
	"invalid_scope": {v1alpha1.ReasonInvalidScope, problem.MayPass,
		"check spec.scopes"},
	"invalid_request": {v1alpha1.ReasonInvalidRequest, problem.MayPass,
		"check authorizationServer.profile and authorizationServer.request against the server's documentation"},
	"invalid_target": {v1alpha1.ReasonInvalidTarget, problem.MayPass,
		"check spec.audience and spec.resources"},
	// RFC 9449 sections 5 and 8.
	"invalid_dpop_proof": {v1alpha1.ReasonTokenTypeUnsupported, problem.MayPass,
		"the server requires DPoP, which binds tokens to a key: have it issue Bearer tokens to this client"},
	"use_dpop_nonce": {v1alpha1.ReasonTokenTypeUnsupported, problem.MayPass,
		"the server requires DPoP, which binds tokens to a key: have it issue Bearer tokens to this client"},
	// RFC 7009 section 2.2.1.
	"unsupported_token_type": {v1alpha1.ReasonRequestRefused, problem.MayPass,
		"the server cannot revoke tokens of this kind, such as JWTs: set authorizationServer.revocation.onDelete to false"},
	// RFC 8628 section 3.5, and used elsewhere too.
	"slow_down": {v1alpha1.ReasonRateLimited, problem.Unavailable,
		"the request is retried"},
	"server_error": {v1alpha1.ReasonServerError, problem.Unavailable,
		"the request is retried"},
	"temporarily_unavailable": {v1alpha1.ReasonServerError, problem.Unavailable,
		"the request is retried"},
}

// knownCode returns the verdict for an error code of an RFC. It ignores case and surrounding white
// space.
func knownCode(code string) (verdict, bool) {
	known, isKnown := codes[normalCode(code)]
	return known, isKnown
}

// normalCode returns an error code as RFC 6749 spells it: some servers use another case.
func normalCode(code string) string { return strings.ToLower(strings.TrimSpace(code)) }

// classify returns the verdict for a failure. It checks, in this order: the declared statuses, an
// HTTP status that a gateway may have sent, the error code, any other HTTP status. A 401 means
// refused credentials, unless the code names an outage. The text of a message has no effect.
func classify(server v1alpha1.AuthorizationServerSpec, code string, status int) verdict {
	declared := *server.Response
	known, isKnown := knownCode(code)
	switch {
	case slices.Contains(declared.CredentialStatuses, int32(status)): //nolint:gosec // A status has three digits.
		return credentialsRefused
	case isOutage(status):
		return outage(status)
	case isCredentialError(declared, code):
		return credentialsRefused
	case known.reason == v1alpha1.ReasonInvalidGrant && LogsUserIn(server):
		// The grant is a user's name and password.
		return verdict{v1alpha1.ReasonInvalidGrant, problem.CredentialsRefused, known.hint}
	case isKnown && known.class == problem.MayPass && status == http.StatusUnauthorized:
		// The server counts a failed login, whatever the code says.
		return verdict{known.reason, problem.CredentialsRefused, known.hint}
	case isKnown:
		return known
	case status == http.StatusUnauthorized:
		return credentialsRefused
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		return verdict{v1alpha1.ReasonRequestRefused, problem.MayPass, "the request is retried; check authorizationServer.tokenEndpoint"}
	default:
		return verdict{v1alpha1.ReasonRequestRefused, problem.MayPass, "the request is retried; " + codes["invalid_request"].hint}
	}
}

var credentialsRefused = verdict{v1alpha1.ReasonInvalidClient, problem.CredentialsRefused, codes["invalid_client"].hint}

// isOutage reports whether a status means that the server, or a gateway in front of it, is
// overloaded or failing. The body does not matter.
func isOutage(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

func outage(status int) verdict {
	if status == http.StatusTooManyRequests {
		return verdict{v1alpha1.ReasonRateLimited, problem.Unavailable, "the request is retried"}
	}
	return verdict{v1alpha1.ReasonServerError, problem.Unavailable, "the request is retried"}
}

// isCredentialError reports whether the declaration says that an error code means refused credentials.
// Numbers are compared by value.
func isCredentialError(declared v1alpha1.TokenResponse, code string) bool {
	return code != "" && slices.ContainsFunc(declared.CredentialErrors, func(credentialError string) bool {
		return sameScalar(code, credentialError)
	})
}

// refusal returns the error for a response that refuses a token.
func refusal(r refused) *Error {
	status := r.response.StatusCode
	verdict := classify(r.server, r.said.judged(r.server, status), status)
	shown := newError(r.response, verdict.class, verdict.reason, "token endpoint %s answered %s: %s%s",
		shownEndpoint(r.server.Issuer, r.server.TokenEndpoint), r.said.answer(status), r.hint(verdict), lockout(verdict.class))
	shown.Code = r.said.code
	return shown
}

// lockout explains why refused credentials are not retried soon. It returns an empty string for any
// other class.
func lockout(class problem.Class) string {
	if class != problem.CredentialsRefused {
		return ""
	}
	return "; refused credentials are tried at most 4 times in the first hour and then hourly, because servers lock accounts"
}

// unusable returns the error for a response that should have a token but does not.
func unusable(endpoint string, response Response, format string, args ...any) *Error {
	return newError(response, problem.MayPass, v1alpha1.ReasonInvalidResponse, "token endpoint %s answered HTTP %d, but %s",
		endpoint, response.StatusCode, fmt.Sprintf(format, args...))
}

// retryAfter returns the delay from the header Retry-After, which has seconds or a date. It returns
// 0 if there is none.
func retryAfter(response Response) time.Duration {
	const maxDelay = 24 * time.Hour
	value := strings.TrimSpace(response.Header.Get("Retry-After"))
	if seconds, ok := parseNumber(value); ok {
		return durationOf(seconds, maxDelay)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(response.ReceivedAt), 0), maxDelay)
	}
	return 0
}
