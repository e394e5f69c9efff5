// Package manifests_test checks that the Helm chart and the kustomizations install the same objects. It
// also checks that the chart refuses unknown values, and that pages describe the manifests correctly.
package manifests_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

func TestManifests(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Manifests")
}

const (
	root  = "../.."
	chart = root + "/charts/tokensync"
)

// helm is the path of the pinned helm.
var helm string

var _ = BeforeSuite(func(ctx SpecContext) {
	readAll(chart, root+"/cmd")
	path, err := exec.CommandContext(ctx, "go", "tool", "-n", "-modfile="+root+"/hack/tools/go.mod", "helm").Output()
	Expect(err).NotTo(HaveOccurred())
	helm = strings.TrimSpace(string(path))
	// Keep out the user's own Helm settings, such as plug-ins.
	home := GinkgoT().TempDir()
	for _, name := range []string{"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS"} {
		GinkgoT().Setenv(name, filepath.Join(home, name))
	}
})

// readAll reads the files that helm and go build use, so that go test does not return a cached result
// when they change.
func readAll(folders ...string) {
	GinkgoHelper()
	for _, folder := range folders {
		Expect(filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				_, err = os.ReadFile(path)
			}
			return err
		})).To(Succeed())
	}
}

// page returns the text of a page of the documentation.
func page(name string) string {
	GinkgoHelper()
	raw, err := os.ReadFile(filepath.Join(root, "docs", name))
	Expect(err).NotTo(HaveOccurred())
	return string(raw)
}

// readManifest reads a manifest of config.
func readManifest(path string, into any) {
	GinkgoHelper()
	raw, err := os.ReadFile(filepath.Join(root, "config", path))
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.Unmarshal(raw, into)).To(Succeed())
}

// values returns the path of the values file that belongs to a kustomization.
func values(name string) string {
	return filepath.Join("testdata", name, "values.yaml")
}

// file writes a values file, and returns its path.
func file(content string) string {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), "values.yaml")
	Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
	return path
}
