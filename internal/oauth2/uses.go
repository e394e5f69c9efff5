package oauth2

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// uses are the credentials that the token requests to an authorization server need.
type uses struct {
	clientID, clientSecret, privateKey, certificate bool
	// keys are the other keys of the credentials Secret, each with the parameter, header or claim
	// that takes its value.
	keys map[string]string
	// templates is true if there are templates, which may use all keys.
	templates bool
	// audience is the audience of a ServiceAccount token; empty if none is needed.
	audience string
}

// UsesSecret reports whether a token request needs a credentials Secret. clientID is the client ID
// of the spec, and may be empty. The declaration of the server must already be completed from its
// profile.
func UsesSecret(server v1alpha1.AuthorizationServerSpec, clientID string) bool {
	uses := usesOf(server)
	return (uses.clientID && clientID == "") || uses.clientSecret || uses.privateKey || uses.certificate ||
		len(uses.keys) > 0 || uses.templates
}

// SecretUse identifies the values that token requests take from a credentials Secret. Declarations
// with the same SecretUse take the same values.
func SecretUse(server v1alpha1.AuthorizationServerSpec) string {
	uses := usesOf(server)
	return fmt.Sprintf("%t %t %t %t %t %q", uses.clientID, uses.clientSecret, uses.privateKey, uses.certificate, uses.templates,
		slices.Sorted(maps.Keys(uses.keys)))
}

// ServiceAccountAudience returns the audience of the ServiceAccount token that a token request
// needs. It is empty if the request needs none.
func ServiceAccountAudience(server v1alpha1.AuthorizationServerSpec) string {
	return usesOf(server).audience
}

func usesOf(server v1alpha1.AuthorizationServerSpec) uses {
	names := namesOf(server)
	uses := uses{
		clientID:    names.clientID != "",
		certificate: server.TLS != nil && server.TLS.ClientCertificate == v1alpha1.ClientCertificateFromCredentials,
		keys:        map[string]string{},
	}
	for _, header := range server.Request.Headers {
		uses.add("header "+header.Name, header.SecretKey, header.Template)
	}
	uses.addAll("parameter ", server.Request.Parameters)
	authenticationOf(server).addTo(&uses, server.ClientAuthentication, names)
	if grant := server.Request.Assertion; grant != nil {
		uses.addAssertion(grant, isSymmetric(grant.Algorithm))
	}
	return uses
}

func (u *uses) addAssertion(assertion *v1alpha1.Assertion, symmetric bool) {
	if assertion == nil {
		assertion = &v1alpha1.Assertion{}
	}
	if assertion.ServiceAccountToken != nil {
		u.audience = assertion.ServiceAccountToken.Audience
		return
	}
	u.clientSecret = u.clientSecret || symmetric
	u.privateKey = u.privateKey || !symmetric
	issuer, subject := assertion.Issuer != nil, assertion.Subject != nil
	for _, claim := range assertion.Claims {
		name := strings.TrimPrefix(claim.Name, "/")
		issuer = issuer || name == "iss"
		subject = subject || name == "sub"
	}
	u.clientID = u.clientID || !issuer || !subject
	u.addAll("claim ", assertion.Claims)
	u.addAll("JOSE header ", assertion.Headers)
}

func (u *uses) addAll(what string, parameters []v1alpha1.Parameter) {
	for _, parameter := range parameters {
		u.add(what+parameter.Name, parameter.SecretKey, parameter.Template)
	}
}

func (u *uses) add(what, secretKey, template string) {
	if secretKey != "" {
		u.keys[secretKey] = what
	}
	u.templates = u.templates || template != ""
}
