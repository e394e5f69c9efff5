package hostile_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/test/matchers"
)

// lastTokenServer accepts only the last token that it issued, as servers with one token per client do.
type lastTokenServer struct {
	*hostileServer

	// lifetime is the lifetime of the tokens in seconds.
	lifetime int

	mutex  sync.Mutex
	issued int
	// before and after, if set, are called with the number of the request, before and after a token is
	// issued.
	before, after func(number int)
}

func newLastTokenServer() *lastTokenServer {
	GinkgoHelper()
	s := &lastTokenServer{lifetime: 3600}
	s.hostileServer = newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
		number := int(s.requests.Load())
		if s.before != nil {
			s.before(number)
		}
		s.mutex.Lock()
		s.issued++
		token := s.issued
		s.mutex.Unlock()
		if s.after != nil {
			s.after(number)
		}
		giveTokenFor(rw, fmt.Sprint("t0ken-", token), s.lifetime)
	})
	return s
}

// valid returns the only token that the server accepts.
func (s *lastTokenServer) valid() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return fmt.Sprint("t0ken-", s.issued)
}

func giveToken(rw http.ResponseWriter) { giveTokenFor(rw, "t0ken", 3600) }

func giveTokenFor(rw http.ResponseWriter, token string, seconds int) {
	rw.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(rw, `{"access_token": %q, "token_type": "Bearer", "expires_in": %d}`, token, seconds)
}

// another starts a second operator that serves the same namespaces, without leader election.
func (w *world) another(clock clock.WithTicker, intercept func(*http.Request) *http.Response) *world {
	GinkgoHelper()
	second := &world{logs: gbytes.NewBuffer(), settings: w.settings, victim: w.victim, attacker: w.attacker, intercept: intercept}
	second.clock, second.tokenEndpoint.Clock = clock, clock
	second.start()
	DeferCleanup(func() { second.operator.Stop() })
	return second
}

// isFrozen shows an operator the objects that exist when it starts, but no change after that.
func isFrozen(request *http.Request) *http.Response {
	query := request.URL.Query()
	switch {
	case query.Get("watch") == "":
		return nil
	case query.Get("sendInitialEvents") != "":
		// The client then sends a list request instead.
		return answered(request, http.StatusUnprocessableEntity, "")
	}
	<-request.Context().Done()
	return answered(request, http.StatusInternalServerError, "")
}

// refuses answers 403 to requests with the given method for token Secrets.
func refuses(method string) func(*http.Request) *http.Response {
	return func(request *http.Request) *http.Response {
		if request.Method != method || !strings.Contains(request.URL.Path, "/secrets") {
			return nil
		}
		return answered(request, http.StatusForbidden,
			`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "frozen"}`)
	}
}

func (t *tenant) shopToken(ctx context.Context) string {
	GinkgoHelper()
	return string(t.secret(ctx, "shop-token").Data[v1alpha1.AccessTokenKey])
}

// renewShop requests a renewal by annotation.
func (t *tenant) renewShop(ctx context.Context, value string) {
	GinkgoHelper()
	edit(ctx, &v1alpha1.ClientCredential{ObjectMeta: t.metadata("shop")}, func(c *v1alpha1.ClientCredential) {
		c.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: value}
	})
}

func withFakeClock(clock clock.WithTicker) func(*settings) {
	return func(s *settings) { s.clock = clock }
}

