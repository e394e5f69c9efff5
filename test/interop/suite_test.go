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
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/interop/provider"
)

func TestInterop(t *testing.T) {
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Interop")
}

var (
	// apiServer is the client of the tests; it has no cache.
	apiServer client.Client
	running   *observed
	// op takes client certificates at all of its endpoints, apart only at the aliases for that.
	op, apart *provider.Provider
)

var _ = BeforeSuite(func(ctx SpecContext) {
	environment, uncached := controlplane.Start(filepath.Join("..", ".."))
	apiServer = uncached
	running = startOperator(environment.Config)

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
	namespace := controlplane.NewNamespace(ctx, apiServer)
	DeferCleanup(func(ctx SpecContext) {
		Expect(apiServer.DeleteAllOf(ctx, &v1alpha1.ClientCredential{}, client.InNamespace(namespace))).To(Succeed())
	})
	return namespace
}
