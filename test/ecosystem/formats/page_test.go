package formats_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/test/docs/page"
)

// section holds the blocks under one heading of the page.
type section struct {
	// objects are its manifests. file is its YAML that is not a manifest.
	objects []*unstructured.Unstructured
	file    string
}

// sections returns the sections of the page that hold YAML, by heading.
func sections() map[string]section {
	GinkgoHelper()
	blocks, err := page.Blocks(root, "docs/formats.md")
	Expect(err).NotTo(HaveOccurred())
	found := map[string]section{}
	for _, block := range blocks {
		read := found[block.Heading]
		for _, document := range block.Documents() {
			read.add(document)
		}
		if len(read.objects) > 0 {
			found[block.Heading] = read
		}
	}
	return found
}

func (s *section) add(document page.Document) {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	Expect(yaml.UnmarshalStrict([]byte(document.Text), &object.Object)).To(Succeed(), document.At)
	if object.GetKind() == "" {
		Expect(s.file).To(BeEmpty(), "a section must have at most one file")
		s.file = document.Text
		return
	}
	s.objects = append(s.objects, object)
}

// manifest returns the object of a type and name as that type. It fails if the type does not know a
// field of the object.
func manifest[T any](s section, name string) *T {
	GinkgoHelper()
	kind := reflect.TypeFor[T]().Name()
	for _, object := range s.objects {
		if object.GetKind() == kind && object.GetName() == name {
			return typed[T](object)
		}
	}
	Fail("this section of the page has no " + kind + " " + name)
	return nil
}

func typed[T any](object *unstructured.Unstructured) *T {
	GinkgoHelper()
	converted := new(T)
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, converted, true)).
		To(Succeed(), "%s %s", object.GetKind(), object.GetName())
	return converted
}

var _ = Describe("the page", func() {
	It("has only sections whose manifests are tested here", func() {
		var names []string
		for name := range sections() {
			names = append(names, name)
		}
		Expect(names).To(ConsistOf(
			"Plain token", "Header file", ".netrc", "Docker configuration", "Basic authentication", "Bearer token for git", "Argo CD repository",
		))
	})

	It("is linked from docs/README.md", func() {
		readme, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.Contains(string(readme), "(formats.md)")).To(BeTrue())
	})
})
