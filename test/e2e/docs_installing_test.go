//go:build e2e

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
)

// installing lists the pages that start and end on a cluster without the operator.
var installing = []string{"docs/tutorial.md", "docs/install.md", "charts/tokensync/README.md"}

// installationNamespaces are the namespaces that these pages and the suite install into.
var installationNamespaces = []string{operatorNamespace, "tokensync", "vendor"}

// installationPages runs these pages on a cluster without tokensync.
func installationPages() {
	BeforeAll(func(ctx SpecContext) {
		removeEverything(ctx)
		// This namespace marks all tokensync objects as objects of the suite.
		createNamespace(ctx, suiteNamespace)
		makePrograms(ctx)
	})
	AfterEach(func(ctx SpecContext) { removeInstalled(ctx) })

	commands := readCommands()
	for _, name := range installing {
		It("has working commands in "+name, func(ctx SpecContext) {
			follow(ctx, "default", name, commands.run[name])
		}, NodeTimeout(pageTimeout))
	}
}

// uninstall uninstalls the releases of the chart that the suite and these pages installed.
func uninstall(ctx context.Context) {
	GinkgoHelper()
	for _, namespace := range installationNamespaces {
		helm(ctx, "uninstall", release, "--namespace", namespace, "--ignore-not-found", "--wait")
	}
}

// removeInstalled removes the operator, and the objects that a page leaves behind if it fails.
func removeInstalled(ctx context.Context) {
	GinkgoHelper()
	uninstall(ctx)
	kubectl(ctx, append([]string{"delete", "namespace", "--ignore-not-found", "--timeout=2m"}, installationNamespaces...)...)
	kubectl(ctx, "delete", "pod/weather-app", "secret/weather-client", "--namespace", "default", "--ignore-not-found")
	for _, definition := range installedDefinitions(ctx) {
		kubectl(ctx, "delete", "crd", definition.Name, "--ignore-not-found", "--timeout=1m")
	}
}
