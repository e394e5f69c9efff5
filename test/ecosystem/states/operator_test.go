package states_test

import (
	"log"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"k8s.io/client-go/tools/events"
	testingclock "k8s.io/utils/clock/testing"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/operator"
)

// world is the environment of one test: a namespace, an authorization server that knows the client
// shop, a clock that the test steps, and an operator.
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

// start starts an operator that watches only the namespace of this test.
func (w *world) start() {
	GinkgoHelper()
	w.metrics = metrics.New("test")
	started := operator.Start(restConfig, logf.Log, &controllers.Operator{
		Clock:    w.clock,
		Recorder: events.NewFakeRecorder(10000),
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP:    true,
			AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			Timeout:      10 * time.Second,
			Clock:        w.clock,
		}),
		Policy:  resolve.Policy{RequireCredentialsLabel: true},
		Metrics: w.metrics,
	}, w.namespace)
	w.running = true
	w.stop = func() {
		w.running = false
		started.Stop()
	}
}

// after sets the clock to the given time after the start of the test.
func (w *world) after(since time.Duration) { w.clock.SetTime(w.began.Add(since)) }

// nudge makes the queue check the clock. Otherwise, an item whose time had passed when it was added would
// wait for the next step.
func (w *world) nudge() { w.clock.Step(time.Millisecond) }
