package recovery_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// tenant returns an answer with a token and a value of the member tenant. The value of a server that is still
// starting lacks the name that the template needs.
func tenant(token string, lifetime time.Duration, tenant any) authserver.Answer {
	return authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-" + token, "expires_in": int(lifetime.Seconds()), "tenant": tenant})
}

var north = map[string]any{"name": "north"}

// rendersTenant makes the template write the name of the tenant into the token Secret.
func rendersTenant(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
	spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{Fields: []v1alpha1.ResponseField{{Name: "tenant", Pointers: []v1alpha1.JSONPointer{"/tenant"}}}}
	spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: map[string]string{"name": "{{ (fromJson .tenant).name }}"}}}
}

var _ = Describe("A template that cannot use the response of the server", Ordered, ContinueOnFailure, played(
	row{"leads to another token request soon", scenario{
		server: authserver.Script{{Until: 20 * second, Answer: tenant("of-a-start", hour, "starting")}, {Answer: tenant("of-a-tenant", hour, north)}},
		spec:   rendersTenant, works: 20 * second,
		problems: oneProblem(problem.MayPass, "TargetTemplateInvalid"), waits: waits(15*second, 30*second),
	}},
	row{"leads to another token request soon, although the value is an object that lacks the key", scenario{
		server: authserver.Script{{Until: 20 * second, Answer: tenant("of-a-start", 24*hour, map[string]any{"status": "starting"})}, {Answer: tenant("of-a-tenant", hour, north)}},
		spec:   rendersTenant, works: 20 * second,
		problems: oneProblem(problem.MayPass, "TargetTemplateInvalid"), waits: waits(15*second, 30*second),
	}},
	row{"leads to another token request soon after an outage", scenario{
		server: authserver.Script{
			{Until: 3 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")},
			{Until: 9 * minute, Answer: tenant("of-a-start", 24*hour, "starting")}, {Answer: tenant("of-a-tenant", 24*hour, north)},
		},
		spec: rendersTenant, works: 9 * minute,
		problems: []expectedProblem{{class: problem.Unavailable, reason: "ServerError"}, {class: problem.MayPass, reason: "TargetTemplateInvalid"}},
	}},
	row{"leads to another token request soon, although it uses only the access token", scenario{
		server: authserver.Script{
			{Until: 20 * second, Answer: authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-of-a-start", "expires_in": 86400})},
			{Answer: authserver.JSON(http.StatusOK, map[string]any{"access_token": `{"name": "t0ken-of-a-name"}`, "expires_in": 86400})},
		},
		spec: func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: map[string]string{"name": "{{ (fromJson .access_token).name }}"}}}
		},
		works: 20 * second, problems: oneProblem(problem.MayPass, "TargetTemplateInvalid"), waits: waits(15*second, 30*second),
	}},
	row{"leads to another token request soon when the server is reloaded before a renewal", scenario{
		server: authserver.Script{
			{Until: minute, Answer: tenant("1", 10*minute, north)}, {Until: 12 * minute, Answer: tenant("2", 10*minute, "reloading")}, {Answer: tenant("3", hour, north)},
		},
		spec: rendersTenant, works: 12 * minute,
		problems: oneProblem(problem.MayPass, "TargetTemplateInvalid"),
	}},
))
