// Package config_test compares manifests with the pages that tell of them.
package config_test

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

func TestConfig(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "config")
}

// page is a page of the documentation.
func page(name string) string {
	GinkgoHelper()
	raw, err := os.ReadFile("../docs/" + name)
	Expect(err).NotTo(HaveOccurred())
	return string(raw)
}

// read reads a manifest of this folder.
func read(path string, into any) {
	GinkgoHelper()
	raw, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.Unmarshal(raw, into)).To(Succeed())
}
