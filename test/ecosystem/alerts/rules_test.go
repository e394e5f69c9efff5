package alerts_test

import (
	"fmt"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/test/docs/page"
)

const runbook = "https://github.com/tokensync/tokensync/blob/main/docs/alerts.md"

func prometheusRule() monitoringv1.PrometheusRule {
	GinkgoHelper()
	var rule monitoringv1.PrometheusRule
	Expect(yaml.UnmarshalStrict(read("config", "prometheus", "rules.yaml"), &rule)).To(Succeed())
	return rule
}

func alerts() []monitoringv1.Rule {
	GinkgoHelper()
	var alerts []monitoringv1.Rule
	for _, group := range prometheusRule().Spec.Groups {
		alerts = append(alerts, group.Rules...)
	}
	Expect(alerts).NotTo(BeEmpty())
	return alerts
}

func names() []string {
	GinkgoHelper()
	var names []string
	for _, alert := range alerts() {
		names = append(names, alert.Alert)
	}
	return names
}

// queryOfTemplate matches a query in an annotation, in which %q stands for a label.
var queryOfTemplate = regexp.MustCompile("printf `([^`]*)`")

var _ = Describe("The alert rules", func() {
	It("query only metrics that the operator exports", func() {
		known := vocabulary{exported(), values()}
		for _, alert := range alerts() {
			Expect(known.faults(alert.Expr.String())).To(BeEmpty(), alert.Alert)
			for _, inner := range queryOfTemplate.FindAllStringSubmatch(alert.Annotations["description"], -1) {
				Expect(known.faults(strings.ReplaceAll(inner[1], "%q", `"x"`))).To(BeEmpty(), alert.Alert)
			}
		}
	})

	It("query the operator's own lease", func() {
		for _, alert := range alerts() {
			if strings.Contains(alert.Expr.String(), "leader_election_master_status") {
				Expect(alert.Expr.String()).To(ContainSubstring(fmt.Sprintf("{name=%q}", leaseName())))
			}
		}
	})

	It("have a summary, an object, a severity and an action", func() {
		for _, alert := range alerts() {
			Expect(alert.Alert).To(HavePrefix("TokenSync"))
			Expect(alert.Labels).To(HaveKeyWithValue("severity", BeElementOf("warning", "critical")), alert.Alert)
			Expect(alert.Annotations["summary"]).To(HaveSuffix("."), alert.Alert)
			Expect(alert.Annotations["description"]).To(ContainSubstring(": kubectl "), alert.Alert)
			Expect(alert.Annotations["runbook_url"]).To(Equal(runbook+"#"+strings.ToLower(alert.Alert)), alert.Alert)
			if strings.Contains(alert.Expr.String(), "by (namespace, name)") {
				Expect(alert.Annotations["summary"]).To(ContainSubstring("{{ $labels.namespace }}/{{ $labels.name }}"), alert.Alert)
				Expect(alert.Annotations["description"]).To(HaveSuffix(
					"kubectl tokensync status {{ $labels.name }} -n {{ $labels.namespace }}"), alert.Alert)
			}
		}
	})
})

var _ = Describe("The queries of the pages", func() {
	It("query only metrics that the operator exports", func() {
		blocks, err := page.All(file())
		Expect(err).NotTo(HaveOccurred())
		known := vocabulary{exported(), values()}
		for _, block := range blocks {
			if block.Language == "promql" {
				Expect(known.faults(block.Text)).To(BeEmpty(), block.String())
			}
		}
	})
})