var _ = Describe("An operator that shuts down", func() {
	It("writes and reports every token that it has requested, and sends no further request", func(ctx SpecContext) {
		release := make(chan struct{})
		server := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
			<-release
			giveToken(rw)
		})
		w := newWorld(ctx)
		for i := range 20 {
			w.victim.requestsToken(ctx, fmt.Sprintf("shop-%02d", i), server.URL)
		}
		// sent is the maximum number of concurrent requests of a namespace to one host.
		const sent = 16
		Eventually(server.requests.Load).Should(BeEquivalentTo(sent))
		w.operator.BeginStop()
		Consistently(server.requests.Load).WithTimeout(200 * time.Millisecond).Should(BeEquivalentTo(sent))
		close(release)
		w.operator.Stop()

		Expect(server.requests.Load()).To(BeEquivalentTo(sent))
		var written, ready int
		for i := range 20 {
			name := fmt.Sprintf("shop-%02d", i)
			if err := apiServer.Get(ctx, w.victim.key(name+"-token"), &corev1.Secret{}); err == nil {
				written++
			}
			conditions := w.victim.get(ctx, name)(Default).Status.Conditions
			if matched, err := matchers.HaveCondition("Ready", "True", "TokenIssued").Match(conditions); matched && err == nil {
				ready++
			}
		}
		Expect(written).To(Equal(sent))
		Expect(ready).To(Equal(sent))
	})

	It("does not wait for metadata, and sends no token request", func(ctx SpecContext) {
		var asked, isGivenUp atomic.Bool
		server := newHostileServer(func(rw http.ResponseWriter, r *http.Request) {
			asked.Store(true)
			hangs(rw, r)
			isGivenUp.Store(true)
		})
		w := newWorld(ctx, func(s *settings) { s.tokenEndpoint.Timeout = time.Minute })
		w.victim.requestsToken(ctx, "shop", "", func(s *v1alpha1.ClientCredentialSpec) {
			s.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{Issuer: server.URL}
		})
		Eventually(asked.Load).Should(BeTrue())
		w.operator.Stop()
		Eventually(isGivenUp.Load).Should(BeTrue())
		Expect(server.requests.Load()).To(BeEquivalentTo(1))
	})

	It("makes its process wait for token requests although it lost its lease and the manager does not wait", func(ctx SpecContext) {
		release := make(chan struct{})
		server := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
			<-release
			giveToken(rw)
		})
		var reconciler *controllers.Operator
		w := newWorld(ctx, func(s *settings) { s.reconciler = func(r *controllers.Operator) { reconciler = r } })
		w.victim.requestsToken(ctx, "shop", server.URL)
		Eventually(server.requests.Load).Should(BeEquivalentTo(1))
		w.operator.BeginStop()
		finished := make(chan error, 1)
		go func() { finished <- reconciler.Finish(context.WithoutCancel(ctx)) }()
		Consistently(finished).ShouldNot(Receive())
		close(release)
		Eventually(finished).Should(Receive(BeNil()))
		Expect(w.victim.shopToken(ctx)).To(Equal("t0ken"))
		Expect(w.victim.get(ctx, "shop")(Default).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})

	// renews shuts down an operator while it is renewing a token.
	renews := func(ctx SpecContext, meanwhile func(*world)) (*world, *lastTokenServer) {
		GinkgoHelper()
		server := newLastTokenServer()
		w := newWorld(ctx)
		w.victim.isServed(ctx, "shop", server.URL)
		server.before = func(int) {
			w.operator.BeginStop()
			meanwhile(w)
		}
		w.victim.renewShop(ctx, "now")
		Eventually(server.requests.Load).Should(BeEquivalentTo(2))
		w.operator.Stop()
		return w, server
	}

	It("writes the token although its Secret is edited meanwhile", func(ctx SpecContext) {
		w, server := renews(ctx, func(w *world) {
			edit(ctx, w.victim.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Labels["touched"] = "meanwhile" })
		})
		Expect(w.victim.shopToken(ctx)).To(Equal(server.valid()))
		Expect(w.victim.get(ctx, "shop")(Default).Status.LastHandledRenewRequest).To(Equal("now"))
	})

	It("writes the token although the API server fails once", func(ctx SpecContext) {
		w, server := renews(ctx, func(w *world) {
			var failed atomic.Bool
			w.interceptWith(func(r *http.Request) *http.Response {
				if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, "/secrets") || failed.Swap(true) {
					return nil
				}
				return answered(r, http.StatusInternalServerError, "")
			})
		})
		Expect(w.victim.shopToken(ctx)).To(Equal(server.valid()))
		Expect(w.victim.get(ctx, "shop")(Default).Status.Conditions).NotTo(matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed"))
	})
})

