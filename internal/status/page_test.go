package status_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = Describe("docs/conditions.md", Label("docs"), func() {
	It("lists exactly the existing types of conditions", func() {
		Expect(firstCells(tables("conditions.md", "type"))).To(ConsistOf(constants("Condition", strings.HasSuffix)))
	})

	It("lists exactly the existing reasons of conditions and events", func() {
		Expect(slices.Collect(maps.Keys(v1alpha1.Reasons))).To(ConsistOf(constants("Reason", strings.HasPrefix)), "the list at the end of conditions.go")
		told := map[string]bool{}
		for _, reason := range firstCells(tables("conditions.md", "reason")) {
			told[reason] = true
		}
		reasons := append(constants("Reason", strings.HasPrefix), constants("Event", strings.HasPrefix)...)
		Expect(told).To(HaveLen(len(reasons)))
		for _, reason := range reasons {
			Expect(told).To(HaveKey(reason))
		}
	})

	It("says for every reason when it surfaces and what to do", func() {
		for _, table := range tables("conditions.md", "reason") {
			header := table[0]
			Expect(header[1]).To(Equal("surfaces when"))
			Expect(header[len(header)-1]).To(Equal("what to do"))
			for _, row := range table {
				Expect(row).To(HaveLen(len(header)), row[0])
				Expect(row).To(HaveEach(Not(BeEmpty())), row[0])
			}
		}
	})
})

var _ = Describe("docs/operations.md", Label("docs"), func() {
	It("lists exactly the events that have no condition of the same reason", func() {
		Expect(firstCells(tables("operations.md", "event"))).To(ConsistOf(
			append(constants("Event", strings.HasPrefix), v1alpha1.ReasonTokenIssued)))
	})
})

// constants returns the values of the constants in api/v1alpha1/conditions.go whose name has the given part.
func constants(part string, has func(name, part string) bool) (values []string) {
	GinkgoHelper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/conditions.go", nil, 0)
	Expect(err).NotTo(HaveOccurred())
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !has(spec.Names[0].Name, part) {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			Expect(err).NotTo(HaveOccurred())
			values = append(values, value)
		}
		return true
	})
	Expect(values).NotTo(BeEmpty())
	return values
}

// tables returns the cells of the tables of a page whose first column has the given title. The first row is
// the header; the line below it is left out.
func tables(page, title string) (found [][][]string) {
	GinkgoHelper()
	raw, err := os.ReadFile("../../docs/" + page)
	Expect(err).NotTo(HaveOccurred())
	for block := range strings.SplitSeq(string(raw), "\n\n") {
		if !strings.HasPrefix(block, "| "+title+" |") {
			continue
		}
		var table [][]string
		for i, line := range strings.Split(strings.TrimSpace(block), "\n") {
			if i != 1 {
				table = append(table, cells(line))
			}
		}
		found = append(found, table)
	}
	Expect(found).NotTo(BeEmpty())
	return found
}

func cells(line string) []string {
	row := strings.Split(strings.Trim(line, "|"), "|")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row
}

// firstCells returns the names in the first column, which are formatted as code.
func firstCells(tables [][][]string) (names []string) {
	for _, table := range tables {
		for _, row := range table[1:] {
			for i, part := range strings.Split(row[0], "`") {
				if i%2 == 1 {
					names = append(names, part)
				}
			}
		}
	}
	return names
}
