package hostile_test

import (
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// attackers begins the table of docs/security.md about what attackers can do.
const attackers = "\n| attacker | what they try | where it ends | spec |\n|---|---|---|---|\n"

var _ = Describe("docs/security.md", func() {
	It("names a spec of this suite for each attack", func() {
		page, err := os.ReadFile("../../docs/security.md")
		Expect(err).NotTo(HaveOccurred())
		_, table, found := strings.Cut(string(page), attackers)
		Expect(found).To(BeTrue(), "the table begins with:%s", attackers)
		table, _, _ = strings.Cut(table, "\n\n")
		for row := range strings.Lines(table) {
			cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), " | ")
			Expect(cells).To(HaveLen(4), row)
			for spec := range strings.SplitSeq(cells[3], "; ") {
				Expect(specNames).To(ContainElement(strings.TrimSpace(spec)), row)
			}
		}
	})
})
