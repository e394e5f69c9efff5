package manifests_test

import (
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
)

var _ = Describe("the flags of the chart", Ordered, func() {
	var manager string

	BeforeAll(func(ctx SpecContext) {
		manager = filepath.Join(GinkgoT().TempDir(), "manager")
		output, err := exec.CommandContext(ctx, "go", "build", "-o", manager, root+"/cmd").CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))
	})

	// -h is read last, so an unknown flag or a bad value before it is an error.
	DescribeTable("are flags of the operator, with valid values",
		func(ctx SpecContext, arguments ...string) {
			flags := append(argumentsOf(fromChart(ctx, arguments...)), "-h")
			output, err := exec.CommandContext(ctx, manager, flags...).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(output))
		},
		Entry("by default"),
		Entry("with all values set", "--values=testdata/everything.yaml"),
		Entry("without metrics", "--set=metrics.enabled=false"),
		Entry("with a sampling ratio of zero", "--set=tracing.samplingRatio=0"),
		Entry("with only errors in the log", "--set=log.level=error"),
	)

	It("have the values of the chart", func(ctx SpecContext) {
		Expect(argumentsOf(fromChart(ctx, "--values=testdata/everything.yaml"))).To(ConsistOf(
			"--leader-elect",
			"--health-probe-bind-address=:8081",
			"--metrics-bind-address=:8443",
			"--metrics-secure=false",
			"--metrics-cert-dir=/etc/tokensync/metrics",
			"--cluster-resource-namespace=$(POD_NAMESPACE)",
			"--namespaces=shop,billing",
			"--allow-http",
			"--allowed-cidrs=127.0.0.0/8,fe80::/10,::1/128",
			"--deny-private-networks",
			"--require-credentials-label=false",
			"--allow-inline-authorization-servers=false",
			"--tracing-endpoint=http://collector.observability:4318",
			"--tracing-sampling-ratio=0.25",
			"--zap-log-level=debug",
			"--zap-encoder=console",
		))
	})
})

func argumentsOf(installed objects) []string {
	GinkgoHelper()
	return one[appsv1.Deployment](installed, "Deployment").Spec.Template.Spec.Containers[0].Args
}
