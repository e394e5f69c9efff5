package manifests_test

import (
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("docs/alerts.md", func() {
	It("lists every alert with its severity and a section, and no other alert", func() {
		var rules struct {
			Spec struct {
				Groups []struct {
					Rules []struct {
						Alert  string            `json:"alert"`
						Labels map[string]string `json:"labels"`
					} `json:"rules"`
				} `json:"groups"`
			} `json:"spec"`
		}
		readManifest("prometheus/rules.yaml", &rules)
		severities, told, headings := map[string]string{}, map[string]string{}, map[string]string{}
		for _, group := range rules.Spec.Groups {
			for _, rule := range group.Rules {
				severities[rule.Alert] = rule.Labels["severity"]
			}
		}
		Expect(severities).NotTo(BeEmpty())
		text := page("alerts.md")
		for _, row := range regexp.MustCompile("(?m)^\\| \\[`(\\w+)`\\]\\(#(\\w+)\\) \\| (\\w+) \\|").FindAllStringSubmatch(text, -1) {
			told[row[1]] = row[3]
			Expect(row[2]).To(Equal(strings.ToLower(row[1])))
		}
		Expect(told).To(Equal(severities))
		for _, heading := range regexp.MustCompile(`(?m)^## (TokenSync\w+)$`).FindAllStringSubmatch(text, -1) {
			headings[heading[1]] = severities[heading[1]]
		}
		Expect(headings).To(Equal(severities))
	})
})
