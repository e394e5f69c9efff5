package controllers_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// marker is in response bodies, which must not be shown.
const marker = "MARKER-OF-THE-BODY"

// badInput is a fault that occurs after the first token is issued.
type badInput struct {
	// inject causes the fault.
	inject func(ctx SpecContext, w *world)
	// reason and message of the conditions.
	reason, message string
	// fresh is the message for a new ClientCredential, if it differs from message.
	fresh string
	// class of the failure, which decides when the operator retries.
	class problem.Class
	// untried is true if the problem is found before an attempt, so that no retry is planned.
	untried bool
	// retryAfter is the Retry-After of the server; 0 if it sends none.
	retryAfter time.Duration
	// spec is true if the fault is in the spec, so that the old token no longer matches it.
	spec bool
	// repair undoes inject.
	repair func(ctx SpecContext, w *world)
}

// maxRetryDelay returns the max delay before the operator retries.
func (bad badInput) maxRetryDelay() time.Duration {
	return max(renewal.RetryDelays[bad.class][0]*12/10, bad.retryAfter+time.Second)
}

// expectRetry checks the planned time of the next attempt.
func (bad badInput) expectRetry(g Gomega, failing *v1alpha1.ClientCredential) {
	failure := failing.Status.Failure
	if bad.untried {
		g.Expect(failure).To(BeNil())
		return
	}
	lower, upper := renewal.RetryDelays[bad.class][0]*8/10, bad.maxRetryDelay()
	if upper >= time.Hour && !bad.spec {
		// Half of the remaining lifetime of the first token.
		lower, upper = 29*time.Minute, 30*time.Minute
	}
	g.Expect(failure.Class).To(Equal(bad.class))
	g.Expect(failure.RetryAt.Time).To(And(
		BeTemporally(">=", failure.LastAttemptAt.Add(lower)), BeTemporally("<=", failure.LastAttemptAt.Add(upper))))
}

// expectStalled checks that Stalled is set as the class requires: immediately, after two minutes (isOld) or
// never.
func (bad badInput) expectStalled(g Gomega, conditions []metav1.Condition, isOld bool) {
	if bad.class == problem.Invalid || (isOld && bad.class != problem.Unavailable) {
		g.Expect(conditions).To(And(
			matchers.HaveCondition("Stalled", "True", bad.reason, ContainSubstring(bad.message)), Not(matchers.HaveConditionType("Reconciling"))))
	} else {
		g.Expect(conditions).NotTo(matchers.HaveConditionType("Stalled"))
	}
}

