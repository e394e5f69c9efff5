package oauth2

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// noticesOf returns the notices for an admin about an issued token.
func noticesOf(server v1alpha1.AuthorizationServerSpec, request *Request, token Token) (notices []Notice) {
	add := func(reason, message string) {
		if message != "" {
			notices = append(notices, Notice{Reason: reason, Message: message})
		}
	}
	add(v1alpha1.EventScopeDiffers, scopeDiffers(request.facts.scopes, token.Scope))
	add(v1alpha1.EventTokenBound, tokenBound(server, request, token))
	if RevokesOnDelete(server) && server.Revocation.Endpoint == "" {
		add(v1alpha1.EventRevocationEndpointMissing,
			"authorizationServer.revocation.onDelete is true, but the server's metadata lists no revocation endpoint, so the token will not be revoked: set authorizationServer.revocation.endpoint, or onDelete to false")
	}
	return notices
}

// scopeDiffers says how the granted scope differs from the requested one. It returns an empty
// string if they are the same. A response without a scope grants the requested scope (RFC 6749
// section 5.1).
func scopeDiffers(asked []string, granted string) string {
	if len(asked) == 0 || strings.TrimSpace(granted) == "" {
		return ""
	}
	if slices.ContainsFunc(asked, func(scope string) bool { return strings.HasSuffix(scope, "/.default") }) {
		// Entra ID: this scope means everything that the client is allowed.
		return ""
	}
	got := scopesIn(asked, granted)
	lacking, added := without(asked, got), without(got, asked)
	slices.Sort(lacking)
	slices.Sort(added)
	var parts []string
	if len(lacking) > 0 {
		parts = append(parts, fmt.Sprintf("the server did not grant %s: allow them for this client, or remove them from spec.scopes", namesIn(slices.Compact(lacking))))
	}
	if len(added) > 0 {
		parts = append(parts, fmt.Sprintf("the server granted %s, which spec.scopes does not request: the token can do more than requested", namesIn(slices.Compact(added))))
	}
	return strings.Join(parts, "; ")
}

// scopesIn splits a granted scope at spaces. It also splits at the other separators that servers
// use if the result is closer to the requested scopes.
func scopesIn(asked []string, granted string) []string {
	bySpaces := strings.Fields(granted)
	byAll := strings.FieldsFunc(granted, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;[]\"", r) })
	if len(without(asked, byAll)) < len(without(asked, bySpaces)) {
		return byAll
	}
	return bySpaces
}

// tokenBound explains what it means that a token is bound to a key (RFC 7800). It returns an empty
// string if the token is not bound.
func tokenBound(server v1alpha1.AuthorizationServerSpec, request *Request, token Token) string {
	var claims struct {
		Confirmation struct {
			Certificate string          `json:"x5t#S256"`
			Thumbprint  string          `json:"jkt"`
			Key         json.RawMessage `json:"jwk"`
		} `json:"cnf"`
	}
	if !readClaims(token.AccessToken.Reveal(), &claims) {
		return ""
	}
	switch bound := claims.Confirmation; {
	case bound.Certificate != "" && usesOf(server).certificate:
		where := "the client certificate"
		if secret := request.facts.origin.secret; secret != "" {
			where = fmt.Sprintf("the client certificate in Secret %q", secret)
		}
		return fmt.Sprintf("the token is bound to %s (claim cnf, RFC 8705): an API accepts it only over a connection that presents this certificate, so mount that Secret into the workload too", where)
	case bound.Certificate != "":
		return "the token is bound to a client certificate (claim cnf, RFC 8705) that the operator does not have: have the authorization server issue unbound tokens to this client, or set authorizationServer.tls.clientCertificate to FromCredentials"
	case bound.Thumbprint != "", len(bound.Key) > 0:
		return "the token is bound to a key (claim cnf, RFC 9449) that the operator does not have, so an API refuses it: have the authorization server issue Bearer tokens to this client"
	}
	return ""
}

// readClaims reads the claims of a JWT without verifying it. It reports whether the token is a JWT.
func readClaims(token string, into any) bool {
	payload, ok := payloadOf(token)
	return ok && json.Unmarshal([]byte(payload), into) == nil
}
