package hostile_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// inARow is the number of token requests that a ClientCredential sends before it waits.
const inARow = 5

var _ = Describe("A tenant that requests", func() {
	var (
		w      *world
		server *hostileServer
		// If retryAfter is not zero, the server responds with this status and Retry-After: 3600.
		retryAfter atomic.Int64
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		retryAfter.Store(0)
		server = newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
			if code := int(retryAfter.Load()); code != 0 {
				rw.Header().Set("Retry-After", "3600")
				rw.WriteHeader(code)
				return
			}
			rw.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(rw, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, server.requests.Load())
		})
	})

	renews := func(ctx SpecContext, t *tenant, name, request string) {
		GinkgoHelper()
		edit(ctx, t.clientCredential(name, server.URL), func(c *v1alpha1.ClientCredential) {
			c.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: request}
		})
	}
	hasToken := func(ctx SpecContext, t *tenant, name string) {
		GinkgoHelper()
		t.reports(ctx, name, matchers.HaveCondition("Ready", "True", "TokenIssued"))
	}

	DescribeTable("50 renewals during a Retry-After gets none, and the condition names the end of the wait",
		func(ctx SpecContext, code int) {
			w.attacker.requestsToken(ctx, "mallory", server.URL)
			hasToken(ctx, w.attacker, "mallory")
			retryAfter.Store(int64(code))
			renews(ctx, w.attacker, "mallory", "first")
			Eventually(func(g Gomega) { g.Expect(w.attacker.get(ctx, "mallory")(g).Status.Failure).NotTo(BeNil()) }).Should(Succeed())
			Expect(server.requests.Load()).To(BeEquivalentTo(2))
			for i := range 50 {
				renews(ctx, w.attacker, "mallory", strconv.Itoa(i))
			}
			w.attacker.reports(ctx, "mallory", matchers.HaveCondition("RenewalFailing", "True", "RateLimited",
				MatchRegexp("^the requested renewal is not done yet, and .* asked this client to wait until .* \\(Retry-After\\)")))
			Consistently(server.requests.Load).Should(BeEquivalentTo(2))
		},
		Entry("after 429", http.StatusTooManyRequests),
		Entry("after 503", http.StatusServiceUnavailable),
	)

	It("renewals after a refusal with Retry-After gets 5 token requests in a row, then one every 10 s", func(ctx SpecContext) {
		w.attacker.requestsToken(ctx, "mallory", server.URL)
		hasToken(ctx, w.attacker, "mallory")
		retryAfter.Store(http.StatusBadRequest)
		renews(ctx, w.attacker, "mallory", "first")
		Eventually(func(g Gomega) { g.Expect(w.attacker.get(ctx, "mallory")(g).Status.Failure).NotTo(BeNil()) }).Should(Succeed())
		start := time.Now()
		for i := range 50 {
			renews(ctx, w.attacker, "mallory", strconv.Itoa(i))
		}
		Expect(server.requests.Load()).To(BeNumerically("<=", inARow+int64(time.Since(start)/(10*time.Second))+1))
		By("letting the server issue tokens again")
		retryAfter.Store(0)
		renews(ctx, w.attacker, "mallory", "last")
		Eventually(func(g Gomega) {
			g.Expect(w.attacker.get(ctx, "mallory")(g).Status.LastHandledRenewRequest).To(Equal("last"))
		}).Should(Succeed())
		w.attacker.reports(ctx, "mallory", HaveLen(1))
	})

	It("a renewal waits if the server asked another ClientCredential of the same client to wait", func(ctx SpecContext) {
		w.attacker.requestsToken(ctx, "mallory", server.URL)
		hasToken(ctx, w.attacker, "mallory")
		other := w.attacker.clientCredential("other", server.URL)
		other.Spec.CredentialsRef.Name = "mallory-credentials"
		create(ctx, other)
		hasToken(ctx, w.attacker, "other")
		retryAfter.Store(http.StatusTooManyRequests)
		renews(ctx, w.attacker, "mallory", "first")
		w.attacker.reports(ctx, "mallory", matchers.HaveCondition("RenewalFailing", "True", "RateLimited"))
		renews(ctx, w.attacker, "other", "now")
		w.attacker.reports(ctx, "other",
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "RateLimited", ContainSubstring("asked this client to wait until")))
		Consistently(server.requests.Load).Should(BeEquivalentTo(3))
	})

	It("50 renewals gets 5 token requests in a row, then one every 10 s", func(ctx SpecContext) {
		w.attacker.requestsToken(ctx, "mallory", server.URL)
		hasToken(ctx, w.attacker, "mallory")
		start := time.Now()
		for i := range 50 {
			renews(ctx, w.attacker, "mallory", strconv.Itoa(i))
		}
		w.attacker.reports(ctx, "mallory", matchers.HaveCondition("RenewalFailing", "True", "RateLimited",
			ContainSubstring("%d token requests in a row: the next one is sent at", inARow)))
		Expect(server.requests.Load()).To(BeNumerically(">", 1))
		Expect(server.requests.Load()).To(BeNumerically("<=", inARow+int64(time.Since(start)/(10*time.Second))+1))
		By("handling the last renewal request")
		Eventually(func(g Gomega) {
			g.Expect(w.attacker.get(ctx, "mallory")(g).Status.LastHandledRenewRequest).To(Equal("49"))
		}).Should(Succeed())
		w.attacker.reports(ctx, "mallory", HaveLen(1))
	})

	DescribeTable("retries gets no extra token requests",
		func(ctx SpecContext, demand func(SpecContext, int)) {
			broken := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusForbidden) })
			w.attacker.requestsToken(ctx, "mallory", broken.URL)
			Eventually(broken.requests.Load).Should(BeEquivalentTo(1))
			start := time.Now()
			for i := range 40 {
				demand(ctx, i)
			}
			Consistently(broken.requests.Load).Should(BeNumerically("<=", inARow+int64(time.Since(start)/(10*time.Second))+1))
			Expect(broken.requests.Load()).To(BeNumerically(">", 1))
		},
		Entry("by editing the spec", func(ctx SpecContext, i int) {
			edit(ctx, w.attacker.clientCredential("mallory", ""), func(c *v1alpha1.ClientCredential) {
				c.Spec.Scopes = []string{"scope-" + strconv.Itoa(i)}
			})
		}),
		Entry("by editing the credentials", func(ctx SpecContext, i int) {
			secret := w.attacker.credentials("mallory-credentials", nil)
			edit(ctx, secret, func(s *corev1.Secret) { s.Data["client_secret"] = []byte("secret-" + strconv.Itoa(i)) })
		}),
		Entry("by suspending and resuming", func(ctx SpecContext, i int) {
			edit(ctx, w.attacker.clientCredential("mallory", ""), func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(i%2 == 0) })
		}),
		Entry("by deleting and recreating the ClientCredential", func(ctx SpecContext, _ int) {
			old := w.attacker.clientCredential("mallory", "")
			Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(old), old)).To(Succeed())
			Expect(apiServer.Delete(ctx, old)).To(Succeed())
			create(ctx, w.attacker.clientCredential("mallory", old.Spec.AuthorizationServer.TokenEndpoint))
		}),
	)

	It("a token with corrected credentials gets it immediately", func(ctx SpecContext) {
		strict := newHostileServer(func(rw http.ResponseWriter, r *http.Request) {
			if _, password, _ := r.BasicAuth(); password != "right" {
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			rw.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(rw, `{"access_token":"thanks","token_type":"Bearer","expires_in":3600}`)
		})
		w.victim.requestsToken(ctx, "shop", strict.URL)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "InvalidClient"))
		start := time.Now()
		edit(ctx, w.victim.credentials("shop-credentials", nil), func(s *corev1.Secret) { s.Data["client_secret"] = []byte("right") })
		hasToken(ctx, w.victim, "shop")
		Expect(time.Since(start)).To(BeNumerically("<", 9*time.Second))
	})
})

