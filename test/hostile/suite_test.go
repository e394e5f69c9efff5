// Package hostile_test attacks the operator as servers, as tenants and as readers of objects, and shows
// where each attack ends. docs/security.md lists the specs.
package hostile_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/test/controlplane"
)

func TestHostile(t *testing.T) {
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	SetDefaultConsistentlyDuration(500 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Hostile")
}

var (
	environment *envtest.Environment
	restConfig  *rest.Config
	// apiServer is the client of the tests; it has no cache.
	apiServer client.Client
)

// apiAudience is one of the audiences of the API server.
const apiAudience = "kubernetes.svc.default"

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	environment, apiServer = controlplane.Start("../..", func(arguments *envtest.Arguments) {
		// These audiences differ from the issuer and from the name of the API server.
		arguments.Set("api-audiences", apiAudience, "https://API.example.com/")
	})
	restConfig = environment.Config
})
