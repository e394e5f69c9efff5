package controllers_test

import (
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

func TestControllers(t *testing.T) {
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	SetDefaultConsistentlyDuration(500 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Controllers")
}

var (
	restConfig *rest.Config
	// apiServer is the uncached client of the tests.
	apiServer client.Client
)

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	environment, uncached := controlplane.Start("..")
	restConfig, apiServer = environment.Config, uncached
})

// newNamespace creates a namespace for one test.
func newNamespace(ctx SpecContext) string {
	GinkgoHelper()
	return controlplane.NewNamespace(ctx, apiServer)
}
