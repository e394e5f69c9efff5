package oauth2

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/template"
)

// Check returns an error if the declaration of a server is invalid, as far as that can be checked
// without credentials. The declaration must already be completed from its profile. The error is a
// *problem.Problem.
func Check(server v1alpha1.AuthorizationServerSpec) error {
	if err := checkMethod(server); err != nil {
		return err
	}
	if err := checkEncoding(server.Request.Encoding); err != nil {
		return err
	}
	if server.Request.Method == http.MethodGet && server.Request.Encoding != v1alpha1.QueryEncoding {
		return invalid("a GET request has no body: set authorizationServer.request.encoding to Query, or method to POST")
	}
	if RevokesOnDelete(server) && server.Revocation.Endpoint == "" && server.Issuer == "" {
		return invalid("authorizationServer.revocation.onDelete needs a revocation endpoint: set authorizationServer.revocation.endpoint")
	}
	if layout := server.Response.ExpiresAtLayout; layout != "" {
		if _, _, ok := goLayout(layout); !ok {
			return invalid("authorizationServer.response.expiresAtLayout %q cannot be used: write year, month, day, hour and minute as in MM/DD/YYYY hh:mm:ss A or DD.MM.YYYY HH:mm", layout)
		}
	}
	method := authenticationOf(server)
	for _, header := range server.Request.Headers {
		if err := method.checkHeader(server.ClientAuthentication, header.Name); err != nil {
			return err
		}
		if err := checkTemplate("header "+header.Name, header.Template); err != nil {
			return err
		}
	}
	if err := checkParameters("parameter ", server.Request.Parameters); err != nil {
		return err
	}
	if name := namesOf(server).grantType; name != "" {
		for _, parameter := range server.Request.Parameters {
			if parameter.Name == name {
				return invalid("parameter %s has a field of its own: set authorizationServer.request.grantType", name)
			}
		}
	}
	for _, assertion := range []*v1alpha1.Assertion{server.ClientAuthentication.Assertion, server.Request.Assertion} {
		if assertion == nil {
			continue
		}
		if err := checkParameters("claim ", assertion.Claims); err != nil {
			return err
		}
		if err := checkParameters("JOSE header ", assertion.Headers); err != nil {
			return err
		}
	}
	return checkAssertions(server)
}

// checkAssertions checks combinations of fields that can only come from a profile and a spec
// together.
func checkAssertions(server v1alpha1.AuthorizationServerSpec) error {
	audience := ""
	for _, assertion := range []*v1alpha1.Assertion{server.ClientAuthentication.Assertion, server.Request.Assertion} {
		if assertion == nil || assertion.ServiceAccountToken == nil {
			continue
		}
		if audience != "" && audience != assertion.ServiceAccountToken.Audience {
			return invalid("a request has only one token of a ServiceAccount: set the same audience in the serviceAccountToken of both assertions")
		}
		audience = assertion.ServiceAccountToken.Audience
		alone := v1alpha1.Assertion{ServiceAccountToken: assertion.ServiceAccountToken}
		if !reflect.DeepEqual(*assertion, alone) {
			return invalid("with assertion.serviceAccountToken, the API server issues the JWT: set no other field of the assertion, and no profile that sets one")
		}
	}
	return authenticationOf(server).checkAssertion(server.ClientAuthentication)
}

func checkParameters(what string, parameters []v1alpha1.Parameter) error {
	for _, parameter := range parameters {
		if err := checkTemplate(what+parameter.Name, parameter.Template); err != nil {
			return err
		}
		if parameter.Value != nil {
			if _, err := (templateData{}).valueOf(what+parameter.Name, parameter); err != nil {
				return err
			}
		}
	}
	return nil
}

// joined returns the values that a field may have, for a message.
func joined[Value ~string](values []Value) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, ", ")
}

func checkTemplate(what, text string) error {
	if err := template.Check(text); err != nil {
		return invalid("the template of %s cannot be used: %s: correct it", what, err)
	}
	return nil
}
