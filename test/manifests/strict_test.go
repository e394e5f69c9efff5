package manifests_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
)

// convert returns an error for a field that the Go type does not have.
func convert(object *unstructured.Unstructured, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, into, true)
}

var _ = DescribeTable("the chart installs only fields that Kubernetes knows",
	func(ctx SpecContext, values string) {
		scheme := runtime.NewScheme()
		Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
		Expect(apiextensionsv1.AddToScheme(scheme)).To(Succeed())
		for key, object := range fromChart(ctx, "--values="+values) {
			if object.GroupVersionKind().Group == "monitoring.coreos.com" {
				continue // test/ecosystem checks these types
			}
			typed, err := scheme.New(object.GroupVersionKind())
			Expect(err).NotTo(HaveOccurred(), "%+v", key)
			Expect(convert(object, typed)).To(Succeed(), "%+v", key)
		}
	},
	Entry("by default", "testdata/default/values.yaml"),
	Entry("with all values set", "testdata/everything.yaml"),
)
