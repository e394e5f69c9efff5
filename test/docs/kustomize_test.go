package docs_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/test/docs/page"
)

const kustomizeVersion = "kustomize.config.k8s.io/v1beta1"

// remote matches the URL by which a kustomization elsewhere refers to a folder of this repository.
var remote = regexp.MustCompile(`^(?:https://)?github\.com/tokensync/tokensync//?config/([\w/-]+)\?ref=[\w.-]+$`)

// foreignResources replaces the resources that other projects publish.
var foreignResources = map[string]string{
	"https://github.com/argoproj/argo-cd//manifests/cluster-install?ref=stable": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\n",
}

// build builds a kustomization in a copy of config. A fragment is completed with the operator and its
// alerts, unless it names other resources.
func build(document page.Document, kustomization map[string]any) {
	GinkgoHelper()
	config := GinkgoT().TempDir()
	Expect(os.CopyFS(config, os.DirFS(filepath.Join(root, "config")))).To(Succeed())
	folder := filepath.Join(config, "of-the-page")
	Expect(os.Mkdir(folder, 0o755)).To(Succeed())
	write := func(name string, content []byte) {
		GinkgoHelper()
		Expect(os.WriteFile(filepath.Join(folder, name), content, 0o600)).To(Succeed())
	}

	whole := map[string]any{}
	if kustomization["apiVersion"] == nil {
		whole = map[string]any{"resources": []any{"../default"}, "components": []any{"../prometheus"}}
	}
	maps.Copy(whole, kustomization)
	for _, field := range []string{"resources", "components"} {
		names, _ := whole[field].([]any)
		for i, name := range names {
			name, _ := name.(string)
			if here := remote.FindStringSubmatch(name); here != nil {
				names[i] = "../" + here[1]
			} else if content, is := foreignResources[name]; is {
				names[i] = "others.yaml"
				write("others.yaml", []byte(content))
			} else {
				Expect(strings.Contains(name, "://")).To(BeFalse(), "%s: there is no copy of %s here: add one to the list foreignResources", document.At, name)
			}
		}
	}
	rendered := func() string {
		GinkgoHelper()
		content, err := yaml.Marshal(whole)
		Expect(err).NotTo(HaveOccurred())
		write("kustomization.yaml", content)
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
		Expect(err).NotTo(HaveOccurred(), document.At)
		manifests, err := resources.AsYaml()
		Expect(err).NotTo(HaveOccurred())
		return string(manifests)
	}
	patched := rendered()
	Expect(patched).NotTo(BeEmpty(), document.At)
	if whole["patches"] != nil {
		delete(whole, "patches")
		if rendered() == patched {
			Fail(document.At + ": the patches match no object")
		}
	}
}
