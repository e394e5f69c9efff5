package states_test

import (
	"net/http"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// declarationStates are the states of an AuthorizationServer. A ClusterAuthorizationServer has the same
// states.
var declarationStates = []state{
	{
		name: "Declared",
		how:  "It was created, and no operator has seen it yet, because no operator runs.",
		reach: func(ctx SpecContext, w *world) {
			w.stop()
			create(ctx, w.authorizationServer(v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path}))
		},
		shown: seen{
			Get:     []string{"", "", ""},
			KStatus: status.InProgressStatus, Argo: progressing, Tells: `"the operator has not seen this spec yet"`,
		},
	},
	{
		name: "Usable",
		how:  "Token requests can be sent to its token endpoint.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.authorizationServer(v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path}))
		},
		shown: seen{
			Get:        []string{"True", "Usable", "https://idp.example.com/oauth2/token"},
			Conditions: []condition{{"Ready", "True", "Usable", "token requests go to https://idp.example.com/oauth2/token"}},
			KStatus:    status.CurrentStatus, Argo: healthy, Tells: "Ready", Wait: true,
		},
	},
	{
		name: "Not discovered",
		how:  "`issuer` is set, but the issuer has no metadata.",
		reach: func(ctx SpecContext, w *world) {
			w.server.RespondAt(authserver.MetadataPath, http.NotFound)
			create(ctx, w.authorizationServer(v1alpha1.AuthorizationServerSpec{Issuer: w.server.URL}))
		},
		shown: seen{
			Get: []string{"False", "DiscoveryFailed", ""},
			Conditions: retried("DiscoveryFailed",
				`metadata document https://idp.example.com/.well-known/openid-configuration answered HTTP 404, and not with the metadata of an authorization server: check authorizationServer.issuer; discovery is retried`),
			KStatus: status.InProgressStatus, Argo: progressing, Tells: "Reconciling",
		},
	},
	{
		name: "Incomplete",
		how:  "Neither its spec nor its profile has a token endpoint.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.authorizationServer(v1alpha1.AuthorizationServerSpec{Profile: "Keycloak"}))
		},
		shown: seen{
			Get: []string{"False", "TokenEndpointMissing", ""},
			Conditions: stalled("TokenEndpointMissing",
				`profile Keycloak does not know the token endpoint, which differs from customer to customer: set spec.authorizationServer.tokenEndpoint, which looks like https://{host}/realms/{realm}/protocol/openid-connect/token, or issuer`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled",
		},
	},
}
