package hostile_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// heldServer answers a token request when the spec releases it.
type heldServer struct {
	*hostileServer
	release chan struct{}
	// held counts the requests that the server has held.
	held atomic.Int64
}

// newHeldServer starts a server that holds requests with "slow" in the path, and answers all other
// requests.
func newHeldServer() *heldServer {
	GinkgoHelper()
	held := &heldServer{release: make(chan struct{}, 10_000)}
	held.hostileServer = newHostileServer(func(rw http.ResponseWriter, r *http.Request) {
		// The context ends when the connection closes, but only if the body was read.
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.Contains(r.URL.Path, "slow") {
			held.held.Add(1)
			select {
			case <-r.Context().Done():
				return
			case <-held.release:
			}
		}
		_, _ = fmt.Fprintf(rw, `{"access_token": "token-%d", "expires_in": 3600}`, held.requests.Load())
	})
	return held
}

func (s *heldServer) slow() string { return s.URL + "/slow" }

func (s *heldServer) port() string {
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	return port
}

// host returns a URL of the server with a different host for each i.
func (s *heldServer) host(i int) string {
	return fmt.Sprintf("http://127.0.%d.%d:%s", 1+i/200, 1+i%200, s.port())
}

// reconciles returns the number of reconciles of ClientCredentials so far.
func reconciles() int {
	GinkgoHelper()
	return metric("controller_runtime_reconcile_total")
}

// metric returns the value of a counter or gauge of controller-runtime for the ClientCredential controller,
// summed over its labels.
func metric(name string) (sum int) {
	GinkgoHelper()
	families, err := metrics.Registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "controller" && label.GetValue() == "clientcredential" {
					sum += int(metric.GetCounter().GetValue() + metric.GetGauge().GetValue())
				}
			}
		}
	}
	return sum
}

// standingStill gives the operator a clock that the spec steps, and a long request timeout.
func standingStill(clock *testingclock.FakeClock) func(*settings) {
	return func(s *settings) {
		s.clock = clock
		s.tokenEndpoint.Timeout = 10 * time.Minute
	}
}

func patient(s *settings) { s.tokenEndpoint.Timeout = 10 * time.Minute }

