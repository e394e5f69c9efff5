package oauth2

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Class says whether a failure can pass by itself, and so when it is retried and
// whether it is Stalled.
type Class = v1alpha1.FailureClass

const (
	// Unavailable: the server cannot be reached, is overloaded, or fails.
	Unavailable Class = "Unavailable"
	// MayPass: the server, or the API server, refused the request in a way that may
	// be temporary.
	MayPass Class = "MayPass"
	// CredentialsRefused: the server refused the client's credentials. Servers lock
	// accounts after a few such requests.
	CredentialsRefused Class = "CredentialsRefused"
	// ObjectNotReady: an object of the cluster, or a part of it, is missing. Another
	// controller may be about to create it.
	ObjectNotReady Class = "ObjectNotReady"
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

// IsUnsent reports whether an error is a failure that was found before anything went to the server.
func IsUnsent(err error) bool {
	var failure *Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Reason {
	case v1alpha1.ReasonTokenEndpointMissing, v1alpha1.ReasonTokenEndpointInsecure, v1alpha1.ReasonAddressDenied:
		return true
	}
	return false
}

// verdict is what is known about a kind of failure.
type verdict struct {
	reason string
	class  Class
	hint   string
}

// codes are the error codes that are understood.
var codes = map[string]verdict{
	"invalid_client": {v1alpha1.ReasonInvalidClient, CredentialsRefused,
		"check the client ID, its secret, key or certificate, and authorizationServer.clientAuthentication"},
	"unauthorized_client": {v1alpha1.ReasonUnauthorizedClient, CredentialsRefused,
		"allow this client the grant type at the authorization server, and check the client secret"},
	"access_denied": {v1alpha1.ReasonUnauthorizedClient, CredentialsRefused,
		"allow this client what it asks for at the authorization server"},
	"unsupported_grant_type": {v1alpha1.ReasonUnsupportedGrantType, MayPass,
		"check authorizationServer.request.grantType"},
	"invalid_grant": {v1alpha1.ReasonInvalidGrant, MayPass,
		"check authorizationServer.request.grantType and assertion, and the client at the authorization server: it must not be one that demands DPoP"},
	"invalid_scope": {v1alpha1.ReasonInvalidScope, MayPass,
		"check spec.scopes"},
	"invalid_request": {v1alpha1.ReasonInvalidRequest, MayPass,
		"check authorizationServer.profile and authorizationServer.request against the server's documentation"},
	"invalid_target": {v1alpha1.ReasonInvalidTarget, MayPass,
		"check spec.audience and spec.resources"},
	// RFC 9449 sections 5 and 8.
	"invalid_dpop_proof": {v1alpha1.ReasonTokenTypeUnsupported, MayPass,
		"the server demands DPoP, which binds tokens to a key: have it issue Bearer tokens to this client"},
	"use_dpop_nonce": {v1alpha1.ReasonTokenTypeUnsupported, MayPass,
		"the server demands DPoP, which binds tokens to a key: have it issue Bearer tokens to this client"},
	// RFC 7009 section 2.2.1.
	"unsupported_token_type": {v1alpha1.ReasonRequestRefused, MayPass,
		"the server revokes no tokens of this kind, such as JWTs: set authorizationServer.revocation.onDelete to false"},
	// RFC 8628 section 3.5, and used elsewhere too.
	"slow_down": {v1alpha1.ReasonRateLimited, Unavailable,
		"the request is retried"},
	"server_error": {v1alpha1.ReasonServerError, Unavailable,
		"the request is retried"},
	"temporarily_unavailable": {v1alpha1.ReasonServerError, Unavailable,
		"the request is retried"},
}

// knownCode returns what an error code of an RFC means, however the server spells it.
func knownCode(code string) (verdict, bool) {
	known, isKnown := codes[normalCode(code)]
	return known, isKnown
}

// normalCode is an error code as RFC 6749 spells it: some servers use another case.
func normalCode(code string) string { return strings.ToLower(strings.TrimSpace(code)) }

// classify judges a failure by what the declaration says, then by an HTTP status
// that a gateway may have sent instead of the server, then by the error code, then
// by any other HTTP status. 401 counts as refused credentials unless the code names an
// outage. It never judges by the text of a message.
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
		return verdict{v1alpha1.ReasonInvalidGrant, CredentialsRefused, known.hint}
	case isKnown && known.class == MayPass && status == http.StatusUnauthorized:
		// Whatever the code says, the server counts a login that failed.
		return verdict{known.reason, CredentialsRefused, known.hint}
	case isKnown:
		return known
	case status == http.StatusUnauthorized:
		return credentialsRefused
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		return verdict{v1alpha1.ReasonRequestRefused, MayPass, "the request is retried; check authorizationServer.tokenEndpoint"}
	default:
		return verdict{v1alpha1.ReasonRequestRefused, MayPass, "the request is retried; " + codes["invalid_request"].hint}
	}
}

var credentialsRefused = verdict{v1alpha1.ReasonInvalidClient, CredentialsRefused, codes["invalid_client"].hint}

// isOutage reports whether a status means that the server or a gateway before it is
// overloaded or failing, whatever the body says.
func isOutage(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

func outage(status int) verdict {
	if status == http.StatusTooManyRequests {
		return verdict{v1alpha1.ReasonRateLimited, Unavailable, "the request is retried"}
	}
	return verdict{v1alpha1.ReasonServerError, Unavailable, "the request is retried"}
}

// isCredentialError reports whether the declaration says that an error code means
// refused credentials. Codes that are numbers are compared by value.
func isCredentialError(declared v1alpha1.TokenResponse, code string) bool {
	return code != "" && slices.ContainsFunc(declared.CredentialErrors, func(credentialError string) bool {
		return sameScalar(code, credentialError)
	})
}

// refusal is the error for a response by which the server refuses a token.
func refusal(r refused) *Error {
	status := r.response.StatusCode
	verdict := classify(r.server, r.said.judged(r.server, status), status)
	return &Error{
		Reason:     verdict.reason,
		Class:      verdict.class,
		Code:       r.said.code,
		StatusCode: status,
		RetryAfter: retryAfter(r.response),
		Message: fmt.Sprintf("token endpoint %s answered %s: %s",
			shownEndpoint(r.server.Issuer, r.server.TokenEndpoint), r.said.answer(status), r.hint(verdict)) + lockout(verdict.class),
	}
}

// lockout says why refused credentials are not tried again soon.
func lockout(class Class) string {
	if class != CredentialsRefused {
		return ""
	}
	return "; refused credentials are tried at most 4 times in the first hour and then hourly, because servers lock accounts"
}

// unusable is the error for a response that should hold a token and does not.
func unusable(endpoint string, response Response, format string, args ...any) *Error {
	return &Error{
		Reason:     v1alpha1.ReasonInvalidResponse,
		Class:      MayPass,
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
