package manifests_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

var _ = Describe("the flags of the chart", Ordered, func() {
	var manager string

	BeforeAll(func(ctx SpecContext) {
		manager = filepath.Join(GinkgoT().TempDir(), "manager")
		output, err := exec.CommandContext(ctx, "go", "build", "-o", manager, root+"/cmd").CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))
	})

	// -h is read last: a flag before it that is unknown, or has a bad value, is an error.
	DescribeTable("are flags of the operator, with values that it takes",
		func(ctx SpecContext, arguments ...string) {
			flags := append(argumentsOf(fromChart(ctx, arguments...)), "-h")
			output, err := exec.CommandContext(ctx, manager, flags...).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(output))
		},
		Entry("by default"),
		Entry("with all values set", "--values=testdata/everything.yaml"),
		Entry("without metrics", "--set=metrics.enabled=false"),
		Entry("with a sampling ratio of zero", "--set=tracing.samplingRatio=0"),
		Entry("with errors only in the log", "--set=log.level=error"),
	)

	It("say what the values say", func(ctx SpecContext) {
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
			"--require-credentials-label=false",
			"--allow-inline-authorization-servers=false",
			"--tracing-endpoint=http://collector.observability:4318",
			"--tracing-sampling-ratio=0.25",
			"--zap-log-level=debug",
			"--zap-encoder=console",
		))
	})
})

var _ = It("tries all values of the chart", func() {
	untouched := []string{"crds.install", "metrics.enabled"}
	Expect(untouchedIn("", load(chart+"/values.yaml"), load("testdata/everything.yaml"))).To(ConsistOf(untouched))
})

// untouchedIn are the values that have their defaults.
func untouchedIn(prefix string, defaults, values map[string]any) (names []string) {
	for name, preset := range defaults {
		value, set := values[name]
		group, isGroup := preset.(map[string]any)
		inner, _ := value.(map[string]any)
		switch {
		case isGroup && len(group) > 0:
			names = append(names, untouchedIn(prefix+name+".", group, inner)...)
		case !set || reflect.DeepEqual(preset, value):
			names = append(names, prefix+name)
		}
	}
	return names
}

func load(path string) (content map[string]any) {
	GinkgoHelper()
	raw, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.Unmarshal(raw, &content)).To(Succeed())
	return content
}

func argumentsOf(installed objects) []string {
	GinkgoHelper()
	return one[appsv1.Deployment](installed, "Deployment").Spec.Template.Spec.Containers[0].Args
}
