package formats_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// section is what stands under one heading of the page.
type section struct {
	// objects are its manifests, and file is the YAML that is no manifest.
	objects []*unstructured.Unstructured
	file    string
}

var (
	headings = regexp.MustCompile(`(?m)^##+ (.*)$`)
	blocks   = regexp.MustCompile("(?s)\n```yaml\n(.*?)```\n")
)

// sections of the page that hold YAML, by their headings.
func sections() map[string]section {
	GinkgoHelper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "formats.md"))
	Expect(err).NotTo(HaveOccurred())
	found, starts := map[string]section{}, headings.FindAllSubmatchIndex(page, -1)
	for i, start := range starts {
		end := len(page)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		if read := readSection(page[start[1]:end]); len(read.objects) > 0 {
			found[string(page[start[2]:start[3]])] = read
		}
	}
	return found
}

func readSection(text []byte) (read section) {
	GinkgoHelper()
	for _, block := range blocks.FindAllSubmatch(text, -1) {
		for document := range bytes.SplitSeq(block[1], []byte("---\n")) {
			object := &unstructured.Unstructured{}
			Expect(yaml.UnmarshalStrict(document, &object.Object)).To(Succeed(), "%s", document)
			if object.GetKind() == "" {
				Expect(read.file).To(BeEmpty(), "a section has one file at most")
				read.file = string(document)
				continue
			}
			read.objects = append(read.objects, object)
		}
	}
	return read
}

// manifest returns the object of a type and a name as that type, which must know
// every field of it.
func manifest[T any](s section, name string) *T {
	GinkgoHelper()
	kind := reflect.TypeFor[T]().Name()
	for _, object := range s.objects {
		if object.GetKind() == kind && object.GetName() == name {
			return typed[T](object)
		}
	}
	Fail("the page has no " + kind + " " + name + " there")
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
	It("has no section whose manifests are not read by anyone here", func() {
		var names []string
		for name := range sections() {
			names = append(names, name)
		}
		Expect(names).To(ConsistOf(
			"Plain token", "Header file", ".netrc", "Docker configuration", "Basic authentication", "Bearer token for git", "Argo CD repository",
		))
	})

	It("is linked from the others", func() {
		readme, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.Contains(string(readme), "(formats.md)")).To(BeTrue())
	})
})
