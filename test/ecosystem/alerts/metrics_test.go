package alerts_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/metrics"
)

// targetLabels are the labels that Prometheus adds to each series of a Pod.
var targetLabels = []string{"instance", "job", "namespace", "pod"}

// exported returns the series that the operator exports, with the names of their labels.
func exported() map[string]sets.Set[string] {
	GinkgoHelper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(operator())
	runController()
	standForElection()
	families, err := prometheus.Gatherers{registry, ctrlmetrics.Registry}.Gather()
	Expect(err).NotTo(HaveOccurred())

	series := map[string]sets.Set[string]{}
	for _, family := range families {
		labels := sets.New(targetLabels...)
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				labels.Insert(pair.GetName())
			}
		}
		if family.GetType() != dto.MetricType_HISTOGRAM {
			series[family.GetName()] = labels
			continue
		}
		series[family.GetName()+"_sum"], series[family.GetName()+"_count"] = labels, labels
		series[family.GetName()+"_bucket"] = labels.Clone().Insert("le")
	}
	return series
}

// operator returns metrics in which every event has been recorded once.
func operator() *metrics.Metrics {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	cache := fake.NewClientBuilder().WithScheme(scheme).WithObjects(&v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"},
		Status:     v1alpha1.ClientCredentialStatus{Token: &v1alpha1.TokenStatus{ExpiresAt: metav1.Now(), RenewAt: metav1.Now()}},
	}).Build()
	elected := make(chan struct{})
	close(elected)

	operator := metrics.New("v1.0.0")
	operator.ReadFrom(cache, elected)
	operator.TokenRequested("shop", "https://idp.example.com/token", time.Second, nil)
	operator.Waited("shop", "https://idp.example.com/token", time.Minute)
	operator.Renewed(time.Unix(0, 0), time.Unix(3600, 0), time.Unix(2400, 0))
	return operator
}

// runController makes controller-runtime register the metrics of a controller and its queue by
// reconciling once.
func runController() {
	GinkgoHelper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	once := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
		stop()
		return reconcile.Result{}, nil
	})
	runner, err := controller.NewUnmanaged("clientcredential", controller.Options{Reconciler: once, SkipNameValidation: ptr.To(true)})
	Expect(err).NotTo(HaveOccurred())
	Expect(runner.Watch(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		queue.Add(reconcile.Request{})
		return nil
	}))).To(Succeed())
	Expect(runner.Start(ctx)).To(Succeed())
}

// standForElection makes client-go register the metrics of a replica.
func standForElection() {
	GinkgoHelper()
	_, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name: leaseName(), Lock: &resourcelock.LeaseLock{LockConfig: resourcelock.ResourceLockConfig{Identity: "a"}},
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}},
	})
	Expect(err).NotTo(HaveOccurred())
}
