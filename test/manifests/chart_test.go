package manifests_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var _ = Describe("the chart", func() {
	It("passes helm lint with all values", func(ctx SpecContext) {
		files, err := filepath.Glob("testdata/*/values.yaml")
		Expect(err).NotTo(HaveOccurred())
		for _, file := range append(files, "testdata/everything.yaml") {
			output, err := exec.CommandContext(ctx, helm, "lint", "--strict", chart, "--values="+file).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(output))
		}
	})

	DescribeTable("uses the image",
		func(ctx SpecContext, image string, arguments ...string) {
			deployment := one[appsv1.Deployment](fromChart(ctx, arguments...), "Deployment")
			Expect(deployment.Spec.Template.Spec.Containers[0].Image).To(MatchRegexp("^" + image + "$"))
		},
		Entry("of its own version", `ghcr\.io/tokensync/tokensync:v\d+\.\d+\.\d+`),
		Entry("with a tag", "ghcr.io/tokensync/tokensync:main", "--set=image.tag=main"),
		Entry("with a digest", "ghcr.io/tokensync/tokensync@sha256:0{64}", "--set=image.digest=sha256:"+strings.Repeat("0", 64)),
		Entry("with a digest and a tag", "ghcr.io/tokensync/tokensync:main@sha256:0{64}",
			"--set=image.tag=main,image.digest=sha256:"+strings.Repeat("0", 64)),
		Entry("from another registry", "localhost/tokensync:dev", "--set=image.repository=localhost/tokensync,image.tag=dev"),
	)

	It("keeps the CRDs when it is uninstalled, unless crds.keep is false", func(ctx SpecContext) {
		keeps := func(installed objects) (found []string) {
			for key, object := range installed {
				if key.kind == "CustomResourceDefinition" {
					found = append(found, object.GetAnnotations()["helm.sh/resource-policy"])
				} else {
					Expect(object.GetAnnotations()).NotTo(HaveKey("helm.sh/resource-policy"))
				}
			}
			return found
		}
		Expect(keeps(fromChart(ctx))).To(Equal([]string{"keep", "keep", "keep"}))
		Expect(keeps(fromChart(ctx, "--set=crds.keep=false"))).To(Equal([]string{"", "", ""}))
		Expect(keeps(fromChart(ctx, "--set=crds.install=false"))).To(BeEmpty())
	})

	It("gives each release its own names, which are not too long", func(ctx SpecContext) {
		names := func(release string) (names []string) {
			for key := range fromChart(ctx, "--set=crds.install=false", "--name-template="+release, "--values=testdata/everything.yaml") {
				Expect(len(key.name)).To(BeNumerically("<=", 63), key.name)
				names = append(names, key.name)
			}
			return names
		}
		Expect(names("shop")).To(HaveEach(HavePrefix("shop-tokensync")))
		Expect(names("tokensync-of-a-team-with-an-extraordinarily-long-name")).To(HaveEach(HavePrefix("tokensync-of-a-team")))
	})

	It("accepts names that YAML would read as another type", func(ctx SpecContext) {
		installed := fromChart(ctx, "--name-template=1", "--namespace=2", "--values="+file(`{
			namespaces: ["3"], priorityClassName: "true", metrics: {certSecretName: "4"},
			tracing: {endpoint: "http://collector:"}, podLabels: null, podAnnotations: null,
			prometheus: {serviceMonitor: {enabled: true, labels: {release: "5"}}, rules: {enabled: true, labels: {release: "6"}}},
			networkPolicy: {enabled: true}, podDisruptionBudget: {enabled: true}, serviceAccountTokens: true}`))
		for key, object := range installed {
			_, _, err := unstructured.NestedStringMap(object.Object, "metadata", "labels")
			Expect(err).NotTo(HaveOccurred(), "%+v", key)
			if key.namespace != "" {
				Expect(key.namespace).To(BeElementOf("2", "3"), "%+v", key)
			}
		}
		pod := one[appsv1.Deployment](installed, "Deployment").Spec.Template
		Expect(pod.Labels).To(HaveKeyWithValue("app.kubernetes.io/instance", "1"))
		Expect(pod.Spec.PriorityClassName).To(Equal("true"))
		Expect(pod.Spec.Volumes[0].Secret.SecretName).To(Equal("4"))
		Expect(pod.Spec.Containers[0].Args).To(ContainElement("--tracing-endpoint=http://collector:"))
	})

	It("selects its Pods by labels that neither a new version nor podLabels changes", func(ctx SpecContext) {
		deployment := one[appsv1.Deployment](fromChart(ctx, "--values=testdata/everything.yaml"), "Deployment")
		Expect(deployment.Spec.Selector.MatchLabels).To(Equal(map[string]string{
			"app.kubernetes.io/name":      "tokensync",
			"app.kubernetes.io/instance":  "tokensync",
			"app.kubernetes.io/component": "controller",
		}))
		for label, value := range deployment.Spec.Selector.MatchLabels {
			Expect(deployment.Spec.Template.Labels).To(HaveKeyWithValue(label, value))
		}
		Expect(deployment.Spec.Template.Labels).To(HaveKeyWithValue("team", "platform"))
	})

	It("spreads the Pods of the release, unless a constraint has its own labelSelector", func(ctx SpecContext) {
		deployment := one[appsv1.Deployment](fromChart(ctx, "--values=testdata/everything.yaml"), "Deployment")
		constraints := deployment.Spec.Template.Spec.TopologySpreadConstraints
		Expect(constraints).To(HaveLen(2))
		Expect(constraints[0].LabelSelector).To(Equal(deployment.Spec.Selector))
		Expect(constraints[1].LabelSelector.MatchLabels).To(Equal(map[string]string{"team": "platform"}))
	})

	It("installs nothing for metrics that are not served", func(ctx SpecContext) {
		for key := range fromChart(ctx, "--set=metrics.enabled=false") {
			Expect(key.name).NotTo(ContainSubstring("metrics"))
			Expect(key.kind).NotTo(Equal("Service"))
		}
	})

	It("grants no right to authorize clients if everyone may read the metrics", func(ctx SpecContext) {
		for key := range fromChart(ctx, "--set=metrics.secure=false") {
			Expect(key.name).NotTo(ContainSubstring("metrics-auth"))
		}
	})

	It("makes Prometheus verify the certificate of the metrics endpoint", func(ctx SpecContext) {
		installed := fromChart(ctx, "--namespace=elsewhere", "--set=metrics.certSecretName=metrics-cert,prometheus.serviceMonitor.enabled=true")
		monitor := installed[id{"ServiceMonitor", "elsewhere", "tokensync"}]
		Expect(monitor).NotTo(BeNil())
		Expect(fmt.Sprint(monitor.Object["spec"])).To(And(
			ContainSubstring("serverName:tokensync-controller-manager-metrics-service.elsewhere.svc"),
			ContainSubstring("ca:map[secret:map[key:ca.crt name:metrics-cert]]"),
			Not(ContainSubstring("insecureSkipVerify")),
		))
	})

	It("names its own namespace in the commands of the alerts, and leaves their templates unchanged", func(ctx SpecContext) {
		rule := fromChart(ctx, "--namespace=elsewhere", "--set=prometheus.rules.enabled=true")[id{"PrometheusRule", "elsewhere", "tokensync"}]
		Expect(rule).NotTo(BeNil())
		Expect(fmt.Sprint(rule.Object["spec"])).To(And(
			ContainSubstring("kubectl get pods -n elsewhere"),
			ContainSubstring("{{ $labels.name }}"),
			Not(ContainSubstring("tokensync-system")),
		))
	})

	It("restricts connections from the operator only if a destination is given", func(ctx SpecContext) {
		open := one[networkingv1.NetworkPolicy](fromChart(ctx, "--set=networkPolicy.enabled=true"), "NetworkPolicy")
		Expect(open.Spec.PolicyTypes).To(ConsistOf(networkingv1.PolicyTypeIngress))
		closed := one[networkingv1.NetworkPolicy](fromChart(ctx, "--values=testdata/everything.yaml"), "NetworkPolicy")
		Expect(closed.Spec.PolicyTypes).To(ConsistOf(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress))
		Expect(closed.Spec.Egress).To(HaveLen(1))
		Expect(closed.Spec.Ingress[0].From).To(HaveLen(1))
	})
})
