package manifests_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/docs/page"
)

var _ = DescribeTable("a manifest is applied", func(ctx SpecContext, object *unstructured.Unstructured) {
	object.SetNamespace(controlplane.NewNamespace(ctx, apiServer))
	Expect(apiServer.Create(ctx, object)).To(Succeed())
}, foreign())

// foreign returns the manifests in all pages whose kinds belong to other projects.
func foreign() (entries []TableEntry) {
	blocks, err := page.All(root)
	if err != nil {
		panic(err)
	}
	for _, block := range blocks {
		for _, document := range block.Documents() {
			object := &unstructured.Unstructured{}
			if err := yaml.UnmarshalStrict([]byte(document.Text), &object.Object); err != nil {
				panic(document.At + ": " + err.Error())
			}
			if _, is := page.Foreign[object.GroupVersionKind().Group]; is {
				entries = append(entries, Entry(document.At+" "+object.GetKind(), object))
			}
		}
	}
	return entries
}
