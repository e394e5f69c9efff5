//go:build interop

// Package interop_test lets the operator get its tokens from an authorization server that nobody here
// wrote: a certified OpenID provider, over TLS, with the real clock and a real API server.
package interop_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/interop/provider"
)

func TestInterop(t *testing.T) {
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Interop")
}

var (
	scheme = runtime.NewScheme()
	// apiServer is the client of the tests; it has no cache.
	apiServer client.Client
	running   *operator
	// op takes client certificates at all of its endpoints, apart only at the aliases for that.
	op, apart *provider.Provider
)

var _ = BeforeSuite(func(ctx SpecContext) {
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	restConfig, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(environment.Stop)
	apiServer, err = client.New(restConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	running = startOperator(restConfig)

	authority, err := provider.NewAuthority("interop authority")
	Expect(err).NotTo(HaveOccurred())
	registerClients(authority)
	op = startProvider(ctx, provider.Options{Authority: authority})
	apart = startProvider(ctx, provider.Options{Authority: authority, MTLSApart: true})
}, NodeTimeout(5*time.Minute))

func startProvider(ctx context.Context, options provider.Options) *provider.Provider {
	GinkgoHelper()
	for _, known := range clients {
		options.Clients = append(options.Clients, known.Client)
	}
	options.Resources = []provider.Resource{
		{URI: orders, Scopes: []string{"orders:read"}, JWT: true, Lifetime: 5 * time.Minute},
	}
	options.Log = GinkgoWriter
	started, err := provider.Start(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(started.Close)
	return started
}

// newNamespace makes a namespace for one test. What the test leaves there asks for no more tokens.
func newNamespace(ctx SpecContext) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "interop-"}}
	Expect(apiServer.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(apiServer.DeleteAllOf(ctx, &v1alpha1.ClientCredential{}, client.InNamespace(namespace.Name))).To(Succeed())
	})
	return namespace.Name
}