var _ = Describe("A token that could not be written", func() {
	DescribeTable("replaces the token in its Secret without another token request",
		func(ctx SpecContext, secret string, happens func(context.Context, *tenant)) {
			fake := testingclock.NewFakeClock(time.Now())
			w := newWorld(ctx, withFakeClock(fake))
			server := newLastTokenServer()
			w.victim.isServed(ctx, "shop", server.URL)
			w.interceptWith(refuses(http.MethodPatch))
			w.victim.renewShop(ctx, "now")
			w.victim.reports(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed"))
			w.interceptWith(nil)

			happens(ctx, w.victim)
			Eventually(func(g Gomega) {
				// Step past the delay of the queue after a conflict, and past the delay of the retry.
				fake.Step(100 * time.Millisecond)
				found := &corev1.Secret{}
				g.Expect(apiServer.Get(ctx, w.victim.key(secret), found)).To(Succeed())
				g.Expect(string(found.Data[v1alpha1.AccessTokenKey])).To(Equal(server.valid()))
				g.Expect(w.victim.get(ctx, "shop")(g).Status.Conditions).To(And(
					matchers.HaveCondition("Ready", "True", "TokenIssued"),
					Not(matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed"))))
			}).WithTimeout(10 * time.Second).Should(Succeed())
			Expect(server.requests.Load()).To(BeEquivalentTo(2))
		},
		Entry("when a label of the Secret is removed", "shop-token", func(ctx context.Context, t *tenant) {
			edit(ctx, t.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Labels = nil })
		}),
		Entry("when the token in the Secret is overwritten", "shop-token", func(ctx context.Context, t *tenant) {
			edit(ctx, t.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Data[v1alpha1.AccessTokenKey] = []byte("overwritten") })
		}),
		Entry("when the credentials Secret is labelled", "shop-token", func(ctx context.Context, t *tenant) {
			edit(ctx, t.secret(ctx, "shop-credentials"), func(s *corev1.Secret) { s.Labels["touched"] = "yes" })
		}),
		Entry("when the Secret is deleted and the credentials Secret is labelled", "shop-token", func(ctx context.Context, t *tenant) {
			Expect(apiServer.Delete(ctx, t.secret(ctx, "shop-token"))).To(Succeed())
			edit(ctx, t.secret(ctx, "shop-credentials"), func(s *corev1.Secret) { s.Labels["touched"] = "yes" })
		}),
		Entry("when the target is renamed", "elsewhere", func(ctx context.Context, t *tenant) {
			t.editShop(ctx, func(s *v1alpha1.ClientCredentialSpec) { s.Target = &v1alpha1.TokenTarget{Name: "elsewhere"} })
		}),
		Entry("when the type of the target changes", "shop-token", func(ctx context.Context, t *tenant) {
			t.editShop(ctx, func(s *v1alpha1.ClientCredentialSpec) {
				s.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
					Type: "kubernetes.io/basic-auth", Data: map[string]string{"password": "{{ .access_token }}"},
				}}
			})
		}),
		Entry("when the template adds a label", "shop-token", func(ctx context.Context, t *tenant) {
			t.editShop(ctx, func(s *v1alpha1.ClientCredentialSpec) {
				s.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
					Metadata: &v1alpha1.TokenSecretMetadata{Labels: map[string]string{"team": "shop"}},
				}}
			})
		}),
		Entry("when the renewal request is withdrawn and the spec is edited", "shop-token", func(ctx context.Context, t *tenant) {
			edit(ctx, &v1alpha1.ClientCredential{ObjectMeta: t.metadata("shop")}, func(c *v1alpha1.ClientCredential) {
				c.Annotations = nil
				c.Spec.RenewBeforePercentage = 40
			})
		}),
		Entry("when the ClientCredential is suspended and resumed", "shop-token", func(ctx context.Context, t *tenant) {
			t.editShop(ctx, func(s *v1alpha1.ClientCredentialSpec) { s.Suspend = ptr.To(true) })
			Eventually(func(g Gomega) {
				g.Expect(t.get(ctx, "shop")(g).Status.ObservedGeneration).To(HaveValue(BeEquivalentTo(2)))
			}).Should(Succeed())
			t.editShop(ctx, func(s *v1alpha1.ClientCredentialSpec) { s.Suspend = nil })
		}),
	)

	It("is recognized in its Secret if only the API server's response was lost", func(ctx SpecContext) {
		fake := testingclock.NewFakeClock(time.Now())
		w := newWorld(ctx, withFakeClock(fake))
		server := newLastTokenServer()
		w.victim.isServed(ctx, "shop", server.URL)
		var lost atomic.Int32
		direct, err := rest.TransportFor(restConfig)
		Expect(err).NotTo(HaveOccurred())
		w.interceptWith(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, "/secrets") || lost.Add(1) > 1 {
				return nil
			}
			response, err := direct.RoundTrip(r)
			if err == nil {
				_ = response.Body.Close()
			}
			return answered(r, http.StatusGatewayTimeout, "")
		})
		w.victim.renewShop(ctx, "now")
		Eventually(func(g Gomega) {
			fake.Step(time.Second)
			g.Expect(w.victim.shopToken(ctx)).To(Equal(server.valid()))
			status := w.victim.get(ctx, "shop")(g).Status
			g.Expect(status.Failure).To(BeNil())
			g.Expect(status.LastHandledRenewRequest).To(Equal("now"))
		}).Should(Succeed())
		Expect(server.requests.Load()).To(BeEquivalentTo(2))

		By("requesting the next token when it is due")
		fake.Step(time.Hour)
		Eventually(func(g Gomega) {
			fake.Step(time.Second)
			g.Expect(server.requests.Load()).To(BeEquivalentTo(3))
			g.Expect(w.victim.shopToken(ctx)).To(Equal(server.valid()))
		}).Should(Succeed())
	})
})

