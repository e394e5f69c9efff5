//go:build interop

// Package interop_test runs the operator against an authorization server of another project. The server
// is a certified OpenID provider, with TLS, the real clock and a real API server.
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
	// op requests client certificates at all of its endpoints. apart requests them only at its mTLS
	// endpoint aliases.
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

// newNamespace creates a namespace for one test. Its ClientCredentials are deleted after the test, so
// they request no more tokens.
func newNamespace(ctx SpecContext) string {
	GinkgoHelper()
	namespace := controlplane.NewNamespace(ctx, apiServer)
	DeferCleanup(func(ctx SpecContext) {
		Expect(apiServer.DeleteAllOf(ctx, &v1alpha1.ClientCredential{}, client.InNamespace(namespace))).To(Succeed())
	})
	return namespace
}
