// Package operator starts the operator in the process of a test.
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

// Operator is a running operator.
type Operator struct {
	end context.CancelFunc
	// cancelled is closed once the contexts of the controllers are cancelled. ended is closed once the
	// operator has ended.
	cancelled, ended chan struct{}
	// clock is nil if the operator uses the real clock.
	clock *testingclock.FakeClock
	cache client.Reader

	mutex sync.Mutex
	// queues are the queues of the controllers, if the operator uses a fake clock.
	queues []*queue
}

// Start starts an operator that watches the given namespaces, or all namespaces if none is given. If
// the reconciler has a fake clock, the queues use it too.
func Start(config *rest.Config, logger logr.Logger, reconciler *controllers.Operator, namespaces ...string) *Operator {
	GinkgoHelper()
	mgr := newManager(config, logger, namespaces)
	ctx, cancel := context.WithCancel(context.Background())
	o := &Operator{end: cancel, cancelled: make(chan struct{}), ended: make(chan struct{}), cache: mgr.GetCache()}
	// One process starts many operators, whose controllers have the same names.
	options := controller.Options{SkipNameValidation: ptr.To(true)}
	if o.clock = fakeClockOf(reconciler); o.clock != nil {
		options.NewQueue = o.newQueue
	}
	Expect(reconciler.AddToManager(ctx, mgr, options)).To(Succeed())
	Expect(mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		<-ctx.Done()
		close(o.cancelled)
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

// Cache returns the operator's cache of the cluster.
func (o *Operator) Cache() client.Reader { return o.cache }

// State reports whether the operator is idle until its clock is stepped or an event arrives. It also
// returns the number of changes so far and the time of the next work item, which is zero if there is
// none. The operator must use a fake clock.
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

// BeginStop starts the shutdown of the operator. It returns once the contexts of the reconciles are
// cancelled, before the reconciles end.
func (o *Operator) BeginStop() {
	o.end()
	<-o.cancelled
}

// Stop stops the operator, and waits until it has ended.
func (o *Operator) Stop() {
	GinkgoHelper()
	o.BeginStop()
	Eventually(func() <-chan struct{} {
		if o.clock != nil {
			// The delays in the queue depend on the fake clock.
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
