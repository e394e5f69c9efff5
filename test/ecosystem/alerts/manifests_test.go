package alerts_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// rendered returns the manifests of config/prometheus by kind.
func rendered() map[string][]byte {
	GinkgoHelper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), file("config", "prometheus"))
	Expect(err).NotTo(HaveOccurred())
	manifests := map[string][]byte{}
	for _, resource := range resources.Resources() {
		content, err := resource.AsYAML()
		Expect(err).NotTo(HaveOccurred())
		manifests[resource.GetKind()] = content
	}
	return manifests
}

var _ = Describe("config/prometheus", func() {
	It("has a ServiceMonitor and a PrometheusRule that prometheus-operator accepts", func() {
		manifests := rendered()
		Expect(manifests).To(HaveLen(2))
		Expect(yaml.UnmarshalStrict(manifests["ServiceMonitor"], &monitoringv1.ServiceMonitor{})).To(Succeed())
		Expect(yaml.UnmarshalStrict(manifests["PrometheusRule"], &monitoringv1.PrometheusRule{})).To(Succeed())
	})

	It("keeps the label namespace of the metrics, which is not the operator's namespace", func() {
		var monitor monitoringv1.ServiceMonitor
		Expect(yaml.UnmarshalStrict(rendered()["ServiceMonitor"], &monitor)).To(Succeed())
		Expect(monitor.Spec.Endpoints).NotTo(BeEmpty())
		Expect(monitor.Spec.Endpoints).To(HaveEach(HaveField("HonorLabels", BeTrue())))
	})
})
