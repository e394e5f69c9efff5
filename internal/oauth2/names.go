package oauth2

import "github.com/tokensync/tokensync/api/v1alpha1"

// names are the names of the parameters that the fields of a spec set. A parameter without a name
// is left out.
type names struct {
	clientID, clientSecret, grantType, scope, audience, resource string
	assertion, clientAssertion, clientAssertionType              string
}

func namesOf(server v1alpha1.AuthorizationServerSpec) names {
	given := server.Request.ParameterNames
	if given == nil {
		given = &v1alpha1.ParameterNames{}
	}
	name := func(given *v1alpha1.ParameterName, fallback string) string {
		if given == nil {
			return fallback
		}
		return string(*given)
	}
	names := names{
		clientID:            name(given.ClientID, "client_id"),
		clientSecret:        name(given.ClientSecret, "client_secret"),
		grantType:           name(given.GrantType, "grant_type"),
		scope:               name(given.Scope, "scope"),
		audience:            name(given.Audience, "audience"),
		resource:            name(given.Resource, "resource"),
		assertion:           name(given.Assertion, "assertion"),
		clientAssertion:     name(given.ClientAssertion, "client_assertion"),
		clientAssertionType: name(given.ClientAssertionType, "client_assertion_type"),
	}
	if authenticationOf(server).basic && given.ClientID == nil {
		// The header Authorization has the client ID already.
		names.clientID = ""
	}
	return names
}
