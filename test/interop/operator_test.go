//go:build interop

package interop_test

import (
	"context"
	"io"
	"net/netip"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// systemNamespace is where ClusterAuthorizationServers find what they name.
const systemNamespace = "tokensync-system"

// operator is the real one, in this process.
type operator struct {
	*tokenendpoint.Client
	logs  *gbytes.Buffer
	mutex sync.Mutex
	sent  []*oauth2.Request
}

// Send sends a token request for real, and keeps it for the test to look at.
func (o *operator) Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error) {
	o.mutex.Lock()
	o.sent = append(o.sent, request)
	o.mutex.Unlock()
	return o.Client.Send(ctx, request)
}

// requests are the token requests that were sent so far.
func (o *operator) requests() []*oauth2.Request {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.sent[:len(o.sent):len(o.sent)]
}

// startOperator starts an operator that trusts the system's authorities, and so not the provider's.
func startOperator(restConfig *rest.Config) *operator {
	GinkgoHelper()
	Expect(apiServer.Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: systemNamespace}})).To(Succeed())
	started := &operator{
		// The provider listens at a loopback address, which is denied otherwise.
		Client: tokenendpoint.NewClient(tokenendpoint.Options{AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		logs:   gbytes.NewBuffer(),
	}
	logger := zap.New(zap.WriteTo(io.MultiWriter(started.logs, GinkgoWriter)), zap.Level(zapcore.Level(-5)))
	logf.SetLogger(logger)
	config := rest.CopyConfig(restConfig)
	config.QPS = -1
	mgr, err := manager.New(config, manager.Options{
		Scheme:  scheme,
		Cache:   controllers.CacheOptions(),
		Metrics: metricsserver.Options{BindAddress: "0"},
		Logger:  logger,
	})
	Expect(err).NotTo(HaveOccurred())
	reconciler := &controllers.Reconciler{
		TokenEndpoint: started, RequireCredentialsLabel: true, ClusterResourceNamespace: systemNamespace,
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
	return started
}
