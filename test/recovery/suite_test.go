// Package recovery_test plays scripts of failures against the operator and a real API server. It checks when
// tokens are requested, what the conditions report, and that there is a token soon after the failure ends.
package recovery_test

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

func TestRecovery(t *testing.T) {
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Recovery")
}

var (
	restConfig *rest.Config
	// apiServer is the client of the tests; it has no cache.
	apiServer client.Client
)

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	environment, uncached := controlplane.Start("../..")
	restConfig, apiServer = environment.Config, uncached
})
