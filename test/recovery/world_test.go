package recovery_test

import (
	"context"
	"io"
	"log"
	"maps"
	"net/netip"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/operator"
)

// Timeouts of a token request, in real time. Only a server that hangs reaches its timeout, however busy the
// machine is.
const (
	requestTimeout   = 15 * time.Second
	timeoutOfHanging = 2 * time.Second
)

// world is an operator, a clock that stands still until the operator is idle, and the scenarios that are
// played at the same time.
type world struct {
	namespace string
	clock     *operator.WallClock
	start     time.Time
	actors    []*actor

	operator *operator.Operator
	recorder *events.FakeRecorder
	events   []string
	logs     *gbytes.Buffer
	// logged is the log at the end.
	logged string

	// writes counts the writes of the operator.
	writes atomic.Int64
	// objects were read when the operator was idle. changes and seenWrites are the numbers of queue changes
	// and of writes at that time.
	objects objects
	changes int
	// polled is the number of queue changes at the last poll that found the operator idle.
	polled     int
	seenWrites int64
	// timeout of token requests.
	timeout time.Duration

	// jumpedAt is when the clock jumped, by jumpedBy; -1 if it did not jump.
	jumpedAt, jumpedBy time.Duration
}

func newWorld(ctx context.Context) *world {
	GinkgoHelper()
	start := time.Now().Truncate(time.Second)
	return &world{
		namespace: controlplane.NewNamespace(ctx, apiServer), logs: gbytes.NewBuffer(), timeout: requestTimeout,
		clock: operator.NewWallClock(start), start: start, jumpedAt: -1,
	}
}

// since returns the time since the start. A jump of the clock does not count.
func (w *world) since() time.Duration { return w.clock.FakeClock.Now().Sub(w.start) }

// passedAt returns how long after the start the clock showed an instant.
func (w *world) passedAt(instant time.Time) time.Duration {
	at := instant.Sub(w.start)
	if w.jumpedAt >= 0 && (at < 0 || (w.jumpedBy > 0 && at >= w.jumpedAt+w.jumpedBy)) {
		return at - w.jumpedBy
	}
	return at
}

// play plays the scenarios until the last one ends.
func (w *world) play(ctx context.Context, scenarios []scenario) {
	GinkgoHelper()
	for _, scenario := range scenarios {
		if scenario.hangs {
			w.timeout = timeoutOfHanging
		}
		w.actors = append(w.actors, w.newActor(scenario))
	}
	w.startOperator()
	DeferCleanup(func() { w.operator.Stop() })
	w.act(ctx)
	for _, a := range w.actors {
		a.enter(ctx)
	}
	w.readAgain()
	for {
		w.settle(ctx)
		w.sample()
		if !w.advance() {
			w.logged = string(w.logs.Contents())
			return
		}
		w.act(ctx)
	}
}

func (w *world) startOperator() {
	GinkgoHelper()
	config := rest.CopyConfig(restConfig)
	config.Wrap(w.breaks)
	// Faults search the bodies of requests for names, so the bodies must be JSON.
	config.ContentType = "application/json"
	w.recorder = events.NewFakeRecorder(10000)
	w.operator = operator.Start(config, zap.New(zap.WriteTo(w.logs), zap.Level(zapcore.Level(-5))), &controllers.Operator{
		Clock:    w.clock,
		Recorder: w.recorder,
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP:    true,
			AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			Timeout:      w.timeout,
			Clock:        w.clock,
		}),
		Policy: resolve.Policy{RequireCredentialsLabel: true},
	}, w.namespace)
}

func (w *world) restart() {
	GinkgoHelper()
	w.operator.Stop()
	w.drainEvents()
	w.startOperator()
	w.readAgain()
}

// readAgain makes settle read all objects.
func (w *world) readAgain() { w.changes, w.seenWrites = -1, -1 }

func (w *world) drainEvents() {
	for len(w.recorder.Events) > 0 {
		w.events = append(w.events, <-w.recorder.Events)
	}
}

// objects are the objects of the namespace on the API server at an instant.
type objects struct {
	clientCredentials map[string]v1alpha1.ClientCredential
	secrets           map[string]corev1.Secret
	// versions of all objects that the operator watches.
	versions map[types.UID]string
}

