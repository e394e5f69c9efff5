//go:build e2e

// Package e2e_test installs the operator on a real cluster as its users do, and checks the behaviour
// that they rely on. CONTRIBUTING.md describes how to run it.
package e2e_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

func TestE2E(t *testing.T) {
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(500 * time.Millisecond)
	SetDefaultConsistentlyDuration(5 * time.Second)
	SetDefaultConsistentlyPollingInterval(500 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RegisterFailHandler(Fail)
	RunSpecs(t, "End to end")
}

var (
	environment settings
	restConfig  *rest.Config
	// apiServer has no cache. clientset is for requests that apiServer does not support.
	apiServer client.Client
	clientset kubernetes.Interface
)

var _ = BeforeSuite(func(ctx SpecContext) {
	logf.SetLogger(GinkgoLogr)
	environment = readSettings()
	connect()
	lock(ctx)
	refuseForeignCluster(ctx)
	removeEverything(ctx)

	ready := false
	DeferCleanup(func(ctx SpecContext) { removeEverything(ctx) }, NodeTimeout(5*time.Minute))
	DeferCleanup(func(ctx SpecContext) {
		if !ready {
			diagnose(ctx)
		}
	})
	createNamespace(ctx, suiteNamespace)
	createNamespace(ctx, operatorNamespace)
	startAuthorizationServer(ctx)
	install(ctx, environment.image)
	startWorkload(ctx)
	ready = true
}, NodeTimeout(10*time.Minute))

// The specs follow the life of an installation, because a separate installation for each spec would
// take too long. A workload uses its token from the first spec to the spec that checks three lifetimes.
// The last specs run the pages that begin with an empty cluster.
var _ = Describe("tokensync on a cluster", Ordered, ContinueOnFailure, func() {
	JustAfterEach(func(ctx SpecContext) {
		if CurrentSpecReport().Failed() {
			diagnose(ctx)
		}
	})

	Describe("from its installation to its removal:", func() {
		AfterEach(func(ctx SpecContext) {
			expectNothingForbidden(ctx)
			expectLongLivedTokenKept(ctx)
		})

		Describe("The installation", installation)
		Describe("The leader", leaderChange)
		Describe("An upgrade", upgrade)
		Describe("A deletion", deletion)
		Describe("Access", access)
		Describe("The documentation", documentation)
		Describe("A workload", threeLifetimes)
		Describe("While the operator is down", whileDown)
		Describe("A removal", removal)
	})
	Describe("The documentation of the installation", installationPages)
})