var _ = DescribeTable("A fault is reported until it is repaired, and no secret is shown:", func(ctx SpecContext, bad badInput) {
	w := newWorld(ctx)
	create(ctx, w.shopCredentials(), w.clientCredential("shop"))
	good := w.eventuallyReady(ctx, "shop")

	bad.inject(ctx, w)
	edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) {
		c.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: "now"}
	})

	By("reporting the problem while the first token is still valid")
	message := ContainSubstring(bad.message)
	var failing *v1alpha1.ClientCredential
	Eventually(func(g Gomega) {
		failing = w.get(ctx, "shop")(g)
		conditions := failing.Status.Conditions
		if bad.spec {
			g.Expect(conditions).To(matchers.HaveCondition("Ready", "False", bad.reason, message))
		} else {
			g.Expect(conditions).To(And(
				matchers.HaveCondition("Ready", "True", "TokenIssued"),
				matchers.HaveCondition("RenewalFailing", "True", bad.reason, message)))
		}
		bad.expectStalled(g, conditions, false)
		bad.expectRetry(g, failing)
	}).Should(Succeed())
	Expect(w.secret(ctx, "shop-token").Data).To(Equal(good.Data))
	Eventually(w.eventsSoFar).Should(ContainElement(HavePrefix("Warning " + bad.reason)))

	By("reporting the same problem for a new ClientCredential, which has no token")
	fresh := w.clientCredential("fresh")
	fresh.Spec = failing.Spec
	create(ctx, fresh)
	Eventually(func(g Gomega) {
		conditions := w.get(ctx, "fresh")(g).Status.Conditions
		g.Expect(conditions).To(matchers.HaveCondition("Ready", "False", bad.reason, ContainSubstring(cmp.Or(bad.fresh, bad.message))))
		bad.expectStalled(g, conditions, false)
	}).Should(Succeed())

	By("not retrying before the planned time")
	requests := w.tokenRequests()
	Consistently(w.tokenRequests).WithTimeout(100 * time.Millisecond).Should(Equal(requests))

	By("showing no secret, no token and no response body")
	shown := everythingShown(ctx, w)
	for _, secret := range []string{
		"s3cr3t-of-the-shop", base64.StdEncoding.EncodeToString([]byte("shop:s3cr3t-of-the-shop")),
		string(good.Data["access_token"]), marker,
	} {
		Expect(shown).NotTo(ContainSubstring(secret))
	}

	By("being Stalled after two minutes, unless the server has an outage")
	w.step(2 * time.Minute)
	Eventually(func(g Gomega) {
		w.clock.Step(10 * time.Millisecond)
		bad.expectStalled(g, w.get(ctx, "shop")(g).Status.Conditions, true)
	}).Should(Succeed())

	By("getting a token after the fault is repaired")
	bad.repair(ctx, w)
	w.within(max(4*bad.maxRetryDelay(), 8*time.Minute), func(g Gomega) {
		g.Expect(w.get(ctx, "fresh")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
		conditions := w.get(ctx, "shop")(g).Status.Conditions
		g.Expect(conditions).To(And(HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued")))
	})
	Expect(w.secret(ctx, "shop-token").Data).NotTo(Equal(good.Data))
},
	Entry("the credentials Secret is missing", credentialsBad("CredentialsNotFound", `Secret "shop" does not exist: create it`, true,
		func(ctx SpecContext, w *world) { Expect(apiServer.Delete(ctx, w.shopCredentials())).To(Succeed()) })),
	Entry("the credentials Secret has no label", credentialsBad("CredentialsNotLabelled",
		"kubectl label secret shop oauth2.tokensync.dev/usage=client-credential", true,
		changeCredentials(func(s *corev1.Secret) { s.Labels = nil }))),
	Entry("the credentials Secret lacks the key", credentialsBad("CredentialsMissing", `has no key "client_secret"`, false,
		changeCredentials(func(s *corev1.Secret) { delete(s.Data, "client_secret") }))),
	Entry("the client secret is empty", credentialsBad("CredentialsInvalid", `key "client_secret" of Secret "shop" is empty`, false,
		changeCredentials(func(s *corev1.Secret) { s.Data["client_secret"] = []byte{} }))),
	Entry("the client secret has control characters", credentialsBad("CredentialsInvalid", "holds control characters", false,
		changeCredentials(func(s *corev1.Secret) { s.Data["client_secret"] = []byte("one\ntwo") }))),

	Entry("the target is a Secret that belongs to no controller", targetBad(`Secret "taken" exists and belongs to no controller`,
		func(ctx SpecContext, w *world) {
			create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "taken"}})
		})),
	Entry("the target belongs to another ClientCredential", targetBad(`Secret "taken" exists and belongs to ClientCredential other`,
		func(ctx SpecContext, w *world) {
			other := w.clientCredential("other")
			other.Spec.Target = &v1alpha1.TokenTarget{Name: "taken"}
			create(ctx, other)
			w.eventuallyReady(ctx, "other")
		})),

	Entry("the profile is unknown", specBad("ProfileUnknown", "set spec.authorizationServer.profile to one of AdobeIMS, Auth0",
		func(a *v1alpha1.AuthorizationServerSpec) { a.Profile = "Unheard" })),
	Entry("the profile has no token endpoint", specBad("TokenEndpointMissing", "set spec.authorizationServer.tokenEndpoint",
		func(a *v1alpha1.AuthorizationServerSpec) { a.Profile, a.TokenEndpoint = "OroCommerce", "" })),
	Entry("the address of the token endpoint is denied", specRefused("AddressDenied", "resolves to 169.254.169.254", problem.MayPass,
		func(a *v1alpha1.AuthorizationServerSpec) { a.TokenEndpoint = "http://169.254.169.254/token" })),
	Entry("the token endpoint refuses connections", specRefused("TokenEndpointUnreachable", "connection refused", problem.Unavailable,
		func(a *v1alpha1.AuthorizationServerSpec) { a.TokenEndpoint = closedServer() + "/token" })),
	Entry("the token endpoint does not support TLS", specRefused("TLSFailed", "does not speak TLS", problem.Unavailable,
		func(a *v1alpha1.AuthorizationServerSpec) {
			a.TokenEndpoint = strings.Replace(a.TokenEndpoint, "http:", "https:", 1)
		})),
	Entry("an unknown authority issued the token endpoint's certificate", specRefused("TLSFailed", "an authority that the operator does not know", problem.Unavailable,
		func(a *v1alpha1.AuthorizationServerSpec) { a.TokenEndpoint = selfSignedServer() + "/token" })),

	Entry("the token endpoint redirects", answer("RedirectRefused", "a redirect to http://elsewhere.example.com/token", problem.MayPass,
		func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://elsewhere.example.com/token?"+marker)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})),
	Entry("the token endpoint answers with HTML", answer("InvalidResponse", "not JSON (content type text/html)", problem.MayPass,
		body(http.StatusOK, "text/html", "<html>"+marker+"</html>"))),
	Entry("the token endpoint answers with an empty body", answer("InvalidResponse", "its body is empty", problem.MayPass,
		body(http.StatusOK, "application/json", ""))),
	Entry("the token endpoint answers 200 with an error", answer("InvalidScope", "invalid_scope", problem.MayPass,
		body(http.StatusOK, "application/json", `{"error": "invalid_scope", "x": "`+marker+`"}`))),
	Entry("the token endpoint answers 200 without a token", answer("InvalidResponse", `there is no token at "/access_token"`, problem.MayPass,
		body(http.StatusOK, "application/json", `{"token": "`+marker+`"}`))),
	Entry("the token has a newline", answer("InvalidResponse", "no header can carry", problem.MayPass,
		body(http.StatusOK, "application/json", `{"access_token": "`+marker+`\n", "expires_in": 60}`))),
	Entry("the token has already expired", answer("TokenExpired", "has expired already", problem.Unavailable,
		body(http.StatusOK, "application/json", `{"access_token": "`+marker+`", "expires_in": 0}`))),
	Entry("the token is bound to a key", answer("TokenTypeUnsupported", "of type DPOP", problem.MayPass,
		body(http.StatusOK, "application/json", `{"access_token": "`+marker+`", "token_type": "DPoP", "expires_in": 60}`))),
	Entry("the client is refused with 400", answer("InvalidClient", "HTTP 400 invalid_client", problem.CredentialsRefused,
		body(http.StatusBadRequest, "application/json", `{"error": "invalid_client", "x": "`+marker+`"}`))),
	Entry("the client is refused with 401, and the server echoes the secret", answer("InvalidClient", "[REDACTED]", problem.CredentialsRefused,
		body(http.StatusUnauthorized, "application/json", `{"error_description": "no client has the secret s3cr3t-of-the-shop"}`))),
	Entry("the token endpoint has an internal error", answer("ServerError", "HTTP 500", problem.Unavailable,
		body(http.StatusInternalServerError, "text/html", "<html><body>"+marker+"</body></html>"))),
	Entry("the token endpoint reports a rate limit", func() badInput {
		bad := answer("RateLimited", "HTTP 429", problem.Unavailable, func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		bad.retryAfter = 120 * time.Second
		bad.fresh = "asked this client to wait until"
		return bad
	}()),
	Entry("the response body is larger than the limit", answer("InvalidResponse", "more than the limit of 256 KiB", problem.MayPass, func(w http.ResponseWriter) {
		for range 300 {
			_, _ = fmt.Fprintf(w, "%1024s", marker)
		}
	})),
	Entry("the response body does not arrive in time", func() badInput {
		bad := answer("Timeout", "did not answer in full within 1s", problem.Unavailable, nil)
		bad.inject = func(_ SpecContext, w *world) {
			w.server.Respond("shop", func(rw http.ResponseWriter, r *http.Request) {
				_, _ = rw.Write([]byte(`{"access_token": "` + marker))
				_ = http.NewResponseController(rw).Flush()
				<-r.Context().Done()
			})
		}
		return bad
	}()),
)

func credentialsBad(reason, message string, untried bool, inject func(SpecContext, *world)) badInput {
	return badInput{
		inject: inject, reason: reason, message: message, class: problem.ObjectNotReady, untried: untried,
		repair: func(ctx SpecContext, w *world) {
			Expect(client.IgnoreNotFound(apiServer.Delete(ctx, w.shopCredentials()))).To(Succeed())
			create(ctx, w.shopCredentials())
		},
	}
}

func changeCredentials(change func(*corev1.Secret)) func(SpecContext, *world) {
	return func(ctx SpecContext, w *world) { edit(ctx, w.shopCredentials(), change) }
}

// editSpecs changes the specs of the ClientCredentials shop and fresh, if they exist.
func editSpecs(ctx SpecContext, w *world, change func(*v1alpha1.ClientCredentialSpec)) {
	for _, name := range []string{"shop", "fresh"} {
		clientCredential := w.clientCredential(name)
		if apiServer.Get(ctx, w.key(name), clientCredential) == nil {
			edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) { change(&c.Spec) })
		}
	}
}

