package recovery_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// refusesForHours returns a scenario in which the server refuses the credentials for 70 minutes, and gets
// four requests in the first hour.
func refusesForHours(answer authserver.Answer, response *v1alpha1.TokenResponse) scenario {
	return scenario{
		server: authserver.Script{{Until: 70 * minute, Answer: answer}},
		spec: func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Response = response
		},
		works: 70 * minute, within: 72 * minute, lasts: 110 * minute,
		problems: oneProblem(problem.CredentialsRefused, "InvalidClient"),
		waits:    refusals(minute, 5*minute, 15*minute, hour),
	}
}

// unreadable returns a scenario in which the credentials Secret cannot be read for three hours.
func unreadable(class problem.Class, with metav1.Status) scenario {
	return scenario{
		apiServer: []fault{{from: minute, until: 3 * hour, of: credentialsRead, with: with}}, works: 3 * hour, lasts: 190 * minute,
		problems: []expectedProblem{{class: class, reason: "APIRequestFailed", message: "credentials Secret"}},
		// No request is sent before the credentials can be read.
		waits: []wait{between(3*hour, 3*hour+5*minute)},
	}
}

// wrongForHours returns a scenario in which the server gives an answer of class MayPass for three hours.
func wrongForHours(reason string, answer authserver.Answer) scenario {
	return scenario{
		server: authserver.Script{{Until: 3 * hour, Answer: answer}},
		works:  3 * hour, lasts: 190 * minute, problems: oneProblem(problem.MayPass, reason),
	}
}

var _ = Describe("A ClientCredential whose server, for hours,", Ordered, ContinueOnFailure, played(
	row{"answers 401 invalid_client, sends four requests in the first hour, then one an hour",
		refusesForHours(authserver.Refuse(http.StatusUnauthorized, "invalid_client"), nil)},
	row{"answers 401 with a page, sends four requests in the first hour, then one an hour",
		refusesForHours(authserver.HTML(http.StatusUnauthorized), nil)},
	row{"answers 400 with a code that is declared as wrong credentials, sends four requests in the first hour, then one an hour",
		refusesForHours(authserver.Refuse(http.StatusBadRequest, "LOGIN_FAILED"),
			&v1alpha1.TokenResponse{CredentialErrors: []string{"LOGIN_FAILED"}})},
	row{"answers 200 with an error object that is declared as wrong credentials, sends four requests in the first hour, then one an hour",
		refusesForHours(authserver.JSON(http.StatusOK, map[string]any{"code": 40101, "msg": "bad login"}),
			&v1alpha1.TokenResponse{ErrorCode: []v1alpha1.JSONPointer{"/code"}, CredentialErrors: []string{"40101"}})},
	row{"answers an empty 403 that is declared as wrong credentials, sends four requests in the first hour, then one an hour",
		refusesForHours(authserver.Refuse(http.StatusForbidden, ""),
			&v1alpha1.TokenResponse{CredentialStatuses: []int32{http.StatusForbidden}})},
	row{"answers 401 and 302 in turn, sends refused credentials four times in the first hour", scenario{
		server: authserver.Script{{Until: hour, Answer: authserver.InTurn(
			authserver.Refuse(http.StatusUnauthorized, "invalid_client"), authserver.Redirect("/login"))}},
		works: hour, within: 72 * minute, lasts: 112 * minute,
		problems: []expectedProblem{{class: problem.CredentialsRefused, reason: "InvalidClient"}, {class: problem.MayPass, reason: "RedirectRefused"}},
		waits: []wait{
			about(minute), about(15 * second),
			about(5 * minute), about(30 * second),
			about(15 * minute), about(minute),
			between(hour, 72*minute),
		},
	}},
	row{"redirects to a maintenance page, gets a token within five minutes after that",
		wrongForHours("RedirectRefused", authserver.Redirect("/maintenance"))},
	row{"answers 400 invalid_request, gets a token within five minutes after that",
		wrongForHours("InvalidRequest", authserver.Refuse(http.StatusBadRequest, "invalid_request"))},
	row{"returns the same token after its expiry, reports TokenExpired, and gets a new token within five minutes after that", scenario{
		server: authserver.Script{{Until: 3 * hour, Answer: authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-of-a-cache", "expires_in": 600})}},
		works:  3 * hour, lasts: 190 * minute, problems: oneProblem(problem.Unavailable, "TokenExpired"),
	}},
	row{"works while etcd cannot decrypt the credentials Secret, gets a token soon after that",
		unreadable(problem.Unavailable, notDecrypted)},
	row{"works while the operator may not read the credentials Secret, gets a token soon after that",
		unreadable(problem.MayPass, forbidden)},
	row{"works while a webhook refuses the renewed token with 409 until the old token has expired, gets a token soon after that", scenario{
		apiServer: []fault{{from: minute, until: 121 * minute, of: tokenWrite, with: conflictOfWebhook}},
		lifetime:  2 * hour, works: 121 * minute, lasts: 131 * minute,
		problems: oneProblem(problem.MayPass, "SecretWriteFailed"), waits: []wait{between(68*minute, 81*minute)},
	}},
	row{"states expires_in 3,600, gets a new token before the hour is over", scenario{
		server: authserver.Script{{Until: minute, Answer: authserver.Give(func(time.Time) map[string]any {
			return map[string]any{"access_token": "t0ken-of-an-hour", "expires_in": "3,600"}
		})}},
		works: 41 * minute, lasts: 66 * minute, waits: []wait{between(34*minute, 41*minute)}, keepsToken: true,
	}},
))
