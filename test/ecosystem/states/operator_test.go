package states_test

import (
	"context"
	"log"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/authserver"
)

// world is what one test has: a namespace, an authorization server that knows the
// client shop, a clock that stands still until it is stepped, and an operator.
type world struct {
	namespace string
	server    *authserver.Server
	clock     *testingclock.FakeClock
	began     time.Time
	metrics   *metrics.Metrics
	running   bool
	stop      func()
}

func newWorld(ctx SpecContext) *world {
	GinkgoHelper()
	w := &world{namespace: newNamespace(ctx), began: time.Now().Truncate(time.Second)}
	w.clock = testingclock.NewFakeClock(w.began)
	w.server = authserver.New(authserver.Options{Now: w.clock.Now})
	w.server.Config.ErrorLog = log.New(GinkgoWriter, "authserver: ", 0)
	w.server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t-of-the-shop"})
	DeferCleanup(w.server.Close)
	w.start()
	DeferCleanup(func() { w.stop() })
	return w
}

// start starts an operator that sees this test's namespace alone.
func (w *world) start() {
	GinkgoHelper()
	config := rest.CopyConfig(restConfig)
	config.QPS = -1
	cacheOptions := controllers.CacheOptions()
	cacheOptions.DefaultNamespaces = map[string]cache.Config{w.namespace: {}}
	mgr, err := manager.New(config, manager.Options{
		Scheme: scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"},
	})
	Expect(err).NotTo(HaveOccurred())
	w.metrics = metrics.New("test")
	w.metrics.ReadFrom(mgr.GetCache(), mgr.Elected())
	reconciler := &controllers.Reconciler{
		Clock:    w.clock,
		Recorder: events.NewFakeRecorder(10000),
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP:    true,
			AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			Timeout:      10 * time.Second,
		}),
		RequireCredentialsLabel: true,
		Metrics:                 w.metrics,
	}
	ctx, cancel := context.WithCancel(context.Background())
	Expect(reconciler.AddToManager(ctx, mgr, controller.Options{
		SkipNameValidation: ptr.To(true),
		NewQueue: func(_ string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
			return workqueue.NewTypedRateLimitingQueueWithConfig(limiter,
				workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{Clock: w.clock})
		},
	})).To(Succeed())
	ended := make(chan struct{})
	go func() {
		defer GinkgoRecover()
		defer close(ended)
		Expect(mgr.Start(ctx)).To(Succeed())
	}()
	Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	Eventually(mgr.Elected()).Should(BeClosed())
	w.running = true
	w.stop = func() {
		w.running = false
		cancel()
		// The queue's delays wait for the clock of the test.
		Eventually(func() <-chan struct{} { w.nudge(); return ended }).Should(BeClosed())
	}
}

// after lets time go by until so long after the start of the test.
func (w *world) after(since time.Duration) { w.clock.SetTime(w.began.Add(since)) }

// nudge lets the queue look at the clock: what was put there for an instant that has
// passed meanwhile waits for the next step.
func (w *world) nudge() { w.clock.Step(time.Millisecond) }
