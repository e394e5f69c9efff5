package manifests_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// id identifies an object.
type id struct{ kind, namespace, name string }

// objects are the objects of an installation.
type objects map[id]*unstructured.Unstructured

// template renders the chart as the release tokensync in tokensync-system, unless the
// arguments say otherwise.
func template(ctx context.Context, arguments ...string) ([]byte, error) {
	arguments = append([]string{"template", chart, "--name-template=tokensync", "--namespace=tokensync-system"}, arguments...)
	var failure bytes.Buffer
	command := exec.CommandContext(ctx, helm, arguments...)
	command.Stderr = &failure
	manifests, err := command.Output()
	if err != nil {
		err = errors.New(failure.String())
	}
	return manifests, err
}

// fromChart returns the objects that the chart installs.
func fromChart(ctx context.Context, arguments ...string) objects {
	GinkgoHelper()
	manifests, err := template(ctx, arguments...)
	Expect(err).NotTo(HaveOccurred())
	return parse(manifests)
}

// fromKustomization returns the objects that a kustomization of testdata installs.
func fromKustomization(name string) objects {
	GinkgoHelper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join("testdata", name))
	Expect(err).NotTo(HaveOccurred())
	manifests, err := resources.AsYaml()
	Expect(err).NotTo(HaveOccurred())
	return parse(manifests)
}

func parse(manifests []byte) objects {
	GinkgoHelper()
	found := objects{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return found
		}
		Expect(err).NotTo(HaveOccurred())
		if len(object.Object) == 0 {
			continue
		}
		key := id{object.GetKind(), object.GetNamespace(), object.GetName()}
		Expect(found).NotTo(HaveKey(key))
		found[key] = object
	}
}

// one returns the only object of a kind as the given Go type.
func one[T any](installed objects, kind string) T {
	GinkgoHelper()
	var all []T
	for key, object := range installed {
		if key.kind == kind {
			var typed T
			Expect(convert(object, &typed)).To(Succeed())
			all = append(all, typed)
		}
	}
	Expect(all).To(HaveLen(1), kind)
	return all[0]
}
