package recovery_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// annotateCredentials edits the credentials Secret, but not the credentials.
func annotateCredentials(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &corev1.Secret{}, a.namespace, a.credentialsName(), func(s *corev1.Secret) {
		metav1.SetMetaDataAnnotation(&s.ObjectMeta, "example.com/checked-at", a.since().String())
	})
}

func createWrongCredentials(ctx context.Context, a *actor) {
	GinkgoHelper()
	secret := a.credentials()
	secret.Data["client_secret"] = []byte("another")
	Expect(apiServer.Create(ctx, secret)).To(Succeed())
}

func dropSecret(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &corev1.Secret{}, a.namespace, a.credentialsName(), func(s *corev1.Secret) { delete(s.Data, "client_secret") })
}

// limitServer edits a field of the AuthorizationServer that no token request depends on.
func limitServer(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &v1alpha1.AuthorizationServer{}, a.namespace, a.name, func(s *v1alpha1.AuthorizationServer) {
		s.Spec.RateLimit = &v1alpha1.RateLimit{Requests: 1000 + int32(a.since().Seconds()), Per: &metav1.Duration{Duration: minute}} //nolint:gosec // Some minutes.
	})
}

// annotateTarget edits an annotation of the token Secret that does not affect the token.
func annotateTarget(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &corev1.Secret{}, a.namespace, a.tokenName(), func(s *corev1.Secret) { s.Annotations[v1alpha1.CredentialsVersionAnnotation] = "0" })
}

// createOwnedTarget creates the target Secret with an owner that has a very long name.
func createOwnedTarget(ctx context.Context, a *actor) {
	GinkgoHelper()
	metadata := a.metadata(a.tokenName())
	metadata.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: strings.Repeat("x", 40_000), UID: "1", Controller: ptr.To(true)}}
	Expect(apiServer.Create(ctx, &corev1.Secret{ObjectMeta: metadata})).To(Succeed())
}

// recreate deletes the ClientCredential and creates it again, as a restore does.
func recreate(ctx context.Context, a *actor) {
	GinkgoHelper()
	former := &v1alpha1.ClientCredential{}
	Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: a.namespace, Name: a.name}, former)).To(Succeed())
	Expect(apiServer.Delete(ctx, former)).To(Succeed())
	Expect(apiServer.Create(ctx, &v1alpha1.ClientCredential{ObjectMeta: a.metadata(a.name), Spec: former.Spec})).To(Succeed())
}

func edits(change func(*v1alpha1.ClientCredentialSpec)) func(context.Context, *actor) {
	return func(ctx context.Context, a *actor) {
		GinkgoHelper()
		a.changeSpec(ctx, change)
	}
}

// declares sets the field of the response that the error description is read from.
func declares(pointer v1alpha1.JSONPointer) func(context.Context, *actor) {
	return edits(func(s *v1alpha1.ClientCredentialSpec) {
		s.AuthorizationServer.Response = &v1alpha1.TokenResponse{ErrorDescription: []v1alpha1.JSONPointer{pointer}}
	})
}

// assumes sets the lifetime of tokens whose response states no lifetime.
func assumes(lifetime time.Duration) func(context.Context, *actor) {
	return edits(func(s *v1alpha1.ClientCredentialSpec) {
		s.AuthorizationServer.DefaultTokenLifetime = &metav1.Duration{Duration: lifetime}
	})
}

// twoWriters returns events that write a wrong client secret and the right client secret in turn.
func twoWriters(step, until time.Duration) []event {
	isRight := true
	return each(step, until, func(ctx context.Context, a *actor) {
		GinkgoHelper()
		isRight = !isRight
		written := a.secret()
		if !isRight {
			written = "another"
		}
		change(ctx, &corev1.Secret{}, a.namespace, a.credentialsName(), func(s *corev1.Secret) { s.Data["client_secret"] = []byte(written) })
	})
}

// each returns an event for each step.
func each(step, until time.Duration, do func(context.Context, *actor)) (events []event) {
	for at := step; at < until; at += step {
		events = append(events, event{at, do})
	}
	return events
}

