// Package states_test brings a ClientCredential into each of its states, and checks the results of other
// projects' tools.
package states_test

import (
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/test/controlplane"
)

// root is the root of the repository.
var root = filepath.Join("..", "..", "..")

func TestStates(t *testing.T) {
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	SetDefaultConsistentlyDuration(500 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "States")
}

var (
	restConfig *rest.Config
	// apiServer is the client of the tests; it has no cache.
	apiServer client.Client
)

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	environment, uncached := controlplane.Start(root)
	restConfig, apiServer = environment.Config, uncached
})

// newNamespace creates a namespace for one test.
func newNamespace(ctx SpecContext) string {
	GinkgoHelper()
	return controlplane.NewNamespace(ctx, apiServer)
}
