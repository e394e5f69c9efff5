//go:build e2e

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
)

// diagnose shows the state of the cluster after a spec failed. It reads no Secret. The operator logs no
// token, and the workload prints only the beginning of a token's hash.
func diagnose(ctx context.Context) {
	everywhere := func(arguments ...string) { show(ctx, append(arguments, "--all-namespaces")...) }
	everywhere("get", "pods", "--output", "wide")
	everywhere("get", "clientcredentials", "--output", "wide")
	everywhere("get", "clientcredentials", "--output",
		`jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.status}{"\n"}{end}`)
	everywhere("get", "events", "--sort-by", ".lastTimestamp")
	for namespace := range suiteNamespaces(ctx) {
		show(ctx, "logs", "--namespace", namespace, "--selector", "app.kubernetes.io/name=tokensync", "--prefix", "--tail", "100")
	}
	show(ctx, "describe", "pods", "--namespace", operatorNamespace)
	show(ctx, "logs", "--namespace", suiteNamespace, workload.Name, "--tail", "50")
}

// show prints the output of kubectl, or its error.
func show(ctx context.Context, arguments ...string) {
	if _, err := run(ctx, "", environment.kubectl, arguments...); err != nil {
		GinkgoWriter.Println(err)
	}
}