func specBad(reason, message string, change func(*v1alpha1.AuthorizationServerSpec)) badInput {
	return badInput{
		inject: func(ctx SpecContext, w *world) {
			editSpecs(ctx, w, func(s *v1alpha1.ClientCredentialSpec) { change(s.AuthorizationServer) })
		},
		reason: reason, message: message, class: problem.Invalid, untried: true, spec: true,
		repair: func(ctx SpecContext, w *world) {
			editSpecs(ctx, w, func(s *v1alpha1.ClientCredentialSpec) {
				s.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path}
			})
		},
	}
}

// targetBad sets the target to the Secret "taken", which take creates.
func targetBad(message string, take func(SpecContext, *world)) badInput {
	return badInput{
		inject: func(ctx SpecContext, w *world) {
			take(ctx, w)
			editSpecs(ctx, w, func(s *v1alpha1.ClientCredentialSpec) { s.Target = &v1alpha1.TokenTarget{Name: "taken"} })
		},
		reason: "TargetConflict", message: message, class: problem.ObjectNotReady, untried: true, spec: true,
		repair: func(ctx SpecContext, w *world) {
			editSpecs(ctx, w, func(s *v1alpha1.ClientCredentialSpec) { s.Target = nil })
		},
	}
}

func specRefused(reason, message string, class problem.Class, change func(*v1alpha1.AuthorizationServerSpec)) badInput {
	bad := specBad(reason, message, change)
	bad.class, bad.untried = class, false
	return bad
}

func answer(reason, message string, class problem.Class, respond func(http.ResponseWriter)) badInput {
	return badInput{
		inject: func(_ SpecContext, w *world) {
			w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { respond(rw) })
		},
		reason: reason, message: message, class: class,
		repair: func(_ SpecContext, w *world) { w.server.Respond("shop", nil) },
	}
}

func body(status int, contentType, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func closedServer() string {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	return server.URL
}

func selfSignedServer() string {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	DeferCleanup(server.Close)
	return server.URL
}

// everythingShown returns all text that people and tools can see: objects, events and logs.
func everythingShown(ctx SpecContext, w *world) string {
	GinkgoHelper()
	var shown strings.Builder
	shown.Write(w.logs.Contents())
	for _, list := range []client.ObjectList{
		&v1alpha1.ClientCredentialList{}, &v1alpha1.AuthorizationServerList{}, &v1alpha1.ClusterAuthorizationServerList{},
	} {
		Expect(apiServer.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
		raw, err := json.Marshal(list)
		Expect(err).NotTo(HaveOccurred())
		shown.Write(raw)
	}
	for _, event := range w.eventsSoFar() {
		shown.WriteString(event)
	}
	return shown.String()
}
