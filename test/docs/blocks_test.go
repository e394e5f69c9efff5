package docs_test

import (
	"encoding/json"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/docs/page"
)

// languages lists the languages that a block may have. A block without a language shows the output of a
// command.
var languages = []string{"", "json", "lua", "promql", "sh", "text", "yaml"}

var _ = Describe("a block of a page", func() {
	It("has a language that a test knows", func() {
		for _, block := range blocks() {
			Expect(languages).To(ContainElement(block.Language), "%s", block)
		}
	})

	It("holds JSON if its language is json", func() {
		for _, block := range blocks() {
			if block.Language == "json" {
				Expect(json.Valid([]byte(block.Text))).To(BeTrue(), "%s", block)
			}
		}
	})
})

var _ = DescribeTable("YAML works", func(ctx SpecContext, documents []page.Document) {
	namespace := controlplane.NewNamespace(ctx, apiServer)
	for _, document := range documents {
		try(ctx, namespace, document)
	}
}, documented(), samples())

// blocks returns the blocks of all pages.
func blocks() []page.Block {
	all, err := page.All(root)
	if err != nil {
		panic(err)
	}
	return all
}

// documented returns an entry for each block that holds YAML.
func documented() (entries []TableEntry) {
	for _, block := range blocks() {
		if documents := block.Documents(); len(documents) > 0 {
			entries = append(entries, Entry(block.String(), documents))
		}
	}
	return entries
}

// samples returns an entry for each file of config/samples.
func samples() (entries []TableEntry) {
	files, err := filepath.Glob(filepath.Join(root, "config", "samples", "*.yaml"))
	if err != nil || len(files) == 0 {
		panic("there are no samples")
	}
	for _, file := range files {
		name := "config/samples/" + filepath.Base(file)
		raw, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		if filepath.Base(file) != "kustomization.yaml" {
			entries = append(entries, Entry(name, page.Split(name, 1, string(raw))))
		}
	}
	return entries
}

// try passes a document to the tool that reads it.
func try(ctx SpecContext, namespace string, document page.Document) {
	GinkgoHelper()
	var content map[string]any
	Expect(yaml.UnmarshalStrict([]byte(document.Text), &content)).To(Succeed(), document.At)
	object := &unstructured.Unstructured{Object: content}
	switch {
	case object.GetAPIVersion() == kustomizeVersion:
		build(document, content)
	case object.GetAPIVersion() != "":
		apply(ctx, namespace, object, document.At)
	default:
		complete(ctx, namespace, document, content)
	}
}
