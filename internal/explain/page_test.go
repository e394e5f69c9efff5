package explain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("docs/kubectl-plugin.md", Label("docs"), func() {
	It("lists exactly the existing states", func() {
		file, err := parser.ParseFile(token.NewFileSet(), "state.go", nil, 0)
		Expect(err).NotTo(HaveOccurred())
		var states []string
		ast.Inspect(file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "State") {
				state, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				Expect(err).NotTo(HaveOccurred())
				states = append(states, state)
			}
			return true
		})
		Expect(states).To(ContainElement("Ready"))

		page, err := os.ReadFile("../../docs/kubectl-plugin.md")
		Expect(err).NotTo(HaveOccurred())
		_, table, found := strings.Cut(string(page), "\n| state | what it means | valid token |\n")
		Expect(found).To(BeTrue())
		table, _, _ = strings.Cut(table, "\n\n")
		var told []string
		for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1) {
			told = append(told, row[1])
		}
		Expect(told).To(ConsistOf(states))
	})
})
