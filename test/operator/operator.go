// Package operator starts the operator in the process of the tests.
package operator

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/test/controlplane"
)

// Operator is one that runs.
type Operator struct {
	end context.CancelFunc
	// told is closed once the contexts of the controllers have ended, and ended once the
	// operator has.
	told, ended chan struct{}
	// clock is nil when it is the real one.
	clock *testingclock.FakeClock
	cache client.Reader

	mutex sync.Mutex
	// queues of the controllers, if their clock is a fake one.
	queues []*queue
}

// Start starts an operator that sees the given namespaces, or all when none is
// given. When the reconciler has a fake clock, its queue goes by that too.
func Start(config *rest.Config, logger logr.Logger, reconciler *controllers.Operator, namespaces ...string) *Operator {
	GinkgoHelper()
	mgr := newManager(config, logger, namespaces)
	ctx, cancel := context.WithCancel(context.Background())
	o := &Operator{end: cancel, told: make(chan struct{}), ended: make(chan struct{}), cache: mgr.GetCache()}
	// One process starts many operators, all with controllers of the same names.
	options := controller.Options{SkipNameValidation: ptr.To(true)}
	if o.clock = fakeClockOf(reconciler); o.clock != nil {
		options.NewQueue = o.newQueue
	}
	Expect(reconciler.AddToManager(ctx, mgr, options)).To(Succeed())
	Expect(mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		<-ctx.Done()
		close(o.told)
		return nil
	}))).To(Succeed())
	go func() {
		defer GinkgoRecover()
		defer close(o.ended)
		Expect(mgr.Start(ctx)).To(Succeed())
	}()
	Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	Eventually(mgr.Elected()).Should(BeClosed())
	return o
}

func fakeClockOf(reconciler *controllers.Operator) *testingclock.FakeClock {
	switch fake := reconciler.Clock.(type) {
	case *testingclock.FakeClock:
		return fake
	case *WallClock:
		return fake.FakeClock
	}
	return nil
}

func (o *Operator) newQueue(_ string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	made := newQueue(o.clock, limiter)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.queues = append(o.queues, made)
	return made
}

// Cache is what the operator knows of the cluster.
func (o *Operator) Cache() client.Reader { return o.cache }

// State returns whether the operator has nothing to do before its clock is stepped or an
// event comes, how much it has done so far, and when it has something to do again,
// which is zero for never. It is for operators with a fake clock.
func (o *Operator) State() (isIdle bool, changes int, next time.Time) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	isIdle = true
	for _, queue := range o.queues {
		idle, done, due := queue.state()
		isIdle, changes = isIdle && idle, changes+done
		if next.IsZero() || (!due.IsZero() && due.Before(next)) {
			next = due
		}
	}
	return isIdle, changes, next
}

// TellToEnd tells it to end, and waits until the reconciles know, but not until they end.
func (o *Operator) TellToEnd() {
	o.end()
	<-o.told
}

// Stop tells it to end, and waits until it has.
func (o *Operator) Stop() {
	GinkgoHelper()
	o.TellToEnd()
	Eventually(func() <-chan struct{} {
		if o.clock != nil {
			// The queue's delays wait for the clock of the test.
			o.clock.Step(time.Millisecond)
		}
		return o.ended
	}).Should(BeClosed())
}

func newManager(config *rest.Config, logger logr.Logger, namespaces []string) manager.Manager {
	GinkgoHelper()
	config = rest.CopyConfig(config)
	config.QPS = -1
	controllers.BoundRetryAfter(config)
	mgr, err := manager.New(config, manager.Options{
		Scheme:  controlplane.Scheme(),
		Cache:   controllers.CacheOptions(namespaces...),
		Metrics: metricsserver.Options{BindAddress: "0"},
		Logger:  logger,
	})
	Expect(err).NotTo(HaveOccurred())
	return mgr
}
