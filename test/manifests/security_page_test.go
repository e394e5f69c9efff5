package manifests_test

import (
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
)

var _ = Describe("docs/security.md", func() {
	It("lists exactly the rights of the operator", func() {
		granted := map[string][]string{}
		for _, path := range []string{
			"rbac/role.yaml", "rbac/leader_election_role.yaml", "rbac/metrics_auth_role.yaml",
			"components/serviceaccount-token/role.yaml", "components/serviceaccount-token/token_review_role.yaml",
		} {
			var role rbacv1.ClusterRole
			readManifest(path, &role)
			for _, rule := range role.Rules {
				for _, resource := range rule.Resources {
					granted[resource] = slices.Compact(slices.Sorted(slices.Values(append(granted[resource], rule.Verbs...))))
				}
			}
		}
		_, table, found := strings.Cut(page("security.md"), "\n| resource | verbs | why |\n|---|---|---|\n")
		Expect(found).To(BeTrue())
		table, _, _ = strings.Cut(table, "\n\n")
		listed := map[string][]string{}
		for row := range strings.SplitSeq(table, "\n") {
			cells := strings.Split(row, " | ")
			for _, resource := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[0], -1) {
				listed[resource[1]] = slices.Sorted(slices.Values(strings.Split(cells[1], ", ")))
			}
		}
		Expect(listed).To(Equal(granted))
	})
})
