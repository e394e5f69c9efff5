package oauth2

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// refused is a token request that a server refused, with the response and its code and explanation.
type refused struct {
	server   v1alpha1.AuthorizationServerSpec
	request  *Request
	response Response
	said     saying
}

// hint says what to do: the field to change, and a value to try. It uses the request, the metadata
// of the server, and the status.
func (r refused) hint(verdict verdict) string {
	clauses := r.clauses(verdict.reason)
	if len(clauses) == 0 {
		return verdict.hint
	}
	hint := strings.Join(clauses, "; ")
	if strings.HasPrefix(verdict.hint, retried) && !strings.Contains(hint, retried) {
		hint = retried + "; " + hint
	}
	return hint
}

const retried = "the request is retried"

func (r refused) clauses(reason string) []string {
	switch reason {
	case v1alpha1.ReasonInvalidClient:
		return append(r.aboutMethod(), r.aboutCredentials()...)
	case v1alpha1.ReasonUnauthorizedClient:
		return r.aboutPermission()
	case v1alpha1.ReasonUnsupportedGrantType:
		return r.aboutGrantType()
	case v1alpha1.ReasonInvalidGrant:
		return r.aboutGrant()
	case v1alpha1.ReasonInvalidScope:
		return r.aboutScopes()
	case v1alpha1.ReasonInvalidTarget:
		return r.aboutTarget()
	case v1alpha1.ReasonInvalidRequest:
		return append(r.aboutEncoding(), append(r.aboutBasic(), dialect)...)
	case v1alpha1.ReasonRequestRefused:
		return r.aboutStatus()
	}
	return nil
}

// dialect is the hint if nothing more specific is known.
const dialect = "check authorizationServer.profile and authorizationServer.request against the server's documentation"

// aboutStatus returns hints for a refusal without a known code.
func (r refused) aboutStatus() []string {
	switch r.response.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return []string{"check authorizationServer.tokenEndpoint"}
	case http.StatusMethodNotAllowed:
		return []string{"check authorizationServer.tokenEndpoint, and set authorizationServer.request.method to " + r.allowedMethod()}
	case http.StatusNotAcceptable:
		return []string{`set authorizationServer.request.headers to [{name: Accept, value: "*/*"}], or to the media type that the server offers`}
	case http.StatusUnsupportedMediaType:
		return []string{fmt.Sprintf("set authorizationServer.request.encoding to %s", r.otherRequestEncoding())}
	case http.StatusForbidden:
		return append(r.aboutCredentials(),
			"check that the authorization server, and any firewall in front of it, admits this client and the operator's address")
	}
	clauses := r.aboutBasic()
	switch {
	case r.said.code != "":
		clauses = append(clauses, fmt.Sprintf("if %s means wrong credentials, add it to authorizationServer.response.credentialErrors", r.said.code))
	case r.said.text == "":
		clauses = append(clauses, "the server gives no reason: check "+r.client())
	}
	return append(clauses, dialect)
}

// allowedMethod returns an HTTP method to try: a method that the server allows, or else the most
// likely method.
func (r refused) allowedMethod() string {
	declared := string(r.server.Request.Method)
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut} {
		if method != declared && strings.Contains(strings.ToUpper(r.response.Header.Get("Allow")), method) {
			return method + ", which the server allows"
		}
	}
	if declared != http.MethodPost {
		return http.MethodPost
	}
	return http.MethodGet
}

func (r refused) otherRequestEncoding() v1alpha1.RequestEncoding {
	if r.server.Request.Encoding == v1alpha1.JSONEncoding {
		return v1alpha1.FormEncoding
	}
	return v1alpha1.JSONEncoding
}

// aboutEncoding returns a hint for a server that finds no parameters in the request.
func (r refused) aboutEncoding() []string {
	if r.server.Request.Encoding == v1alpha1.FormEncoding {
		return nil
	}
	return []string{"set authorizationServer.request.encoding to Form unless the server's documentation asks for " + string(r.server.Request.Encoding)}
}

// aboutMethod names a method of client authentication from the metadata, if the metadata does not
// have the declared method.
func (r refused) aboutMethod() []string {
	if message := MethodMismatch(r.server, r.request.Metadata); message != "" {
		return []string{message}
	}
	return nil
}

