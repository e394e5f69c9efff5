package hostile_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/operator"
)

// world is an operator in the process of the test, and its two tenants.
type world struct {
	settings
	// victim and attacker are tenants, each with its own namespace.
	victim, attacker *tenant

	operator *operator.Operator
	recorder *events.FakeRecorder
	logs     *gbytes.Buffer

	mutex sync.Mutex
	// sent holds the requests that the operator sent to the API server, such as
	// "PATCH /api/v1/namespaces/a/secrets/b".
	sent   []string
	events []string
	// intercept, if set, may answer a request to the API server.
	intercept func(*http.Request) *http.Response
	// lag, if set, is called with each part of a watch before the operator sees it. It may block
	// until the context ends.
	lag func(context.Context, *http.Request)
}

// settings are the options that a spec may change before the operator starts.
type settings struct {
	// clock is the real clock by default.
	clock clock.WithTicker
	// tokenEndpoint has a request timeout of 2 s by default.
	tokenEndpoint tokenendpoint.Options
	// reconciler changes the Operator.
	reconciler func(*controllers.Operator)
}

// newWorld starts an operator that serves the namespaces of both tenants.
func newWorld(ctx SpecContext, change ...func(*settings)) *world {
	GinkgoHelper()
	w := &world{logs: gbytes.NewBuffer(), settings: settings{
		clock: clock.RealClock{},
		tokenEndpoint: tokenendpoint.Options{
			AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 2 * time.Second,
		},
		reconciler: func(*controllers.Operator) {},
	}}
	for _, change := range change {
		change(&w.settings)
	}
	w.tokenEndpoint.Clock = w.clock
	w.victim, w.attacker = newTenant(ctx), newTenant(ctx)
	w.start()
	DeferCleanup(func() { w.operator.Stop() })
	return w
}

func (w *world) start() {
	GinkgoHelper()
	config := rest.CopyConfig(restConfig)
	config.Wrap(w.wrap)
	w.recorder = events.NewFakeRecorder(100_000)
	reconciler := &controllers.Operator{
		Clock:         w.clock,
		Recorder:      w.recorder,
		TokenEndpoint: tokenendpoint.NewClient(w.tokenEndpoint),
		Policy:        resolve.Policy{RequireCredentialsLabel: true},
	}
	w.reconciler(reconciler)
	logger := zap.New(zap.WriteTo(io.MultiWriter(w.logs, GinkgoWriter)), zap.Level(zapcore.Level(-5)))
	w.operator = operator.Start(config, logger, reconciler, w.victim.namespace, w.attacker.namespace)
}

func (w *world) restart() {
	GinkgoHelper()
	w.operator.Stop()
	w.eventsSoFar()
	w.start()
}

// wrap records the requests to the API server.
func (w *world) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		w.mutex.Lock()
		w.sent = append(w.sent, request.Method+" "+request.URL.Path)
		intercept := w.intercept
		w.mutex.Unlock()
		if intercept != nil {
			if response := intercept(request); response != nil {
				return response, nil
			}
		}
		response, err := next.RoundTrip(request)
		if err == nil && request.URL.Query().Get("watch") != "" {
			response.Body = &watchBody{response.Body, w, request}
		}
		return response, err
	})
}

// watchBody is the body of a watch that may lag behind.
type watchBody struct {
	io.ReadCloser
	world   *world
	request *http.Request
}

func (b *watchBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	b.world.mutex.Lock()
	lag := b.world.lag
	b.world.mutex.Unlock()
	if lag != nil {
		lag(b.request.Context(), b.request)
	}
	return n, err
}

// lagWith sets a function that is called with each part of a watch before the operator sees it.
func (w *world) lagWith(lag func(context.Context, *http.Request)) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.lag = lag
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// interceptWith sets a function that may answer requests to the API server. A nil response passes the
// request on.
func (w *world) interceptWith(intercept func(*http.Request) *http.Response) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.intercept = intercept
}

func answered(request *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}
}

// writes returns the requests so far that change objects.
func (w *world) writes() (writes []string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, request := range w.sent {
		if !strings.HasPrefix(request, http.MethodGet) {
			writes = append(writes, request)
		}
	}
	return writes
}

// eventsSoFar returns all events, such as "Normal TokenRevoked the token was revoked".
func (w *world) eventsSoFar() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for len(w.recorder.Events) > 0 {
		w.events = append(w.events, <-w.recorder.Events)
	}
	return w.events
}

// shown returns everything that a reader of logs, events and the given objects can see.
func (w *world) shown(ctx SpecContext, objects ...client.Object) string {
	GinkgoHelper()
	shown := string(w.logs.Contents()) + strings.Join(w.eventsSoFar(), "\n")
	for _, object := range objects {
		Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
		shown += fmt.Sprintf("\n%+v", object)
	}
	return shown
}