var _ = Describe("ClientCredentials that wait for a server that never answers", func() {
	const (
		inFlight = 16
		waiting  = 30
	)
	var (
		w      *world
		clock  *testingclock.FakeClock
		server *heldServer
	)
	BeforeEach(func(ctx SpecContext) {
		clock = testingclock.NewFakeClock(time.Now().Truncate(time.Second))
		w, server = newWorld(ctx, standingStill(clock)), newHeldServer()
		for i := range inFlight {
			w.attacker.requestsToken(ctx, fmt.Sprintf("first-%d", i), server.slow())
		}
		Eventually(server.requests.Load).Should(BeEquivalentTo(inFlight))
	})

	// wait creates ClientCredentials that find the host busy, one after the other.
	wait := func(ctx SpecContext, names ...string) {
		GinkgoHelper()
		for _, name := range names {
			before := reconciles()
			w.attacker.requestsToken(ctx, name, server.slow())
			Eventually(reconciles).Should(BeNumerically(">", before))
		}
	}

	It("cause at most two reconciles each within three minutes", func(ctx SpecContext) {
		for i := range waiting {
			wait(ctx, fmt.Sprintf("later-%d", i))
		}
		before := reconciles()
		Consistently(func() int {
			clock.Step(4 * time.Second)
			return reconciles() - before
		}).Should(BeNumerically("<=", 2*waiting), "one reconcile each to report the wait after half a minute, and one for the check every two minutes")
		w.attacker.reports(ctx, "later-0", matchers.HaveCondition("Ready", "False", "TokenEndpointBusy"))
		Expect(server.requests.Load()).To(BeEquivalentTo(inFlight))
	})

	It("send one request for each request that ends, and do so immediately", func(ctx SpecContext) {
		wait(ctx, "a", "b", "c", "d")
		for i := range 4 {
			server.release <- struct{}{}
			Eventually(server.requests.Load).Should(BeEquivalentTo(inFlight + 1 + i))
		}
		for range 4 {
			server.release <- struct{}{}
		}
		// The first ClientCredentials send no second request.
		Consistently(server.requests.Load).Should(BeEquivalentTo(inFlight + 4))
	})

	It("pass their turn on if they are deleted, suspended or moved to another server", func(ctx SpecContext) {
		wait(ctx, "deleted", "suspended", "moved", "served")
		Expect(apiServer.Delete(ctx, w.attacker.clientCredential("deleted", ""))).To(Succeed())
		edit(ctx, w.attacker.clientCredential("suspended", ""), func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
		other := newHeldServer()
		edit(ctx, w.attacker.clientCredential("moved", ""), func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.TokenEndpoint = other.URL })
		w.attacker.reports(ctx, "moved", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		w.attacker.reports(ctx, "suspended", matchers.HaveCondition("Ready", "False", "Suspended"))

		server.release <- struct{}{}
		Eventually(server.requests.Load).Should(BeEquivalentTo(inFlight + 1))
		for range inFlight {
			server.release <- struct{}{}
		}
		w.attacker.reports(ctx, "served", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(server.requests.Load()).To(BeEquivalentTo(inFlight + 1))
	})
})

var _ = It("A server that asks clients to wait for an hour causes at most two requests to the API server for each ClientCredential, and no token requests, meanwhile", func(ctx SpecContext) {
	clock := testingclock.NewFakeClock(time.Now().Truncate(time.Second))
	w := newWorld(ctx, standingStill(clock))
	server := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "3600")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	const objects = 10
	create(ctx, w.attacker.credentials("shared", map[string]string{"client_id": "a", "client_secret": secretOf("a")}))
	for i := range objects {
		name := fmt.Sprintf("paused-%d", i)
		create(ctx, w.attacker.clientCredential(name, server.URL, func(s *v1alpha1.ClientCredentialSpec) { s.CredentialsRef.Name = "shared" }))
		w.attacker.reports(ctx, name, matchers.HaveCondition("Ready", "False", "RateLimited"))
	}
	requests := server.requests.Load()
	w.mutex.Lock()
	before := len(w.sent)
	w.mutex.Unlock()
	reconciled, minutes := reconciles(), 0
	Consistently(func(g Gomega) {
		minutes++
		clock.Step(time.Minute)
		w.mutex.Lock()
		defer w.mutex.Unlock()
		g.Expect(len(w.sent)-before).To(BeNumerically("<=", 2*objects), "at most two requests for each ClientCredential: %v", w.sent[before:])
	}).Should(Succeed())
	Expect(server.requests.Load()).To(Equal(requests))
	Expect(reconciles()-reconciled).To(BeNumerically("<=", objects*(minutes/2+3)), "one reconcile of each ClientCredential every two minutes, and at most three more")
})

var _ = Describe("A tenant whose servers never answer", func() {
	It("delays no other tenant, even if it has 1,000 objects at 1,000 hosts", func(ctx SpecContext) {
		const objects, workers = 1000, 256
		w, server, honest := newWorld(ctx, patient), newHeldServer(), newHonestServer()
		before := w.victim.firstToken(ctx, "before", honest)
		create(ctx, w.attacker.credentials("shared", map[string]string{"client_id": "a", "client_secret": secretOf("a")}))
		for i := range objects {
			create(ctx, w.attacker.clientCredential(fmt.Sprintf("slow-%d", i), server.host(i)+"/slow", func(s *v1alpha1.ClientCredentialSpec) {
				s.CredentialsRef.Name = "shared"
			}))
		}
		Eventually(server.requests.Load).Should(BeNumerically(">=", 100))
		took, busy := w.victim.firstToken(ctx, "meanwhile", honest), metric("controller_runtime_active_workers")
		AddReportEntry(fmt.Sprintf("another tenant got its first token in %s, compared to %s before; %d of %d workers were free",
			took, before, workers-busy, workers))
		Expect(server.requests.Load()).To(BeNumerically("<", 200), "no request has ended, and few were sent")
		Expect(busy).To(BeNumerically("<=", workers/2))
		Expect(took).To(beAsSoonAs(before))
	})

	It("delays no other tenant, even if it has 300 revocations at 300 hosts", func(ctx SpecContext) {
		const objects = 300
		w, server := newWorld(ctx, patient), newHeldServer()
		create(ctx, w.attacker.credentials("shared", map[string]string{"client_id": "a", "client_secret": secretOf("a")}))
		for i := range objects {
			create(ctx, w.attacker.clientCredential(fmt.Sprintf("slow-%d", i), server.host(i), func(s *v1alpha1.ClientCredentialSpec) {
				s.CredentialsRef.Name = "shared"
				s.AuthorizationServer.Revocation = &v1alpha1.Revocation{Endpoint: server.host(i) + "/slow", OnDelete: ptr.To(true)}
			}))
		}
		all := client.InNamespace(w.attacker.namespace)
		Eventually(func(g Gomega) {
			list := &v1alpha1.ClientCredentialList{}
			g.Expect(apiServer.List(ctx, list, all)).To(Succeed())
			g.Expect(list.Items).To(HaveEach(HaveField("Status.Conditions", matchers.HaveCondition("Ready", "True", "TokenIssued"))))
		}).WithPolling(time.Second).Should(Succeed())
		Expect(apiServer.DeleteAllOf(ctx, &v1alpha1.ClientCredential{}, all)).To(Succeed())
		Eventually(server.held.Load).Should(BeNumerically(">=", 100))
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		Expect(server.held.Load()).To(BeNumerically("<", 200), "no request has ended, and few were sent")
	})

	It("delays no AuthorizationServer of another tenant, even if it has 50 issuers at 50 hosts", func(ctx SpecContext) {
		w, server := newWorld(ctx, patient), newHeldServer()
		for i := range 50 {
			create(ctx, &v1alpha1.AuthorizationServer{
				ObjectMeta: w.attacker.metadata(fmt.Sprintf("slow-%d", i)), Spec: v1alpha1.AuthorizationServerSpec{Issuer: server.host(i) + "/slow"},
			})
		}
		Eventually(server.held.Load).Should(BeNumerically(">=", 16))
		idp := &v1alpha1.AuthorizationServer{
			ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: "https://idp.example.com/token"},
		}
		create(ctx, idp)
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(idp), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).To(ContainElement(And(HaveField("Type", "Ready"), HaveField("Status", metav1.ConditionTrue))))
		}).Should(Succeed())
	})

	It("delays no other tenant of the same host", func(ctx SpecContext) {
		w, server := newWorld(ctx, patient), newHeldServer()
		for i := range 40 {
			w.attacker.requestsToken(ctx, fmt.Sprintf("slow-%d", i), server.slow())
		}
		Eventually(server.requests.Load).Should(BeNumerically(">=", 16))
		w.victim.isServed(ctx, "shop", server.URL)
		Expect(server.requests.Load()).To(BeEquivalentTo(17), "16 requests of the attacker, and one of the victim")
	})

	It("gets no more requests in flight by spelling the name of one host differently", func(ctx SpecContext) {
		w, server := newWorld(ctx, patient), newHeldServer()
		for i, spelling := range []string{"127.0.0.1:", "[::ffff:127.0.0.1]:", "[::FFFF:7f00:1]:", "127.0.0.1:0"} {
			for j := range 10 {
				w.attacker.requestsToken(ctx, fmt.Sprintf("slow-%d-%d", i, j), "http://"+spelling+server.port()+"/slow")
			}
		}
		Eventually(server.requests.Load).Should(BeNumerically(">=", 16))
		Consistently(server.requests.Load).Should(BeEquivalentTo(16))
	})
})
