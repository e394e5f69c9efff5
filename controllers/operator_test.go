package controllers_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/types"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/throttle"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
	"github.com/tokensync/tokensync/test/operator"
)

// requestTimeout is short, so that slow servers do not make slow tests.
const requestTimeout = time.Second

// world is the environment of one test: a namespace, an authorization server, a fake clock, and an operator
// that can be restarted.
type world struct {
	namespace string
	server    *authserver.Server
	clock     *testingclock.FakeClock
	recorder  *events.FakeRecorder
	events    []string
	traffic   *traffic
	logs      *gbytes.Buffer
	// throttle belongs to the current operator. releases end the requests that makeBusy put in flight.
	throttle *throttle.Throttle
	releases []func(time.Time)
	// foreign holds the hosts outside of the test to which the operator tried to send a token request.
	foreign sync.Map
	// requireLabel, forbidInline, namedOnly (named namespaces only) and resources (the cluster resource
	// namespace) take effect at the next start.
	requireLabel, forbidInline, namedOnly bool
	resources                             string
	// tracer also takes effect at the next start.
	tracer trace.Tracer
	// metrics belong to the current operator.
	metrics *metrics.Metrics

	// beginStop begins to stop the operator; stop also waits until it has stopped.
	beginStop, stop func()
	// isIdle reports whether the operator has nothing to do until the clock advances.
	isIdle func() bool
}

func newWorld(ctx SpecContext) *world {
	GinkgoHelper()
	w := &world{
		namespace:    newNamespace(ctx),
		clock:        testingclock.NewFakeClock(time.Now().Truncate(time.Second)),
		traffic:      &traffic{},
		logs:         gbytes.NewBuffer(),
		requireLabel: true,
	}
	w.server = w.newServer(authserver.Options{})
	w.start()
	DeferCleanup(func() { w.stop() })
	return w
}

// newServer starts an authorization server that knows the clients shop and public.
func (w *world) newServer(options authserver.Options) *authserver.Server {
	options.Now = w.clock.Now
	server := authserver.New(options)
	server.Config.ErrorLog = log.New(GinkgoWriter, "authserver: ", 0)
	server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t-of-the-shop"}, authserver.Client{ID: "public"})
	DeferCleanup(server.Close)
	return server
}

// start starts an operator that is limited to the namespace of the test.
func (w *world) start() {
	GinkgoHelper()
	config := rest.CopyConfig(restConfig)
	config.Wrap(w.traffic.wrap)
	logger := zap.New(zap.WriteTo(io.MultiWriter(w.logs, GinkgoWriter)), zap.Level(zapcore.Level(-5)))
	w.recorder, w.metrics = events.NewFakeRecorder(10000), metrics.New("v1.2.3")
	w.throttle = throttle.New()
	endpoint := &tokenEndpoint{foreign: &w.foreign, Client: tokenendpoint.NewClient(tokenendpoint.Options{
		AllowHTTP:    true,
		AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Timeout:      requestTimeout,
		Clock:        w.clock,
	})}
	started := operator.Start(config, logger, &controllers.Operator{
		Clock:         w.clock,
		Recorder:      w.recorder,
		TokenEndpoint: endpoint,
		Throttle:      w.throttle,
		Policy: resolve.Policy{
			RequireCredentialsLabel:  w.requireLabel,
			ForbidInlineServers:      w.forbidInline,
			NamedNamespacesOnly:      w.namedOnly,
			ClusterResourceNamespace: w.resources,
		},
		Metrics: w.metrics,
		Tracer:  w.tracer,
	}, w.namespace)
	w.beginStop, w.stop = started.BeginStop, started.Stop
	w.isIdle = func() bool {
		idle, _, _ := started.State()
		return idle
	}
}

func (w *world) restart() {
	GinkgoHelper()
	w.stop()
	w.start()
}

// step advances the clock by a duration, and setTime to an instant. Both first wait until the operator is
// idle, because the requeue delay of a running reconcile would count from the new time.
func (w *world) step(by time.Duration) {
	GinkgoHelper()
	w.setTime(w.clock.Now().Add(by))
}

