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
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/test/authserver"
)

// annotateCredentials edits the credentials Secret, and leaves the credentials as they are.
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

// limitServer edits the AuthorizationServer in what no token request depends on.
func limitServer(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &v1alpha1.AuthorizationServer{}, a.namespace, a.name, func(s *v1alpha1.AuthorizationServer) {
		s.Spec.RateLimit = &v1alpha1.RateLimit{Requests: 1000 + int32(a.since().Seconds()), Per: &metav1.Duration{Duration: minute}} //nolint:gosec // Some minutes.
	})
}

// annotateTarget edits the record of the token in what the token itself does not depend on.
func annotateTarget(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &corev1.Secret{}, a.namespace, a.tokenName(), func(s *corev1.Secret) { s.Annotations[v1alpha1.CredentialsVersionAnnotation] = "0" })
}

// createOwnedTarget makes a Secret whose controller has a very long name.
func createOwnedTarget(ctx context.Context, a *actor) {
	GinkgoHelper()
	metadata := a.metadata(a.tokenName())
	metadata.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: strings.Repeat("x", 40_000), UID: "1", Controller: ptr.To(true)}}
	Expect(apiServer.Create(ctx, &corev1.Secret{ObjectMeta: metadata})).To(Succeed())
}

// recreate deletes the ClientCredential and creates it anew, as a restore does.
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

// each lets something happen again and again.
func each(step, until time.Duration, do func(context.Context, *actor)) (events []event) {
	for at := step; at < until; at += step {
		events = append(events, event{at, do})
	}
	return events
}

// whileRefused is a server that refuses the credentials for 70 minutes, while events happen.
func whileRefused(then ...event) scenario {
	s := refusesForHours(authserver.Refuse(http.StatusUnauthorized, "invalid_client"), nil)
	s.then = then
	return s
}

// opaque is a token response of a cache: the token is the same at each request, and so is
// the lifetime of ten minutes.
func opaque(token, tokenType string) authserver.Answer {
	return authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-" + token, "token_type": tokenType, "expires_in": 600})
}

// cached is a cache before the server for 50 minutes, while events happen.
func cached(answer authserver.Answer, then ...event) scenario {
	return scenario{
		server: authserver.Script{{Until: 50 * minute, Answer: answer}}, then: then,
		works: 50 * minute, told: problem(oauth2.Unavailable, "TokenExpired"),
	}
}

