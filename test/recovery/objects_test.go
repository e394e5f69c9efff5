package recovery_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// credentialsAfter returns a scenario in which the credentials Secret is created after a time.
func credentialsAfter(at time.Duration) scenario {
	return scenario{
		withoutCredentials: true, works: at, then: []event{{at, createCredentials}},
		problems: oneProblem(problem.ObjectNotReady, "CredentialsNotFound"), first: between(at, at), waits: noWaits,
	}
}

// serverAfter returns a scenario in which the AuthorizationServer is created after a time.
func serverAfter(at time.Duration) scenario {
	return scenario{
		spec: func(a *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer = nil
			spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: a.name}
		},
		works: at, then: []event{{at, createServer}},
		problems: oneProblem(problem.ObjectNotReady, "AuthorizationServerNotFound"), first: between(at, at), waits: noWaits,
	}
}

// failedWrite returns a scenario in which writes of the token Secret fail for 100 s. The write is retried,
// and no other token is requested.
func failedWrite(class problem.Class, with metav1.Status) scenario {
	return scenario{
		apiServer: []fault{{until: 100 * second, of: tokenWrite, with: with}}, works: 100 * second,
		problems: oneProblem(class, "SecretWriteFailed"), waits: noWaits,
	}
}

var _ = Describe("A ClientCredential whose", Ordered, ContinueOnFailure, played(
	// Objects that are created later.
	row{"credentials Secret is created 10 s later requests a token then", credentialsAfter(10 * second)},
	row{"credentials Secret is created 90 s later requests a token then", credentialsAfter(90 * second)},
	row{"credentials Secret is created five minutes later requests a token then", credentialsAfter(5 * minute)},
	row{"credentials Secret lacks its client_secret for 30 s requests a token then", scenario{
		withoutCredentials: true, works: 30 * second,
		then:     []event{{0, createCredentialsWithoutSecret}, {30 * second, completeCredentials}},
		problems: oneProblem(problem.ObjectNotReady, "CredentialsMissing"), first: between(30*second, 30*second), waits: noWaits,
	}},
	row{"credentials Secret lacks its label for three minutes requests a token then", scenario{
		withoutCredentials: true, works: 3 * minute,
		then:     []event{{0, createCredentialsWithoutLabel}, {3 * minute, completeCredentials}},
		problems: oneProblem(problem.ObjectNotReady, "CredentialsNotLabelled"), first: between(3*minute, 3*minute), waits: noWaits,
	}},
	row{"AuthorizationServer is created 50 s later requests a token then", serverAfter(50 * second)},
	row{"AuthorizationServer is created four minutes later requests a token then", serverAfter(4 * minute)},
	row{"CA bundle is created 40 s later requests a token soon after", scenario{
		tls: true,
		spec: func(a *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: a.bundleName()}}
		},
		works: 40 * second, then: []event{{40 * second, createBundle}},
		problems: oneProblem(problem.MayPass, "CABundleUnusable"), first: between(40*second, 105*second), waits: noWaits,
	}},
	row{"target is a foreign Secret for three minutes requests a token then", scenario{
		works: 3 * minute, then: []event{{0, createTarget}, {3 * minute, deleteTarget}},
		problems: oneProblem(problem.ObjectNotReady, "TargetConflict"), first: between(3*minute, 3*minute), waits: noWaits,
	}},
	row{"unknown profile is corrected after a minute requests a token then", scenario{
		spec: func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Profile = "NoSuchProfile"
		},
		works: minute, then: []event{{minute, correctProfile}},
		problems: oneProblem(problem.Invalid, "ProfileUnknown"), first: between(minute, minute), waits: noWaits,
	}},

	// Writes that are refused.
	row{"token Secret is refused by a policy for 100 s requests only one token", failedWrite(problem.MayPass, deniedByPolicy)},
	row{"token Secret is invalid under a policy for 100 s requests only one token", failedWrite(problem.MayPass, invalidByPolicy)},
	row{"token Secret exceeds a quota for 100 s requests only one token", failedWrite(problem.MayPass, overQuota)},
	row{"token Secret is refused with 409 by a webhook for 100 s requests only one token", failedWrite(problem.MayPass, conflictOfWebhook)},
	row{"token Secret cannot be written while a webhook is down for 100 s requests only one token", failedWrite(problem.Unavailable, webhookDown)},
	row{"renewed token is refused with 409 by a webhook keeps the old token, and requests only one new token", scenario{
		apiServer: []fault{{from: minute, until: 450 * second, of: tokenWrite, with: conflictOfWebhook}},
		server:    authserver.Script{{Until: minute, Answer: authserver.Give(tenMinutes)}}, keepsToken: true,
		works: 450 * second, problems: oneProblem(problem.MayPass, "SecretWriteFailed"), waits: []wait{between(342*second, 402*second)},
	}},
	row{"finalizer is refused by a policy for three minutes reports that, and requests a token afterwards", scenario{
		spec: func(a *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{
				Endpoint: a.server.URL + authserver.RevocationPath, OnDelete: ptr.To(true),
			}
		},
		apiServer: []fault{{until: 3 * minute, of: finalizerWrite, with: deniedByPolicy}}, works: 3 * minute,
		problems: oneProblem(problem.MayPass, "APIRequestFailed"), first: between(3*minute, 225*second), waits: noWaits,
	}},
	row{"status cannot be written for 100 s reports its only token soon after", scenario{
		apiServer: []fault{{until: 100 * second, of: statusWrite, with: webhookDown}}, mute: true,
		works: 100 * second, within: minute, waits: noWaits,
	}},
	row{"status cannot be written for a minute backs off from a server that is down", scenario{
		server:    authserver.Script{{Until: minute, Answer: authserver.Refuse(http.StatusBadGateway, "")}},
		apiServer: []fault{{until: minute, of: statusWrite, with: webhookDown}}, mute: true,
		works: minute, problems: []expectedProblem{{class: problem.Unavailable, reason: "ServerError", perhaps: true}},
		waits: waits(5*second, 10*second, 20*second, 40*second),
	}},

	// Reads that fail.
	row{"credentials Secret cannot be read for 40 s (500) requests a token soon after", scenario{
		apiServer: []fault{{until: 40 * second, of: credentialsRead, with: notDecrypted}}, works: 40 * second,
		problems: oneProblem(problem.Unavailable, "APIRequestFailed"), first: between(40*second, 75*second), waits: noWaits,
	}},
	row{"credentials Secret cannot be read for 40 s (403) requests a token soon after", scenario{
		apiServer: []fault{{until: 40 * second, of: credentialsRead, with: forbidden}}, works: 40 * second,
		problems: oneProblem(problem.MayPass, "APIRequestFailed"), first: between(40*second, 105*second), waits: noWaits,
	}},
))

func tenMinutes(time.Time) map[string]any {
	return map[string]any{"access_token": "t0ken-of-ten-minutes", "expires_in": 600}
}
