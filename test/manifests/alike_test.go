package manifests_test

import (
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

var _ = DescribeTable("the chart and kustomize install the same objects",
	func(ctx SpecContext, name string) {
		chart := alike(fromChart(ctx, "--values="+values(name)))
		kustomization := fromKustomization(name)
		// Helm creates the namespace with --create-namespace.
		delete(kustomization, id{kind: "Namespace", name: "tokensync-system"})
		wanted := alike(kustomization)
		Expect(slices.Collect(maps.Keys(chart))).To(ConsistOf(slices.Collect(maps.Keys(wanted))))
		for key, text := range wanted {
			Expect(chart[key]).To(Equal(text), "%+v", key)
		}
	},
	Entry("by default", "default"),
	Entry("with tokens of ServiceAccounts", "serviceaccount-token"),
	Entry("with two replicas", "high-availability"),
	Entry("with a NetworkPolicy", "network-policy"),
	Entry("with Prometheus", "prometheus"),
	Entry("in some namespaces only", "namespaced"),
)

// alike returns each object as text, without the differences between Helm and kustomize.
func alike(installed objects) map[id]string {
	GinkgoHelper()
	texts := map[id]string{}
	for key, object := range installed {
		object = object.DeepCopy()
		withoutKeys(object.Object, "app.kubernetes.io/instance", "app.kubernetes.io/version",
			"app.kubernetes.io/managed-by", "helm.sh/chart", "helm.sh/resource-policy")
		if key.kind != "CustomResourceDefinition" {
			// Some objects of kustomize have none of these labels.
			object.SetLabels(withoutOurs(object.GetLabels()))
		}
		if key.kind == "Deployment" {
			withoutKeys(object.Object, "image", "imagePullPolicy")
		}
		text, err := yaml.Marshal(object.Object)
		Expect(err).NotTo(HaveOccurred())
		texts[key] = string(text)
	}
	return texts
}

// withoutKeys removes keys from all maps below a value.
func withoutKeys(value any, keys ...string) {
	switch typed := value.(type) {
	case map[string]any:
		for _, key := range keys {
			delete(typed, key)
		}
		for _, child := range typed {
			withoutKeys(child, keys...)
		}
	case []any:
		for _, child := range typed {
			withoutKeys(child, keys...)
		}
	}
}

func withoutOurs(labels map[string]string) map[string]string {
	maps.DeleteFunc(labels, func(key, _ string) bool { return strings.HasPrefix(key, "app.kubernetes.io/") })
	if len(labels) == 0 {
		return nil
	}
	return labels
}

var _ = It("the chart labels each object with its release", func(ctx SpecContext) {
	for key, object := range fromChart(ctx, "--values=testdata/everything.yaml") {
		component := "controller"
		if key.kind == "CustomResourceDefinition" {
			component = "crd"
		}
		Expect(object.GetLabels()).To(And(
			HaveKeyWithValue("app.kubernetes.io/name", "tokensync"),
			HaveKeyWithValue("app.kubernetes.io/instance", "tokensync"),
			HaveKeyWithValue("app.kubernetes.io/component", component),
			HaveKeyWithValue("app.kubernetes.io/managed-by", "Helm"),
			HaveKey("app.kubernetes.io/version"),
			HaveKey("helm.sh/chart"),
		), "%+v", key)
	}
})

var _ = It("kustomize marks only the CRDs, so that a removal can leave them out", func() {
	for key, object := range fromKustomization("default") {
		marked := HaveKeyWithValue("app.kubernetes.io/component", "crd")
		if key.kind != "CustomResourceDefinition" {
			marked = Not(marked)
		}
		Expect(object.GetLabels()).To(marked, "%+v", key)
	}
})
