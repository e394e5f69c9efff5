package hostile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// attacks is the head of the table in docs/security.md that lists the attacks.
const attacks = "\n| attacker | what they try | where it ends | spec |\n|---|---|---|---|\n"

// The report contains the specs that were run and the specs that a filter left out.
var _ = ReportAfterSuite("docs/security.md names a spec for each attack", func(report Report) {
	var specs []string
	for _, spec := range report.SpecReports {
		specs = append(specs, strings.TrimSpace(strings.Join(append(spec.ContainerHierarchyTexts, spec.LeafNodeText), " ")))
	}
	page, err := os.ReadFile("../../docs/security.md")
	Expect(err).NotTo(HaveOccurred())
	_, table, found := strings.Cut(string(page), attacks)
	Expect(found).To(BeTrue(), "docs/security.md has a table that begins with:%s", attacks)
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "| "), " | ")
		Expect(cells).To(HaveLen(4), row)
		Expect(isSpec(cells[3], specs)).To(BeTrue(), "no spec %q", cells[3])
	}
})

// isSpec reports whether text is a prefix of the name of a spec of this suite. If a folder in backticks
// comes before the name, it reports whether the tests in that folder contain the name.
func isSpec(text string, specs []string) bool {
	GinkgoHelper()
	folder, name, isElsewhere := strings.Cut(strings.TrimPrefix(text, "`"), "`: ")
	if !isElsewhere {
		return slices.ContainsFunc(specs, func(spec string) bool { return strings.HasPrefix(spec, text) })
	}
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	Expect(err).NotTo(HaveOccurred())
	return slices.ContainsFunc(files, func(file string) bool {
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		return strings.Contains(string(content), `"`+name+`"`)
	})
}
