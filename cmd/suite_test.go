package main

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/tokensync/tokensync/test/controlplane"
)

func TestManager(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Manager")
}

// The tests run the binary as a process, so that they can kill it.
var (
	environment *envtest.Environment
	apiServer   client.Client
	binary      string
	kubeconfig  string
)

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	binary, err = gexec.Build("github.com/tokensync/tokensync/cmd")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(gexec.CleanupBuildArtifacts)

	environment, apiServer = controlplane.Start("..")
	installRoles(ctx)
	kubeconfig = kubeconfigOf("system:serviceaccount:system:controller-manager")
})
