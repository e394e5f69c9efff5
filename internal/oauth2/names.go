package oauth2

import "github.com/tokensync/tokensync/api/v1alpha1"

// names are the names of the parameters that the fields of a spec set. A parameter without a name
// is left out.
type names struct {
	clientID, clientSecret, grantType, scope, audience, resource string
	assertion, clientAssertion, clientAssertionType              string
}

func namesOf(server v1alpha1.AuthorizationServerSpec) names {
	declared := server.Request.ParameterNames
	if declared == nil {
		declared = &v1alpha1.ParameterNames{}
	}
	name := func(value *v1alpha1.ParameterName, defaultName string) string {
		if value == nil {
			return defaultName
		}
		return string(*value)
	}
	names := names{
		clientID:            name(declared.ClientID, "client_id"),
		clientSecret:        name(declared.ClientSecret, "client_secret"),
		grantType:           name(declared.GrantType, "grant_type"),
		scope:               name(declared.Scope, "scope"),
		audience:            name(declared.Audience, "audience"),
		resource:            name(declared.Resource, "resource"),
		assertion:           name(declared.Assertion, "assertion"),
		clientAssertion:     name(declared.ClientAssertion, "client_assertion"),
		clientAssertionType: name(declared.ClientAssertionType, "client_assertion_type"),
	}
	if authenticationOf(server).basic && declared.ClientID == nil {
		// The header Authorization has the client ID already.
		names.clientID = ""
	}
	return names
}