var _ = Describe("With two operators,", func() {
	var (
		w      *world
		server *lastTokenServer
		begin  time.Time
	)

	BeforeEach(func(ctx SpecContext) {
		begin = time.Now().Truncate(time.Second)
		server = newLastTokenServer()
		w = newWorld(ctx, withFakeClock(testingclock.NewFakeClock(begin)))
		w.victim.isServed(ctx, "shop", server.URL)
	})

	It("the next leader requests no token although its caches lack the last one", func(ctx SpecContext) {
		nextClock := testingclock.NewFakeClock(begin)
		next := w.another(nextClock, isFrozen)
		fakeClock(w).Step(30 * time.Minute)
		w.victim.renewShop(ctx, "now")
		Eventually(func() string { return w.victim.shopToken(ctx) }).Should(Equal("t0ken-2"))
		w.operator.Stop()

		// The first token is due now, but the second is not.
		for range 50 {
			nextClock.Step(time.Minute)
			idle(next)
		}
		Expect(server.requests.Load()).To(BeEquivalentTo(2))
		Expect(w.victim.shopToken(ctx)).To(Equal(server.valid()))
	})

	It("the operator with the newest token writes it, although the other operator wrote meanwhile", func(ctx SpecContext) {
		server.lifetime = 360
		w.victim.renewShop(ctx, "for six minutes")
		Eventually(func() string { return w.victim.shopToken(ctx) }).Should(Equal("t0ken-2"))
		// The second operator's clock is ahead. So the token is due for that operator, and its own token
		// has the newer record. If the clock were five minutes ahead, the first operator would distrust
		// the records.
		secondClock := testingclock.NewFakeClock(begin)
		second := w.another(secondClock, nil)
		server.before = func(number int) {
			if number == 3 {
				w.victim.renewShop(ctx, "now")
				Eventually(func() string { return w.victim.shopToken(ctx) }).Should(Equal("t0ken-3"))
			}
		}
		secondClock.Step(245 * time.Second)
		Eventually(func() string {
			secondClock.Step(time.Millisecond)
			return w.victim.shopToken(ctx)
		}).Should(Equal("t0ken-4"))
		idle(second)
		Expect(server.requests.Load()).To(BeEquivalentTo(4))
		Expect(w.victim.shopToken(ctx)).To(Equal(server.valid()))
	})

	It("the operator with the older token drops it", func(ctx SpecContext) {
		secondClock := testingclock.NewFakeClock(begin)
		second := w.another(secondClock, nil)
		server.after = func(number int) {
			if number == 2 {
				fakeClock(w).Step(55 * time.Minute)
				Eventually(func() string { return w.victim.shopToken(ctx) }).Should(Equal("t0ken-3"))
			}
		}
		secondClock.Step(50 * time.Minute)
		Eventually(func() []string {
			secondClock.Step(time.Millisecond)
			return second.writes()
		}).Should(ContainElement(HaveSuffix("/secrets/shop-token")))
		for range 100 {
			secondClock.Step(time.Second)
			idle(second)
		}
		Expect(server.requests.Load()).To(BeEquivalentTo(3))
		Expect(w.victim.shopToken(ctx)).To(Equal(server.valid()))
	})
})