// settle waits until the operator is idle and its cache shows all writes.
func (w *world) settle(ctx context.Context) {
	GinkgoHelper()
	Eventually(func() bool {
		isIdle, changes, _ := w.operator.State()
		if !isIdle {
			return false
		}
		writes := w.writes.Load()
		if changes == w.changes || writes == w.seenWrites {
			// Without a write or a queue change, no event is on its way.
			w.changes = changes
			return true
		}
		found := w.read(ctx)
		if !w.isSeen(ctx, found.versions) {
			return false
		}
		if w.polled != changes {
			// An event is in the cache shortly before it is in the queue, so the next poll checks again.
			w.polled = changes
			return false
		}
		if isIdle, after, _ := w.operator.State(); !isIdle || after != changes {
			return false
		}
		w.objects, w.changes, w.seenWrites = found, changes, writes
		return true
	}).Should(BeTrue(), "the operator is idle at %s", w.since())
	w.drainEvents()
}

func (w *world) read(ctx context.Context) objects {
	GinkgoHelper()
	found := objects{clientCredentials: map[string]v1alpha1.ClientCredential{}, secrets: map[string]corev1.Secret{}}
	clientCredentials, servers, secrets := &v1alpha1.ClientCredentialList{}, &v1alpha1.AuthorizationServerList{}, &corev1.SecretList{}
	for _, list := range []client.ObjectList{clientCredentials, servers, secrets} {
		Expect(apiServer.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
	}
	for _, item := range clientCredentials.Items {
		found.clientCredentials[item.Name] = item
	}
	for _, item := range secrets.Items {
		found.secrets[item.Name] = item
	}
	found.versions = versionsOf(clientCredentials, servers, secrets)
	return found
}

// isSeen reports whether the cache of the operator has these versions of all objects.
func (w *world) isSeen(ctx context.Context, versions map[types.UID]string) bool {
	GinkgoHelper()
	clientCredentials, servers := &v1alpha1.ClientCredentialList{}, &v1alpha1.AuthorizationServerList{}
	secrets := &metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "SecretList"}}
	for _, list := range []client.ObjectList{clientCredentials, servers, secrets} {
		Expect(w.operator.Cache().List(ctx, list, client.UnsafeDisableDeepCopy)).To(Succeed())
	}
	return maps.Equal(versions, versionsOf(clientCredentials, servers, secrets))
}

// versionsOf returns the resourceVersions of the objects in the lists.
func versionsOf(lists ...client.ObjectList) map[types.UID]string {
	GinkgoHelper()
	versions := map[types.UID]string{}
	for _, list := range lists {
		Expect(meta.EachListItem(list, func(item runtime.Object) error {
			metadata, err := meta.Accessor(item)
			if err == nil {
				versions[metadata.GetUID()] = metadata.GetResourceVersion()
			}
			return err
		})).To(Succeed())
	}
	return versions
}

// grain returns the step of the clock. Later steps in a scenario are longer.
func grain(at time.Duration) time.Duration {
	switch {
	case at < 5*minute:
		return second
	case at < 30*minute:
		return 5 * second
	}
	return 30 * second
}

// maxStep is the max time between two samples.
const maxStep = minute

// advance steps the clock to the time when the next action is due. It returns false when all
// scenarios have ended.
func (w *world) advance() bool {
	at, end := w.since(), time.Duration(0)
	next := at + maxStep
	for _, a := range w.actors {
		end = max(end, a.scenario.end())
		if a.done < len(a.scenario.then) {
			next = min(next, a.scenario.then[a.done].at)
		}
	}
	if at >= end {
		return false
	}
	if _, _, due := w.operator.State(); !due.IsZero() {
		step := grain(at)
		after := at + due.Sub(w.clock.FakeClock.Now())
		next = min(next, (after + step - 1).Truncate(step))
	}
	w.clock.Step(max(next-at, time.Millisecond))
	return true
}

// act runs the events that are due.
func (w *world) act(ctx context.Context) {
	for _, a := range w.actors {
		for a.done < len(a.scenario.then) && a.scenario.then[a.done].at <= w.since() {
			a.scenario.then[a.done].do(ctx, a)
			a.done++
			w.readAgain()
		}
	}
}

func (w *world) sample() {
	for _, a := range w.actors {
		a.sample()
	}
}

// newLog returns a log for the errors of a server, which Ginkgo shows only if a spec fails.
func newLog() *log.Logger { return log.New(io.Writer(GinkgoWriter), "authserver: ", 0) }
