package formats_test

import (
	"context"
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// startOperator starts the one operator of all tests.
func startOperator(config *rest.Config) {
	GinkgoHelper()
	config.QPS = -1
	mgr, err := manager.New(config, manager.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	Expect(err).NotTo(HaveOccurred())
	reconciler := &controllers.Reconciler{
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		}),
		RequireCredentialsLabel: true,
	}
	ctx, cancel := context.WithCancel(context.Background())
	Expect(reconciler.AddToManager(ctx, mgr, controller.Options{})).To(Succeed())
	ended := make(chan struct{})
	go func() {
		defer GinkgoRecover()
		defer close(ended)
		Expect(mgr.Start(ctx)).To(Succeed())
	}()
	DeferCleanup(func() {
		cancel()
		Eventually(ended).Should(BeClosed())
	})
}