// whileRefused returns a scenario in which the server refuses the credentials for 70 minutes, while events
// happen.
func whileRefused(then ...event) scenario {
	s := refusesForHours(authserver.Refuse(http.StatusUnauthorized, "invalid_client"), nil)
	s.then = then
	return s
}

var _ = Describe("A ClientCredential", Ordered, ContinueOnFailure, played(
	// Refused credentials, and edits.
	row{"whose credentials Secret is annotated every 50 s sends refused credentials four times in the first hour",
		whileRefused(each(50*second, hour, annotateCredentials)...)},
	row{"whose spec is edited in a field that the request does not depend on sends refused credentials four times in the first hour",
		whileRefused(event{3 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) { s.RenewBeforePercentage = 20 })},
			event{9 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) { s.RenewBeforePercentage = 30 })})},

	row{"whose authorization server is edited in a field that the request does not depend on sends refused credentials four times in the first hour", func() scenario {
		s := whileRefused(append([]event{{0, createServer}}, each(20*second, 2*minute, limitServer)...)...)
		s.spec = func(a *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer = nil
			spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: a.name}
		}
		return s
	}()},
	row{"whose credentials Secret lacks the secret for a while sends refused credentials four times in the first hour", func() scenario {
		s := whileRefused(event{25 * minute, dropSecret}, event{26 * minute, completeCredentials})
		s.problems = append(s.problems, expectedProblem{class: problem.ObjectNotReady, reason: "CredentialsMissing"})
		return s
	}()},

	row{"whose credentials Secret is annotated before an outage sends refused credentials four times in the first hour", scenario{
		server: authserver.Script{
			{Until: 10 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")},
			{Until: 24 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")},
			{Until: 70 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")},
		},
		then: []event{{8 * minute, annotateCredentials}}, works: 70 * minute, within: 72 * minute, lasts: 145 * minute,
		problems: []expectedProblem{{class: problem.CredentialsRefused, reason: "InvalidClient"}, {class: problem.Unavailable, reason: "ServerError"}},
	}},
	row{"whose credentials Secret is annotated every 50 s while the server refuses and redirects in turn sends refused credentials four times in the first hour", scenario{
		server: authserver.Script{{Until: 70 * minute, Answer: authserver.InTurn(
			authserver.Refuse(http.StatusUnauthorized, "invalid_client"), authserver.Redirect("https://status.example.com"))}},
		then: each(50*second, hour, annotateCredentials), works: 70 * minute, within: 72 * minute, lasts: 145 * minute,
		problems: []expectedProblem{{class: problem.CredentialsRefused, reason: "InvalidClient"}, {class: problem.MayPass, reason: "RedirectRefused"}},
	}},
	row{"whose response declaration is edited while the credentials are refused sends them four times in the first hour",
		whileRefused(event{3 * minute, declares("/message")}, event{9 * minute, declares("/detail")}, event{30 * minute, assumes(2 * hour)})},

	row{"whose credentials are written by two clients in turn sends the wrong credentials four times in the first hour", scenario{
		lifetime: 5 * hour, then: twoWriters(2*minute, hour-2*minute), works: hour, keepsToken: true,
		problems: oneProblem(problem.CredentialsRefused, "InvalidClient"),
	}},

	row{"whose renewal is requested after the credentials were refused retries soon, although the server fails once", scenario{
		server: authserver.Script{
			{Until: 40 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")},
			{Until: 41 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")},
		},
		then: []event{{40 * minute, requestRenewal}}, works: 41 * minute,
		problems: []expectedProblem{{class: problem.CredentialsRefused, reason: "InvalidClient"}, {class: problem.Unavailable, reason: "ServerError"}},
	}},

	// Retry-After, and edits that end the wait.
	row{"whose server asked to wait for 10 minutes is renewed in time after that", scenario{
		server: at20(authserver.RetryAfter("600", authserver.Refuse(http.StatusTooManyRequests, ""))),
		works:  20 * second, within: 5*minute + 10*minute, lasts: 76 * minute,
		problems: oneProblem(problem.Unavailable, "RateLimited"), waits: []wait{between(10*minute, 10*minute+6*second), between(33*minute, 41*minute)},
	}},
	row{"whose refused credentials are corrected sends a request immediately, although the server asked to wait for an hour", scenario{
		withoutCredentials: true,
		server:             authserver.Script{{Until: 2 * minute, Answer: authserver.RetryAfter("3600", authserver.Refuse(http.StatusUnauthorized, "invalid_client"))}},
		then:               []event{{0, createWrongCredentials}, {2 * minute, completeCredentials}}, works: 2 * minute,
		problems: oneProblem(problem.CredentialsRefused, "InvalidClient"), waits: []wait{between(2*minute, 2*minute)},
	}},
	row{"whose refused scope is corrected sends a request immediately, although the server asked to wait for an hour", scenario{
		server: authserver.Script{{Until: 2 * minute, Answer: authserver.RetryAfter("3600", authserver.Refuse(http.StatusBadRequest, "invalid_scope"))}},
		then:   []event{{2 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) { s.Scopes = []string{"read"} })}}, works: 2 * minute,
		problems: oneProblem(problem.MayPass, "InvalidScope"), waits: []wait{between(2*minute, 2*minute)},
	}},

	// A valid token while the server fails.
	row{"whose token Secret is edited while the server is down stays ready", scenario{
		server: authserver.Script{{Until: minute}, {Until: 50 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")}},
		then:   []event{{42 * minute, annotateTarget}}, works: 50 * minute, keepsToken: true,
		problems: oneProblem(problem.Unavailable, "ServerError"),
	}},
	row{"whose token Secret is edited while the credentials are refused stays ready", scenario{
		server: authserver.Script{{Until: minute}, {Until: 86 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")}}, lifetime: 2 * hour,
		then: []event{{85 * minute, annotateTarget}}, works: 86 * minute, within: 17 * minute, lasts: 110 * minute, keepsToken: true,
		problems: oneProblem(problem.CredentialsRefused, "InvalidClient"),
	}},
	row{"that is recreated while the server is down and its token is due stays ready", scenario{
		server: authserver.Script{{Until: minute}, {Until: 50 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")}},
		then:   []event{{45 * minute, recreate}}, works: 50 * minute, keepsToken: true,
		problems: oneProblem(problem.Unavailable, "ServerError"),
	}},

	// An outage that becomes a refusal.
	row{"whose metadata is still missing after an outage is retried", scenario{
		metadata: authserver.Script{{Until: 3 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")}, {Until: 6 * minute, Answer: authserver.Refuse(http.StatusNotFound, "")}},
		works:    6 * minute, first: between(6*minute, 11*minute), waits: noWaits,
		problems: []expectedProblem{{class: problem.Unavailable, reason: "DiscoveryFailed", message: "503"}, {class: problem.MayPass, reason: "DiscoveryFailed", message: "404"}},
	}},
	row{"whose token is refused by a policy after a webhook was down is retried", scenario{
		apiServer: []fault{{until: 4 * minute, of: tokenWrite, with: webhookDown}, {from: 4 * minute, until: 8 * minute, of: tokenWrite, with: deniedByPolicy}},
		works:     8 * minute, waits: noWaits,
		problems: []expectedProblem{{class: problem.Unavailable, reason: "SecretWriteFailed", message: "Internal"}, {class: problem.MayPass, reason: "SecretWriteFailed", message: "denied"}},
	}},

	// A name that is too long for a message.
	row{"whose target belongs to an object with a very long name reports that", scenario{
		then: []event{{0, createOwnedTarget}, {4 * minute, deleteTarget}}, works: 4 * minute,
		problems: oneProblem(problem.ObjectNotReady, "TargetConflict"), first: between(4*minute, 4*minute), waits: noWaits,
	}},
))
