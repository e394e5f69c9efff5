package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

const root = "../.."

func TestChart(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "chart")
}

var _ = Describe("the generated files of the chart", func() {
	It("are up to date: run make generate", func() {
		files, err := generate(root)
		Expect(err).NotTo(HaveOccurred())
		Expect(files).To(HaveLen(3 + 9 + 3)) // CRDs, rules of roles; alerts.yaml, values.yaml, README.md
		for name, content := range files {
			there, err := os.ReadFile(filepath.Join(root, chart, name))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(content)).To(Equal(string(there)), name)
		}
	})

	DescribeTable("match the manifests",
		func(name, manifest, path string) {
			files, err := manifests(os.DirFS(filepath.Join(root, "config")))
			Expect(err).NotTo(HaveOccurred())
			raw, err := os.ReadFile(filepath.Join(root, "config", manifest))
			Expect(err).NotTo(HaveOccurred())
			var part, whole map[string]any
			Expect(yaml.Unmarshal(files[name], &part)).To(Succeed())
			Expect(yaml.Unmarshal(raw, &whole)).To(Succeed())
			if path == "spec" {
				whole = whole["spec"].(map[string]any)
			}
			Expect(part).To(HaveLen(1))
			for key := range part {
				Expect(part[key]).To(Equal(whole[key]))
			}
		},
		Entry("in the rules of the operator", "files/rules/manager.yaml", "rbac/role.yaml", ""),
		Entry("in the rules of another role", "files/rules/clientcredential-admin.yaml", "rbac/clientcredential_admin_role.yaml", ""),
		Entry("in the alerts, with their templates", "files/alerts.yaml", "prometheus/rules.yaml", "spec"),
	)
})

const schema = `{
  "properties": {
    "zeal": {"description": "How much.\nReally.", "type": "string", "enum": ["little", "much"], "default": "much"},
    "alpha": {"properties": {
      "list": {"description": "A list | of things.", "default": [{"a": "1"}]},
      "text": {"description": "A text.", "default": ""},
      "number": {"description": "A text that looks like a number.", "default": "1"}
    }},
    "global": {"description": "Nobody sets this.", "type": "object"}
  }
}`

var _ = Describe("the values", func() {
	var values []value

	BeforeEach(func() {
		var err error
		values, err = readSchema([]byte(schema))
		Expect(err).NotTo(HaveOccurred())
	})

	It("are in values.yaml in the order of the schema, below their descriptions", func() {
		content, err := valuesFile(values)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(content)).To(Equal(valuesHead + `

# How much. Really. One of little, much.
zeal: much

alpha:
  # A list | of things.
  list:
    - a: "1"
  # A text.
  text: ""
  # A text that looks like a number.
  number: "1"
`))
	})

	It("are in the table of README.md by their full names", func() {
		content, err := readme(values)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(content)).To(HaveSuffix("| value | default | meaning |\n|---|---|---|\n" +
			"| `zeal` | `\"much\"` | How much. Really. One of little, much. |\n" +
			"| `alpha.list` | `[{\"a\":\"1\"}]` | A list \\| of things. |\n" +
			"| `alpha.text` | `\"\"` | A text. |\n" +
			"| `alpha.number` | `\"1\"` | A text that looks like a number. |\n"))
	})

	It("need a description", func() {
		_, err := readSchema([]byte(`{"properties": {"silent": {"default": true}}}`))
		Expect(err).To(MatchError("silent: has no description"))
	})
})