var _ = Describe("A ClientCredential", Ordered, ContinueOnFailure, played(
	// Refused credentials, whatever is edited.
	row{"whose credentials Secret is annotated every 50 s sends refused credentials four times in the first hour",
		whileRefused(each(50*second, hour, annotateCredentials)...)},
	row{"whose spec is edited in what the request does not depend on sends refused credentials four times in the first hour",
		whileRefused(event{3 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) { s.RenewBeforePercentage = 20 })},
			event{9 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) { s.RenewBeforePercentage = 30 })})},

	row{"whose authorization server is edited in what the request does not depend on sends refused credentials four times in the first hour", func() scenario {
		s := whileRefused(append([]event{{0, createServer}}, each(20*second, 2*minute, limitServer)...)...)
		s.spec = func(a *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer = nil
			spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: a.name}
		}
		return s
	}()},
	row{"whose credentials Secret lacks the secret for a while sends refused credentials four times in the first hour", func() scenario {
		s := whileRefused(event{25 * minute, dropSecret}, event{26 * minute, completeCredentials})
		s.told = append(s.told, told{class: oauth2.ObjectNotReady, reason: "CredentialsMissing"})
		return s
	}()},

	// Retry-After, and what ends it.
	row{"whose server asked to wait for ever is renewed in time once a request was answered well", scenario{
		server: at20(authserver.RetryAfter("99999999999", authserver.Refuse(http.StatusTooManyRequests, ""))),
		then:   []event{{10 * minute, requestRenewal}}, works: 10 * minute, lasts: 76 * minute,
		told: problem(oauth2.Unavailable, "RateLimited"), waits: []wait{between(10*minute, 10*minute), between(33*minute, 41*minute)},
	}},
	row{"whose refused credentials are corrected asks at once, although the server asked to wait for an hour", scenario{
		withoutCredentials: true,
		server:             authserver.Script{{Until: 2 * minute, Answer: authserver.RetryAfter("3600", authserver.Refuse(http.StatusUnauthorized, "invalid_client"))}},
		then:               []event{{0, createWrongCredentials}, {2 * minute, completeCredentials}}, works: 2 * minute,
		told: problem(oauth2.CredentialsRefused, "InvalidClient"), waits: []wait{between(2*minute, 2*minute)},
	}},
	row{"whose refused scope is corrected asks at once, although the server asked to wait for an hour", scenario{
		server: authserver.Script{{Until: 2 * minute, Answer: authserver.RetryAfter("3600", authserver.Refuse(http.StatusBadRequest, "invalid_scope"))}},
		then:   []event{{2 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) { s.Scopes = []string{"read"} })}}, works: 2 * minute,
		told: problem(oauth2.MayPass, "InvalidScope"), waits: []wait{between(2*minute, 2*minute)},
	}},

	// A token that is intact while the server is down.
	row{"whose token Secret is edited while the server is down stays ready", scenario{
		server: authserver.Script{{Until: minute}, {Until: 50 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")}},
		then:   []event{{42 * minute, annotateTarget}}, works: 50 * minute, keepsToken: true,
		told: problem(oauth2.Unavailable, "ServerError"),
	}},
	row{"whose token Secret is edited while the credentials are refused stays ready", scenario{
		server: authserver.Script{{Until: minute}, {Until: 86 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")}}, lifetime: 2 * hour,
		then: []event{{85 * minute, annotateTarget}}, works: 86 * minute, within: 17 * minute, lasts: 110 * minute, keepsToken: true,
		told: problem(oauth2.CredentialsRefused, "InvalidClient"),
	}},
	row{"that is created anew while the server is down, and its token is due, stays ready", scenario{
		server: authserver.Script{{Until: minute}, {Until: 50 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")}},
		then:   []event{{45 * minute, recreate}}, works: 50 * minute, keepsToken: true,
		told: problem(oauth2.Unavailable, "ServerError"),
	}},

	// A date without a zone.
	row{"is not deceived by a cache whose date without a zone has passed", scenario{
		server: authserver.Script{{Until: 50 * minute, Answer: func() authserver.Answer {
			var expires string
			return authserver.Give(func(now time.Time) map[string]any {
				if expires == "" {
					expires = now.Add(10 * minute).UTC().Format(time.DateTime)
				}
				return map[string]any{"access_token": "t0ken-without-a-zone", "expires_at": expires}
			})
		}()}},
		spec: func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{ExpiresAt: []v1alpha1.JSONPointer{"/expires_at"}}
		},
		works: 50 * minute, told: problem(oauth2.Unavailable, "TokenExpired"),
	}},

	// A dead token of a cache.
	row{"is not deceived by two caches in turn", cached(authserver.InTurn(opaque("A", "Bearer"), opaque("B", "Bearer")))},
	row{"is not deceived by a cache if the type of the token changes", cached(authserver.InTurn(opaque("C", "Bearer"), opaque("C", "BearerToken")))},
	row{"is not deceived by a cache if its Secret was deleted", cached(opaque("D", "Bearer"), event{5 * minute, deleteTarget})},
	row{"is not deceived by a cache if its Secret was edited", cached(opaque("E", "Bearer"), event{8 * minute, annotateTarget})},
	row{"is not deceived by a cache if the token could not be written while it lived", func() scenario {
		s := cached(opaque("F", "Bearer"))
		s.apiServer = []fault{{until: 15 * minute, of: tokenWrite, with: deniedByPolicy}}
		s.told = append(s.told, told{class: oauth2.MayPass, reason: "SecretWriteFailed"})
		return s
	}()},

	// An outage that becomes a refusal.
	row{"whose metadata are not there yet after an outage is not given up", scenario{
		metadata: authserver.Script{{Until: 3 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")}, {Until: 6 * minute, Answer: authserver.Refuse(http.StatusNotFound, "")}},
		works:    6 * minute, first: between(6*minute, 11*minute), waits: noWaits,
		told: []told{{class: oauth2.Unavailable, reason: "DiscoveryFailed", says: "503"}, {class: oauth2.MayPass, reason: "DiscoveryFailed", says: "404"}},
	}},
	row{"whose token is refused by a policy after a webhook was down is not given up", scenario{
		apiServer: []fault{{until: 4 * minute, of: tokenWrite, with: webhookDown}, {from: 4 * minute, until: 8 * minute, of: tokenWrite, with: deniedByPolicy}},
		works:     8 * minute, waits: noWaits,
		told: []told{{class: oauth2.Unavailable, reason: "SecretWriteFailed", says: "Internal"}, {class: oauth2.MayPass, reason: "SecretWriteFailed", says: "denied"}},
	}},

	// What else a server or an object can say.
	row{"whose template cannot use what the server says asks for another token soon", scenario{
		server: authserver.Script{
			{Until: 20 * second, Answer: authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-of-a-start", "expires_in": 3600, "tenant": "starting"})},
			{Answer: authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-of-a-tenant", "expires_in": 3600, "tenant": map[string]any{"name": "north"}})},
		},
		spec: func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{Fields: []v1alpha1.ResponseField{{Name: "tenant", Pointers: []v1alpha1.JSONPointer{"/tenant"}}}}
			spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: map[string]string{
				"tenant.name": "{{ (fromJson .tenant).name }}",
			}}}
		},
		works: 20 * second, told: problem(oauth2.MayPass, "TargetTemplateInvalid"), waits: waits(15*second, 30*second),
	}},
	row{"whose target belongs to an object of a very long name says so", scenario{
		then: []event{{0, createOwnedTarget}, {4 * minute, deleteTarget}}, works: 4 * minute,
		told: problem(oauth2.ObjectNotReady, "TargetConflict"), first: between(4*minute, 4*minute), waits: noWaits,
	}},
))
