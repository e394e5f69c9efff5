// Package operator starts the operator in the process of the tests.
package operator

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/test/controlplane"
)

// Operator is one that runs.
type Operator struct {
	// TellToEnd asks it to end, and does not wait for that.
	TellToEnd context.CancelFunc
	ended     chan struct{}
	// clock is nil when it is the real one.
	clock *testingclock.FakeClock
}

// Start starts an operator that sees the given namespaces, or all when none is
// given. When the reconciler has a fake clock, its queue goes by that too.
func Start(config *rest.Config, logger logr.Logger, reconciler *controllers.Reconciler, namespaces ...string) *Operator {
	GinkgoHelper()
	mgr := newManager(config, logger, namespaces)
	ctx, cancel := context.WithCancel(context.Background())
	o := &Operator{TellToEnd: cancel, ended: make(chan struct{})}
	// One process starts many operators, all with controllers of the same names.
	options := controller.Options{SkipNameValidation: ptr.To(true)}
	if fake, ok := reconciler.Clock.(*testingclock.FakeClock); ok {
		o.clock = fake
		options.NewQueue = func(_ string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
			return workqueue.NewTypedRateLimitingQueueWithConfig(limiter,
				workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{Clock: fake})
		}
	}
	Expect(reconciler.AddToManager(ctx, mgr, options)).To(Succeed())
	go func() {
		defer GinkgoRecover()
		defer close(o.ended)
		Expect(mgr.Start(ctx)).To(Succeed())
	}()
	Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	Eventually(mgr.Elected()).Should(BeClosed())
	return o
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
	mgr, err := manager.New(config, manager.Options{
		Scheme:  controlplane.Scheme(),
		Cache:   controllers.CacheOptions(namespaces...),
		Metrics: metricsserver.Options{BindAddress: "0"},
		Logger:  logger,
	})
	Expect(err).NotTo(HaveOccurred())
	return mgr
}