var _ = Describe("An irrelevant edit", func() {
	const objects = 100

	var (
		w      *world
		server *authserver.Server
	)

	// shared returns the credentials Secret that all ClientCredentials use.
	shared := func() *corev1.Secret { return w.attacker.credentials("shared", nil) }
	labels := func(ctx SpecContext, object client.Object) {
		GinkgoHelper()
		for i := range 20 {
			edit(ctx, object, func(o client.Object) {
				labels := o.GetLabels()
				if labels == nil {
					labels = map[string]string{}
				}
				labels["edit"] = strconv.Itoa(i)
				o.SetLabels(labels)
				annotations := o.GetAnnotations()
				if annotations == nil {
					annotations = map[string]string{}
				}
				annotations["example.com/edit"] = strconv.Itoa(i)
				o.SetAnnotations(annotations)
			})
		}
	}
	allReady := func(ctx SpecContext) {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			list := &v1alpha1.ClientCredentialList{}
			g.Expect(apiServer.List(ctx, list, client.InNamespace(w.attacker.namespace))).To(Succeed())
			g.Expect(list.Items).To(HaveLen(objects))
			for _, item := range list.Items {
				g.Expect(item.Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
			}
		}).WithTimeout(time.Minute).Should(Succeed())
	}
	// costs returns the writes, and the reads of Secrets, from w.sent[before] on.
	costs := func(before int) (writes, reads []string) {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		for _, request := range w.sent[before:] {
			switch {
			case !strings.HasPrefix(request, http.MethodGet):
				writes = append(writes, request)
			case strings.Contains(request, "/secrets/"):
				reads = append(reads, request)
			}
		}
		return writes, reads
	}
	sent := func() int {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		return len(w.sent)
	}

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		server = newHonestServer("mallory")
		create(ctx, w.attacker.credentials("shared", map[string]string{"client_id": "mallory", "client_secret": secretOf("mallory")}))
		for i := range objects {
			create(ctx, w.attacker.clientCredential(fmt.Sprintf("mallory-%d", i), tokenEndpoint(server), func(spec *v1alpha1.ClientCredentialSpec) {
				spec.CredentialsRef.Name = "shared"
			}))
		}
		allReady(ctx)
	})

	It("of the credentials Secret causes no write, but a new client secret causes a new token for each ClientCredential", func(ctx SpecContext) {
		before := sent()
		labels(ctx, shared())
		Consistently(func(g Gomega) {
			writes, reads := costs(before)
			g.Expect(writes).To(BeEmpty())
			g.Expect(len(reads)).To(BeNumerically("<=", 21), "one read for each version")
		}).Should(Succeed())
		Expect(server.Requests("")).To(HaveLen(objects))

		By("restarting, after which the operator verifies once that the credentials are unchanged")
		before = sent()
		w.restart()
		Consistently(func(g Gomega) {
			writes, reads := costs(before)
			g.Expect(writes).To(BeEmpty())
			g.Expect(len(reads)).To(BeNumerically("<=", 3))
		}).WithTimeout(2 * time.Second).Should(Succeed())
		Expect(server.Requests("")).To(HaveLen(objects))

		By("changing the secret")
		server.Register(authserver.Client{ID: "mallory", Secret: "n3w"})
		edit(ctx, shared(), func(s *corev1.Secret) { s.Data["client_secret"] = []byte("n3w") })
		Eventually(func() int { return len(server.Requests("")) }).WithTimeout(time.Minute).Should(Equal(2 * objects))
		allReady(ctx)
	})

	It("of the ClientCredential, its token Secret or its authorization server causes no write", func(ctx SpecContext) {
		create(ctx, &v1alpha1.AuthorizationServer{
			ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: tokenEndpoint(server)},
		}, w.victim.credentials("shop-credentials", map[string]string{"client_id": "mallory", "client_secret": secretOf("mallory")}),
			w.victim.clientCredential("shop", "", func(spec *v1alpha1.ClientCredentialSpec) {
				spec.AuthorizationServer = nil
				spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: "idp"}
			}))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Eventually(func(g Gomega) {
			idp := &v1alpha1.AuthorizationServer{}
			g.Expect(apiServer.Get(ctx, w.victim.key("idp"), idp)).To(Succeed())
			g.Expect(idp.Status.ObservedGeneration).NotTo(BeNil())
		}).Should(Succeed())
		before := sent()
		labels(ctx, w.victim.clientCredential("shop", ""))
		labels(ctx, &corev1.Secret{ObjectMeta: w.victim.metadata("shop-token")})
		labels(ctx, &v1alpha1.AuthorizationServer{ObjectMeta: w.victim.metadata("idp")})
		Consistently(func(g Gomega) {
			writes, reads := costs(before)
			g.Expect(writes).To(BeEmpty())
			g.Expect(reads).To(BeEmpty())
		}).Should(Succeed())
	})

	It("of an authorization server that refuses 40 ClientCredentials causes no write", func(ctx SpecContext) {
		const refused = 40
		strict := newHostileServer(answers(http.StatusUnauthorized, `{"error": "invalid_client"}`))
		idp := &v1alpha1.AuthorizationServer{
			ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: strict.URL},
		}
		create(ctx, idp, w.victim.credentials("shared", map[string]string{"client_id": "a", "client_secret": "wrong"}))
		for i := range refused {
			create(ctx, w.victim.clientCredential(fmt.Sprintf("refused-%d", i), "", func(spec *v1alpha1.ClientCredentialSpec) {
				spec.CredentialsRef.Name, spec.AuthorizationServer = "shared", nil
				spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: "idp"}
			}))
		}
		for i := range refused {
			w.victim.reports(ctx, fmt.Sprintf("refused-%d", i), matchers.HaveCondition("Ready", "False", "InvalidClient"))
		}
		asked, before := strict.requests.Load(), sent()
		edit(ctx, idp, func(s *v1alpha1.AuthorizationServer) {
			s.Spec.RateLimit = &v1alpha1.RateLimit{Requests: 90_000, Per: &metav1.Duration{Duration: time.Second}}
		})
		Consistently(func(g Gomega) {
			writes, _ := costs(before)
			g.Expect(writes).To(Or(BeEmpty(), HaveEach(ContainSubstring("/authorizationservers/idp/status"))))
		}).WithTimeout(2 * time.Second).Should(Succeed())
		Expect(strict.requests.Load()).To(Equal(asked))
	})

	It("of the credentials Secret of a ClientCredential that backs off causes no token request", func(ctx SpecContext) {
		broken := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusForbidden) })
		w.victim.requestsToken(ctx, "shop", broken.URL)
		Eventually(func(g Gomega) { g.Expect(w.victim.get(ctx, "shop")(g).Status.Failure).NotTo(BeNil()) }).Should(Succeed())
		asked, before := broken.requests.Load(), sent()
		labels(ctx, w.victim.credentials("shop-credentials", nil))
		Consistently(broken.requests.Load).Should(Equal(asked))
		writes, _ := costs(before)
		Expect(writes).To(BeEmpty())
	})
})
