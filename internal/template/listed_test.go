package template_test

import (
	"os"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

// operators are the functions of text/template that templates use unchanged.
var operators = strings.Fields("and or not len slice eq ne lt le gt ge")

// span matches a name as Markdown code, with or without arguments.
var span = regexp.MustCompile("`(\\w+)[^`]*`")

// documented returns the functions in the tables of the documentation.
func documented() (names []string) {
	GinkgoHelper()
	raw, err := os.ReadFile("../../docs/templates.md")
	Expect(err).NotTo(HaveOccurred())
	_, section, found := strings.Cut(string(raw), "\n## Functions\n")
	Expect(found).To(BeTrue())
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, found := range span.FindAllStringSubmatch(cells[1], -1) {
				names = append(names, found[1])
			}
		}
	}
	return names
}

var _ = Describe("the functions", func() {
	It("are exactly those in docs/templates.md", Label("docs"), func() {
		Expect(documented()).To(ConsistOf(append(template.Functions(), operators...)))
	})
})
