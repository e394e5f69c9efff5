package manifests_test

import (
	"bytes"
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

var _ = Describe("each value of the chart", func() {
	// If one of these is switched off, other values have no effect.
	exceptions := []string{"crds.install", "metrics.enabled"}

	It("differs from its default in everything.yaml, and changes what is installed", func(ctx SpecContext) {
		everything := load("testdata/everything.yaml")
		whole, err := template(ctx, "--values="+file(write(everything)))
		Expect(err).NotTo(HaveOccurred())
		for _, path := range valuesIn(nil, load(chart+"/values.yaml")) {
			name := strings.Join(path, ".")
			without := (&unstructured.Unstructured{Object: everything}).DeepCopy().Object
			unstructured.RemoveNestedField(without, path...)
			installed, err := template(ctx, "--values="+file(write(without)))
			Expect(err).NotTo(HaveOccurred(), name)
			same := bytes.Equal(installed, whole)
			Expect(same).To(Equal(slices.Contains(exceptions, name)), "%s: the value must have an effect or be one of the exceptions, not both", name)
		}
	})
})

// valuesIn returns the paths of all values.
func valuesIn(group []string, defaults map[string]any) (paths [][]string) {
	for name, preset := range defaults {
		path := append(slices.Clone(group), name)
		if inner, _ := preset.(map[string]any); len(inner) > 0 {
			paths = append(paths, valuesIn(path, inner)...)
		} else {
			paths = append(paths, path)
		}
	}
	return paths
}

func write(content map[string]any) string {
	GinkgoHelper()
	raw, err := yaml.Marshal(content)
	Expect(err).NotTo(HaveOccurred())
	return string(raw)
}

func load(path string) (content map[string]any) {
	GinkgoHelper()
	raw, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.Unmarshal(raw, &content)).To(Succeed())
	return content
}