// aboutBasic names the other basicEncoding, if it makes a difference.
func (r refused) aboutBasic() []string {
	other := r.request.facts.otherEncoding
	if other == "" {
		return nil
	}
	return []string{fmt.Sprintf("the client ID or secret holds characters that form-encoding changes: set authorizationServer.clientAuthentication.basicEncoding to %s if both are right", other)}
}

// aboutCredentials says which credentials to check, and which settings can also make a server
// refuse them.
func (r refused) aboutCredentials() []string {
	clauses := append(r.aboutBasic(), "check "+r.client())
	method := authenticationOf(r.server)
	switch assertion := r.server.ClientAuthentication.Assertion; {
	case LogsUserIn(r.server):
		clauses = append(clauses, r.aboutUser())
	case method.sendsClientSecret() && (r.isOwnDialect() || r.metadataListMethods()):
	case method.isNone() && r.sendsSecret():
	case assertion != nil && assertion.ServiceAccountToken != nil:
		clauses = append(clauses, fmt.Sprintf("have the authorization server trust the issuer and subject of the ServiceAccount's token, and check assertion.serviceAccountToken.audience, which is %q",
			assertion.ServiceAccountToken.Audience))
	case method.advice != "":
		clauses = append(clauses, method.advice)
	}
	return clauses
}

// metadataListMethods reports whether the server itself lists its methods. If so, aboutMethod names
// the method to set, unless the declared method is in the list.
func (r refused) metadataListMethods() bool {
	return r.request.Metadata != nil && len(r.request.Metadata.TokenEndpointAuthMethodsSupported) > 0
}

// isOwnDialect reports whether client ID and secret are sent in a way that no RFC specifies. If so,
// the method was declared on purpose.
func (r refused) isOwnDialect() bool {
	names := r.server.Request.ParameterNames
	return r.server.Request.Encoding != v1alpha1.FormEncoding || r.server.ClientAuthentication.AuthorizationScheme != "" ||
		(names != nil && (names.ClientID != nil || names.ClientSecret != nil))
}

// sendsSecret reports whether parameters, headers or an assertion authenticate the client.
func (r refused) sendsSecret() bool {
	uses := usesOf(r.server)
	return len(uses.keys) > 0 || uses.templates || r.server.Request.Assertion != nil
}

// client names the credentials of the client, and the keys that hold them.
func (r refused) client() string {
	method := authenticationOf(r.server)
	what := method.toCheck
	if method.isNone() && r.sendsSecret() {
		what = "the credentials"
	}
	if from := r.request.facts.origin.String(); from != "" {
		what += " (" + from + ")"
	}
	return what
}

// aboutPermission returns hints for unauthorized_client and access_denied. Several servers also
// return these codes for a wrong secret.
func (r refused) aboutPermission() []string {
	if r.response.StatusCode == http.StatusUnauthorized {
		return append(r.aboutCredentials(), r.permission())
	}
	return append([]string{r.permission()}, append(r.aboutBasic(), "check "+r.client())...)
}

func (r refused) permission() string {
	if grantType := r.server.Request.GrantType; normalCode(r.said.code) == "unauthorized_client" && grantType != "" {
		return fmt.Sprintf("allow the grant type %s for this client at the authorization server", grantType)
	}
	return "allow the requested access for this client at the authorization server"
}

func (r refused) aboutGrantType() []string {
	clauses := r.aboutEncoding()
	supported := r.request.Metadata.grantTypes()
	declared := r.server.Request.GrantType
	if len(supported) > 0 && !slices.Contains(supported, declared) {
		return append(clauses, fmt.Sprintf("set authorizationServer.request.grantType, which is %q, to %s",
			declared, oneOf(supported)))
	}
	return append(clauses, fmt.Sprintf("check authorizationServer.request.grantType, which is %q, and allow it for this client at the authorization server", declared))
}

// aboutGrant returns hints for invalid_grant, whose meaning depends on the grant type.
func (r refused) aboutGrant() []string {
	grantType := r.server.Request.GrantType
	switch {
	case LogsUserIn(r.server):
		return []string{r.aboutUser()}
	case r.server.Request.Assertion != nil:
		return []string{"check audience, issuer and subject of authorizationServer.request.assertion, the registration of the key at the authorization server, and the clocks"}
	case grantType == "refresh_token":
		return []string{"the refresh token is spent, revoked or expired: put a new one into " + r.orCredentials()}
	case grantType == "authorization_code":
		return []string{"an authorization code can be used only once: set authorizationServer.request.grantType to client_credentials"}
	}
	return []string{"check authorizationServer.request.grantType and the client at the authorization server: the client may need a user to run as, and must not require DPoP"}
}

