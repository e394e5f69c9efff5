package recovery_test

import (
	"context"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// actor is a ClientCredential with its own authorization server. It plays one scenario.
type actor struct {
	*world
	scenario scenario
	name     string
	server   *authserver.Server
	// listener is set if the server is unreachable at first.
	listener *lateListener
	// done is the number of events that have happened.
	done int

	samples []sample
	// tokens holds each token that was in the Secret, with the earliest expiry that was stated for it.
	tokens map[string]time.Time
}

// sample is the state at an instant when the operator was idle.
type sample struct {
	at         time.Duration
	conditions []metav1.Condition
	failure    *v1alpha1.FailureStatus
	// expiresAt is when the token in the Secret expires; zero without a token.
	expiresAt time.Time
	now       time.Time
}

func (s sample) isReady() bool {
	return meta.IsStatusConditionTrue(s.conditions, v1alpha1.ReadyCondition)
}

func (s sample) isAlive() bool { return s.now.Before(s.expiresAt) }

func (s sample) String() string {
	text := fmt.Sprintf("%s:", s.at)
	for _, condition := range s.conditions {
		text += fmt.Sprintf(" %s=%s %s %q", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	if s.failure != nil {
		text += fmt.Sprintf(" attempts=%d retryAt=%s", s.failure.Attempts, s.failure.RetryAt.Sub(s.now))
	}
	if !s.expiresAt.IsZero() {
		text += fmt.Sprintf(" token lives %s", s.expiresAt.Sub(s.now))
	}
	return text
}

func (w *world) newActor(scenario scenario) *actor {
	GinkgoHelper()
	a := &actor{world: w, scenario: scenario, name: fmt.Sprintf("case-%02d", len(w.actors)), tokens: map[string]time.Time{}}
	options := authserver.Options{Now: w.clock.Now, Lifetime: scenario.lifetime, TLS: scenario.tls}
	if scenario.unreachable {
		a.listener = newLateListener()
		options.Listener = a.listener
	}
	a.server = authserver.New(options)
	a.server.Config.ErrorLog = newLog()
	DeferCleanup(a.server.Close)
	a.server.Register(authserver.Client{ID: a.name, Secret: a.secret()})
	return a
}

func (a *actor) secret() string          { return "s3cr3t-of-" + a.name }
func (a *actor) credentialsName() string { return a.name + "-client" }
func (a *actor) tokenName() string       { return a.name + "-token" }

// enter starts the scripts, and creates the objects.
func (a *actor) enter(ctx context.Context) {
	GinkgoHelper()
	a.server.Play(a.name, a.scenario.server)
	if a.scenario.metadata != nil {
		a.server.PlayAt(authserver.MetadataPath, a.scenario.metadata)
	}
	if !a.scenario.withoutCredentials {
		createCredentials(ctx, a)
	}
	clientCredential := &v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: a.name},
		Spec: v1alpha1.ClientCredentialSpec{
			AuthorizationServer: &v1alpha1.AuthorizationServerSpec{},
			CredentialsRef:      &v1alpha1.CredentialsReference{Name: a.credentialsName()},
		},
	}
	if a.scenario.metadata != nil {
		clientCredential.Spec.AuthorizationServer.Issuer = a.server.URL
	} else {
		clientCredential.Spec.AuthorizationServer.TokenEndpoint = a.tokenEndpoint()
	}
	if a.scenario.spec != nil {
		a.scenario.spec(a, &clientCredential.Spec)
	}
	Expect(apiServer.Create(ctx, clientCredential)).To(Succeed())
}

func (a *actor) tokenEndpoint() string { return a.server.URL + authserver.RFC6749Path }

func (a *actor) sample() {
	if a.since() > a.scenario.end() {
		return
	}
	found, ok := a.objects.clientCredentials[a.name]
	if !ok {
		return
	}
	taken := sample{at: a.since(), now: a.clock.Now(), conditions: found.Status.Conditions, failure: found.Status.Failure}
	if token := string(a.objects.secrets[a.tokenName()].Data["access_token"]); token != "" {
		taken.expiresAt = expiryOf(token, string(a.objects.secrets[a.tokenName()].Data["expires_at"]))
		if first, known := a.tokens[token]; known && first.Before(taken.expiresAt) {
			taken.expiresAt = first
		}
		a.tokens[token] = taken.expiresAt
	}
	a.samples = append(a.samples, taken)
}

// expiryOf returns the earlier of expiresAt and the exp of a JWT; zero if expiresAt is not a time.
func expiryOf(token, expiresAt string) time.Time {
	at, err := time.Parse(time.RFC3339, expiresAt)
	if err != nil {
		return time.Time{}
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return at
	}
	claims := jwt.Claims{}
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err == nil && claims.Expiry != nil && claims.Expiry.Time().Before(at) {
		return claims.Expiry.Time()
	}
	return at
}

// requests returns the times of the token requests.
func (a *actor) requests() (times []time.Duration) {
	for _, request := range a.server.RequestsTo(authserver.RFC6749Path) {
		if at := a.passedAt(request.At); at <= a.scenario.end() {
			times = append(times, at)
		}
	}
	return times
}