var _ = DescribeTable("A server that closes the connection after it has read a token request gets the request once",
	func(ctx SpecContext, change func(*v1alpha1.AuthorizationServerSpec)) {
		fake := testingclock.NewFakeClock(time.Now())
		w := newWorld(ctx, withFakeClock(fake))
		var ends atomic.Bool
		server := newHostileServer(func(rw http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if !ends.Load() {
				giveToken(rw)
				return
			}
			connection, _, err := http.NewResponseController(rw).Hijack()
			if err == nil {
				_ = connection.Close()
			}
		})
		w.victim.requestsToken(ctx, "shop", server.URL, func(s *v1alpha1.ClientCredentialSpec) { change(s.AuthorizationServer) })
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		ends.Store(true)
		w.victim.renewShop(ctx, "now")
		w.victim.reports(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "TokenEndpointUnreachable"))
		Expect(w.victim.get(ctx, "shop")(Default).Status.Failure.Attempts).To(BeEquivalentTo(1))
		Expect(server.requests.Load()).To(BeEquivalentTo(2))
	},
	Entry("if it is a GET request", func(s *v1alpha1.AuthorizationServerSpec) {
		s.Request = &v1alpha1.TokenRequest{Method: http.MethodGet, Encoding: v1alpha1.QueryEncoding}
	}),
	Entry("if it has an Idempotency-Key header", func(s *v1alpha1.AuthorizationServerSpec) {
		s.Request = &v1alpha1.TokenRequest{Headers: []v1alpha1.RequestHeader{{Name: "Idempotency-Key", Value: ptr.To("4711")}}}
	}),
)

func fakeClock(w *world) *testingclock.FakeClock {
	GinkgoHelper()
	fake, ok := w.clock.(*testingclock.FakeClock)
	Expect(ok).To(BeTrue())
	return fake
}

// idle waits until an operator with a fake clock has nothing to do.
func idle(w *world) {
	GinkgoHelper()
	Eventually(func() bool {
		isIdle, _, _ := w.operator.State()
		return isIdle
	}).Should(BeTrue())
}

// editShop changes the spec of the ClientCredential shop.
func (t *tenant) editShop(ctx context.Context, change func(*v1alpha1.ClientCredentialSpec)) {
	GinkgoHelper()
	edit(ctx, &v1alpha1.ClientCredential{ObjectMeta: t.metadata("shop")}, func(c *v1alpha1.ClientCredential) { change(&c.Spec) })
}

// passes steps the fake clock until the condition holds, for at most the given time. It waits while the
// operator works.
func (w *world) passes(limit time.Duration, until func(Gomega)) {
	GinkgoHelper()
	clock := fakeClock(w)
	deadline := clock.Now().Add(limit)
	Eventually(func(g Gomega) {
		if isIdle, _, _ := w.operator.State(); isIdle && clock.Now().Before(deadline) {
			clock.Step(limit / 100)
		}
		until(g)
	}).Should(Succeed())
}