func (w *world) setTime(at time.Time) {
	GinkgoHelper()
	Eventually(w.isIdle).Should(BeTrue())
	w.clock.SetTime(at)
}

// within advances the clock in small steps until the assertions succeed, by at most limit.
func (w *world) within(limit time.Duration, until func(g Gomega)) {
	GinkgoHelper()
	deadline := w.clock.Now().Add(limit)
	var polled bool
	Eventually(func(g Gomega) {
		if polled && w.clock.Now().Before(deadline) {
			w.clock.Step(limit / 100)
		}
		polled = true
		until(g)
	}).Should(Succeed())
}

// makeBusy fills the in-flight limit of the server with other requests.
func (w *world) makeBusy() {
	GinkgoHelper()
	for i := range 100 {
		leave, ok := w.throttle.TryEnter(throttle.HostKey(w.server.URL), fmt.Sprintf("other-%d", i))
		if !ok {
			return
		}
		w.releases = append(w.releases, leave)
	}
	Fail("100 requests do not fill the in-flight limit")
}

// makeFree ends the requests that makeBusy put in flight.
func (w *world) makeFree() {
	for _, leave := range w.releases {
		leave(w.clock.Now())
	}
	w.releases = nil
}

// tokenEndpoint is the real client, except that it refuses host names. So even a failing test sends no
// request to a vendor.
type tokenEndpoint struct {
	*tokenendpoint.Client
	foreign *sync.Map
}

func (e *tokenEndpoint) Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error) {
	if to, err := url.Parse(request.URL); err == nil && net.ParseIP(to.Hostname()) == nil {
		e.foreign.Store(to.Host, true)
		return oauth2.Response{}, problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointUnreachable, "the tests send no request to %s", to.Host)
	}
	return e.Client.Send(ctx, request)
}

// eventsSoFar returns the events that the operator has sent in this test.
func (w *world) eventsSoFar() []string {
	for len(w.recorder.Events) > 0 {
		w.events = append(w.events, <-w.recorder.Events)
	}
	return w.events
}

// foreignHosts returns the hosts outside of the test to which the operator tried to send a token request.
func (w *world) foreignHosts() (hosts []any) {
	w.foreign.Range(func(host, _ any) bool { hosts = append(hosts, host); return true })
	return hosts
}

// tokenRequests counts the token requests of the client shop.
func (w *world) tokenRequests() int { return len(w.server.Requests("shop")) }

// get returns a function that reads a ClientCredential live, for polling.
func (w *world) get(ctx SpecContext, name string) func(Gomega) *v1alpha1.ClientCredential {
	return func(g Gomega) *v1alpha1.ClientCredential {
		clientCredential := &v1alpha1.ClientCredential{}
		g.Expect(apiServer.Get(ctx, w.key(name), clientCredential)).To(Succeed())
		return clientCredential
	}
}

// eventuallySays waits until the conditions match.
func (w *world) eventuallySays(ctx SpecContext, name string, conditions ...types.GomegaMatcher) {
	GinkgoHelper()
	Eventually(func(g Gomega) { g.Expect(w.get(ctx, name)(g).Status.Conditions).To(And(conditions...)) }).Should(Succeed())
}

// saysWithin advances the clock until the conditions match.
func (w *world) saysWithin(ctx SpecContext, name string, limit time.Duration, conditions ...types.GomegaMatcher) {
	GinkgoHelper()
	w.within(limit, func(g Gomega) { g.Expect(w.get(ctx, name)(g).Status.Conditions).To(And(conditions...)) })
}

// eventuallyReady waits until the ClientCredential is Ready without another condition, and returns its token
// Secret.
func (w *world) eventuallyReady(ctx SpecContext, name string) *corev1.Secret {
	GinkgoHelper()
	var target string
	Eventually(func(g Gomega) {
		clientCredential := w.get(ctx, name)(g)
		g.Expect(clientCredential.Status.ObservedGeneration).To(HaveValue(Equal(clientCredential.Generation)))
		g.Expect(clientCredential.Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
		g.Expect(clientCredential.Status.Conditions).To(HaveLen(1))
		target = clientCredential.TargetName()
	}).Should(Succeed())
	return w.secret(ctx, target)
}