func (r refused) orCredentials() string {
	if from := r.request.facts.origin.String(); from != "" {
		return from
	}
	return "the credentials Secret"
}

// aboutUser returns a hint for a wrong user name or password, with the keys that hold them.
func (r refused) aboutUser() string {
	hint := "check the user name and the password"
	var keys []string
	for _, parameter := range r.server.Request.Parameters {
		if isUserParameter(parameter.Name) && parameter.SecretKey != "" {
			key := parameter.SecretKey
			if role, isRole := r.request.facts.origin.roles[key]; isRole {
				key = role
			}
			keys = append(keys, key)
		}
	}
	if secret := r.request.facts.origin.secret; secret != "" && len(keys) > 0 {
		hint += fmt.Sprintf(" (%s of Secret %q)", quotedKeys(keys), secret)
	}
	return hint + ", and that the account is not locked and needs no second factor"
}

// LogsUserIn reports whether a request logs a user in: by the password grant (RFC 6749 section
// 4.3), or by a parameter whose name contains "password".
func LogsUserIn(server v1alpha1.AuthorizationServerSpec) bool {
	return server.Request.GrantType == "password" || slices.ContainsFunc(server.Request.Parameters, func(parameter v1alpha1.Parameter) bool {
		return strings.Contains(simple(parameter.Name), "password")
	})
}

func isUserParameter(name string) bool {
	simple := simple(name[strings.LastIndex(name, "/")+1:])
	return strings.Contains(simple, "user") || strings.Contains(simple, "password") || simple == "login" || simple == "email"
}

func (r refused) aboutScopes() []string {
	asked := r.request.facts.scopes
	if len(asked) == 0 {
		return []string{"set spec.scopes to scopes that the server offers this client"}
	}
	var unknown []string
	if supported := r.request.Metadata.scopes(); len(supported) > 0 {
		unknown = without(asked, supported)
	}
	if len(unknown) > 0 {
		return []string{fmt.Sprintf("the server's metadata does not list %s: check spec.scopes, and allow them for this client", namesIn(unknown))}
	}
	clauses := []string{"check spec.scopes, and allow them for this client at the authorization server"}
	if separator := r.server.Request.ScopeSeparator; len(asked) > 1 && (separator == nil || *separator == " ") {
		clauses = append(clauses, `set authorizationServer.request.scopeSeparator to "," if the server's documentation joins scopes with commas`)
	}
	return clauses
}

func (r refused) aboutTarget() []string {
	switch facts := r.request.facts; {
	case facts.audience != "" && len(facts.resources) == 0:
		return []string{fmt.Sprintf("check spec.audience, which is %q", shorten(facts.audience, r.request.secrets()))}
	case facts.audience == "" && len(facts.resources) > 0:
		return []string{"check spec.resources"}
	case facts.audience == "":
		return []string{"set spec.audience or spec.resources to the API that the token is for"}
	}
	return []string{"check spec.audience and spec.resources"}
}

// RefusesCredentials reports whether the encoding of the credentials may be the cause of a failure.
// It is not the cause if the server refused the grant, the scope or the audience: then the server
// has accepted the credentials.
func (e *Error) RefusesCredentials() bool {
	if isOutage(e.StatusCode) {
		return false
	}
	known, _ := knownCode(e.Code)
	switch {
	case known.class == problem.CredentialsRefused:
		return true
	case known.reason == v1alpha1.ReasonUnsupportedGrantType, known.reason == v1alpha1.ReasonInvalidGrant,
		known.reason == v1alpha1.ReasonInvalidScope, known.reason == v1alpha1.ReasonInvalidTarget:
		return false
	}
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return true
	}
	return e.Class == problem.CredentialsRefused
}

// IsVendorFailure reports whether a server refused a request in a way that no RFC specifies: with a
// code of its own, or without a code. Such a failure may mean wrong credentials.
func IsVendorFailure(failure *Error) bool {
	_, known := knownCode(failure.Code)
	return failure.Reason == v1alpha1.ReasonRequestRefused && !known
}
