package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// values returns the values of the chart.
func values() map[string]any {
	GinkgoHelper()
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	raw, err := os.ReadFile(filepath.Join(root, "charts", "tokensync", "values.schema.json"))
	Expect(err).NotTo(HaveOccurred())
	Expect(json.Unmarshal(raw, &schema)).To(Succeed())
	return schema.Properties
}

// render renders the chart with the values of a page.
func render(ctx SpecContext, values, at string) {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "values.yaml")
	Expect(os.WriteFile(file, []byte(values), 0o600)).To(Succeed())
	helm := exec.CommandContext(ctx, "go", "tool", "-modfile=hack/tools/go.mod", "helm", "template",
		"tokensync", "charts/tokensync", "--namespace=tokensync-system", "--values="+file)
	helm.Dir = root
	output, err := helm.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s: %s", at, output)
}

// valuesOf returns the chart values in an Argo CD or Flux object that installs the chart.
func valuesOf(object *unstructured.Unstructured) string {
	GinkgoHelper()
	fields := map[string][]string{
		"Application": {"spec", "source", "helm", "valuesObject"},
		"HelmRelease": {"spec", "values"},
	}[object.GetKind()]
	values, found, err := unstructured.NestedMap(object.Object, fields...)
	Expect(err).NotTo(HaveOccurred())
	if fields == nil || !found || object.GetName() != "tokensync" {
		return ""
	}
	text, err := yaml.Marshal(values)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}
