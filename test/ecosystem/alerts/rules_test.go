package alerts_test

import (
	"fmt"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
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

// queryOfTemplate is a query inside of an annotation, in which %q stands for a label.
var queryOfTemplate = regexp.MustCompile("printf `([^`]*)`")

var _ = Describe("The alert rules", func() {
	It("ask for what the operator exports", func() {
		known := vocabulary{exported(), values()}
		for _, alert := range alerts() {
			Expect(known.faults(alert.Expr.String())).To(BeEmpty(), alert.Alert)
			for _, inner := range queryOfTemplate.FindAllStringSubmatch(alert.Annotations["description"], -1) {
				Expect(known.faults(strings.ReplaceAll(inner[1], "%q", `"x"`))).To(BeEmpty(), alert.Alert)
			}
		}
	})

	It("ask for the operator's own lease", func() {
		for _, alert := range alerts() {
			if strings.Contains(alert.Expr.String(), "leader_election_master_status") {
				Expect(alert.Expr.String()).To(ContainSubstring(fmt.Sprintf("{name=%q}", leaseName())))
			}
		}
	})

	It("say what is the matter, where, how grave it is, and what to do", func() {
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

	It("are described in docs/alerts.md, each under its name", func() {
		var headings []string
		for _, heading := range regexp.MustCompile(`(?m)^## (TokenSync\w+)$`).FindAllSubmatch(read("docs", "alerts.md"), -1) {
			headings = append(headings, string(heading[1]))
		}
		Expect(headings).To(ConsistOf(names()))
	})

	It("are as grave as docs/alerts.md says", func() {
		page := string(read("docs", "alerts.md"))
		for _, alert := range alerts() {
			Expect(page).To(ContainSubstring("| [`%s`](#%s) | %s |", alert.Alert, strings.ToLower(alert.Alert), alert.Labels["severity"]))
		}
	})
})

var _ = DescribeTable("The queries ask for what the operator exports, in",
	func(page string) {
		known := vocabulary{exported(), values()}
		queries := regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(string(read("docs", page)), -1)
		Expect(queries).NotTo(BeEmpty())
		for _, query := range queries {
			Expect(known.faults(query[1])).To(BeEmpty())
		}
	},
	Entry(nil, "metrics.md"),
)
