package main

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// installation is the list of objects that a kustomization renders.
type installation []*unstructured.Unstructured

func render(folder string) (objects installation) {
	GinkgoHelper()
	command := exec.Command("go", "tool", "-modfile=../hack/tools/go.mod", "kustomize", "build", folder) //nolint:noctx // It ends by itself.
	command.Stderr = GinkgoWriter
	raw, err := command.Output()
	Expect(err).NotTo(HaveOccurred())
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred())
		objects = append(objects, object)
	}
}

// applyRights creates the operator's namespace and all RBAC objects.
func (i installation) applyRights(ctx SpecContext) {
	GinkgoHelper()
	newNamespace(ctx, i.names("Namespace")...)
	for _, object := range i {
		if object.GroupVersionKind().Group == rbacv1.GroupName {
			Expect(apiServer.Create(ctx, object.DeepCopy())).To(Succeed())
		}
	}
}

// argument returns the operator's argument with a prefix.
func (i installation) argument(prefix string) string {
	GinkgoHelper()
	for _, object := range i {
		if object.GetKind() != "Deployment" {
			continue
		}
		deployment := &appsv1.Deployment{}
		Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, deployment)).To(Succeed())
		for _, argument := range deployment.Spec.Template.Spec.Containers[0].Args {
			if strings.HasPrefix(argument, prefix) {
				return argument
			}
		}
	}
	Fail("the operator has no argument " + prefix)
	return ""
}

// roleBinding returns a copy of a RoleBinding in another namespace.
func (i installation) roleBinding(name, namespace string) client.Object {
	GinkgoHelper()
	for _, object := range i {
		if object.GetKind() == "RoleBinding" && object.GetName() == name {
			copied := object.DeepCopy()
			copied.SetNamespace(namespace)
			return copied
		}
	}
	Fail("there is no RoleBinding " + name)
	return nil
}

// names returns the names of all objects of a kind.
func (i installation) names(kind string) (names []string) {
	for _, object := range i {
		if object.GetKind() == kind {
			names = append(names, object.GetName())
		}
	}
	return names
}

func newNamespace(ctx SpecContext, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		Expect(apiServer.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
	}
}
