package alerts_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/yaml"
)

// promtool builds promtool without the cloud service discovery. It runs promtool in a folder with the
// rules as rules.yaml, in the form that Prometheus reads.
type promtool struct{ program, folder string }

func newPromtool() promtool {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	tool := promtool{program: filepath.Join(folder, "promtool"), folder: folder}
	tool.run(15*time.Minute, "go", "build", "-tags=remove_all_sd", "-o", tool.program, "github.com/prometheus/prometheus/cmd/promtool")

	rules, err := yaml.Marshal(prometheusRule().Spec)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(filepath.Join(folder, "rules.yaml"), rules, 0o600)).To(Succeed())
	return tool
}

func (p promtool) run(timeout time.Duration, command string, args ...string) {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	output, err := exec.CommandContext(ctx, command, args...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", output)
}

// scenarios returns the files with promtool's unit tests.
func scenarios() []string {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	Expect(files).NotTo(BeEmpty())
	return files
}

var _ = Describe("promtool", Ordered, func() {
	var tool promtool

	BeforeAll(func() { tool = newPromtool() })

	It("finds no problem in the rules", func() {
		tool.run(time.Minute, tool.program, "check", "rules", "--lint=all", "--lint-fatal", filepath.Join(tool.folder, "rules.yaml"))
	})

	It("makes each alert fire and resolve as in the scenarios", func() {
		for _, scenario := range scenarios() {
			content, err := os.ReadFile(scenario)
			Expect(err).NotTo(HaveOccurred())
			copied := filepath.Join(tool.folder, filepath.Base(scenario))
			Expect(os.WriteFile(copied, content, 0o600)).To(Succeed())
			tool.run(time.Minute, tool.program, "test", "rules", copied)
		}
	})
})

var _ = It("The scenarios contain each alert both firing and not firing", func() {
	type scenario struct {
		Tests []struct {
			AlertRuleTest []struct {
				Alertname string           `json:"alertname"`
				ExpAlerts []map[string]any `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	firing, quiet := sets.New[string](), sets.New[string]()
	for _, path := range scenarios() {
		content, err := os.ReadFile(path)
		Expect(err).NotTo(HaveOccurred())
		var parsed scenario
		Expect(yaml.Unmarshal(content, &parsed)).To(Succeed())
		for _, test := range parsed.Tests {
			for _, expectation := range test.AlertRuleTest {
				if len(expectation.ExpAlerts) > 0 {
					firing.Insert(expectation.Alertname)
				} else {
					quiet.Insert(expectation.Alertname)
				}
			}
		}
	}
	Expect(sets.List(firing)).To(ConsistOf(names()))
	Expect(sets.List(quiet)).To(ConsistOf(names()))
})
