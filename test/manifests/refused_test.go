package manifests_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("the chart refuses",
	func(ctx SpecContext, values string, message string) {
		_, err := template(ctx, "--values="+file(values))
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
	Entry("a misspelt key", "replicaCount: 2", "additional properties 'replicaCount' not allowed"),
	Entry("a misspelt key inside a group", "crds: {instal: true}", "at '/crds': additional properties 'instal' not allowed"),
	// Without the default, the value would be false: no TLS, and CRDs that are not kept.
	Entry("a switch that is set to null", "metrics: {secure: null}", "at '/metrics': missing property 'secure'"),
	Entry("a switch of the CRDs that is set to null", "crds: {keep: null}", "at '/crds': missing property 'keep'"),
	Entry("a group that is set to null", "tracing: null", "missing property 'tracing'"),
	Entry("no replica", "replicas: 0", "at '/replicas': minimum"),
	Entry("half a replica", "replicas: 1.5", "at '/replicas'"),
	Entry("a number as text", `replicas: "2"`, "at '/replicas': got string, want integer"),
	Entry("a text instead of a boolean", `allowHTTP: "yes"`, "at '/allowHTTP': got string, want boolean"),
	Entry("an address instead of a range", "allowedCIDRs: [10.0.0.1]", "at '/allowedCIDRs/0'"),
	Entry("a range of addresses that do not exist", "allowedCIDRs: [10.0.0.256/8]", "at '/allowedCIDRs/0'"),
	Entry("a range that is too narrow", "allowedCIDRs: [10.0.0.0/33]", "at '/allowedCIDRs/0'"),
	Entry("a range of IPv6 that is too narrow", `allowedCIDRs: ["fd00::/129"]`, "at '/allowedCIDRs/0'"),
	Entry("namespaces as text", "namespaces: shop,billing", "at '/namespaces': got string, want array"),
	Entry("a pattern of namespaces", `namespaces: ["team-*"]`, "at '/namespaces/0'"),
	Entry("a namespace twice", "namespaces: [shop, shop]", "at '/namespaces'"),
	Entry("a digest without its algorithm", "image: {digest: 0123456789abcdef}", "at '/image/digest'"),
	Entry("a pull policy that does not exist", "image: {pullPolicy: Sometimes}", "at '/image/pullPolicy': value must be one of"),
	Entry("a level that does not exist", "log: {level: trace}", "at '/log/level': value must be one of"),
	Entry("an encoder that does not exist", "log: {encoder: text}", "at '/log/encoder': value must be one of"),
	Entry("a sampling ratio in percent", "tracing: {samplingRatio: 50}", "at '/tracing/samplingRatio': maximum"),
	Entry("a collector without a scheme", "tracing: {endpoint: collector:4318}", "at '/tracing/endpoint'"),
	Entry("a collector with a path", "tracing: {endpoint: http://collector:4318/v1/traces}", "at '/tracing/endpoint'"),
	Entry("a pull secret without a name", "imagePullSecrets: [my-registry]", "at '/imagePullSecrets/0'"),
	Entry("an invalid peer", "networkPolicy: {metricsFrom: [{namespace: monitoring}]}", "at '/networkPolicy/metricsFrom/0'"),
	Entry("a label that is not a string", "podLabels: {a: 1}", "at '/podLabels/a': got number, want string"),
	Entry("a ServiceMonitor without metrics", "{metrics: {enabled: false}, prometheus: {serviceMonitor: {enabled: true}}}",
		"prometheus.serviceMonitor.enabled needs metrics.enabled"),
	Entry("alerts without metrics", "{metrics: {enabled: false}, prometheus: {rules: {enabled: true}}}",
		"prometheus.rules.enabled needs metrics.enabled"),
)

var _ = It("the chart accepts the values that Helm passes to a subchart", func(ctx SpecContext) {
	_, err := template(ctx, "--values="+file("{global: {imageRegistry: registry.example.com}, enabled: true}"))
	Expect(err).NotTo(HaveOccurred())
})
