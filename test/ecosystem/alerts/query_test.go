package alerts_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/util/sets"
)

// vocabulary holds the names that queries may use.
type vocabulary struct {
	// series maps the name of each series to its labels.
	series map[string]sets.Set[string]
	// values holds the possible values of some labels.
	values map[string]sets.Set[string]
}

// faults returns the problems of a query.
func (v vocabulary) faults(query string) []string {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", query, err)}
	}
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)+", in "+query) }
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			v.checkSelector(node, fault)
		case *parser.AggregateExpr:
			v.checkGrouping(node.Expr, node.Grouping, fault)
		case *parser.BinaryExpr:
			if node.VectorMatching != nil && node.VectorMatching.On {
				v.checkGrouping(node.LHS, node.VectorMatching.MatchingLabels, fault)
				v.checkGrouping(node.RHS, node.VectorMatching.MatchingLabels, fault)
			}
		}
		return nil
	})
	return faults
}

func (v vocabulary) checkSelector(selector *parser.VectorSelector, fault func(string, ...any)) {
	known, found := v.series[selector.Name]
	if !found {
		fault("there is no metric %q", selector.Name)
		return
	}
	for _, matcher := range selector.LabelMatchers {
		switch possible := v.values[matcher.Name]; {
		case matcher.Name == model.MetricNameLabel:
		case !known.Has(matcher.Name):
			fault("%s has no label %s", selector.Name, matcher.Name)
		case possible != nil && !strings.HasPrefix(matcher.Value, "$"):
			for _, value := range strings.Split(matcher.Value, "|") {
				if !possible.Has(value) {
					fault("the label %s is never %q", matcher.Name, value)
				}
			}
		}
	}
}

// checkGrouping checks the labels by which the result of an expression is grouped or matched.
func (v vocabulary) checkGrouping(of parser.Node, names []string, fault func(string, ...any)) {
	switch of := of.(type) {
	case *parser.VectorSelector:
		if known := v.series[of.Name]; known != nil && !known.HasAll(names...) {
			fault("%s lacks some of the labels %s", of.Name, strings.Join(names, ", "))
		}
		return
	case *parser.BinaryExpr:
		if of.Op == parser.LAND || of.Op == parser.LUNLESS {
			// The right-hand side of these operators adds no labels to the result.
			v.checkGrouping(of.LHS, names, fault)
			return
		}
	}
	for _, child := range parser.Children(of) {
		v.checkGrouping(child, names, fault)
	}
}

var _ = Describe("The check of a query", func() {
	known := vocabulary{
		series: map[string]sets.Set[string]{"up": sets.New("job"), "down": sets.New("job", "type")},
		values: map[string]sets.Set[string]{"type": sets.New("Ready", "Stalled")},
	}
	DescribeTable("", func(query string, faults ...string) {
		found := known.faults(query)
		Expect(found).To(HaveLen(len(faults)), "%s", found)
		for i, fault := range faults {
			Expect(found[i]).To(ContainSubstring(fault))
		}
	},
		Entry("finds no problem in a valid query", `sum by (job) (up) / on (job) down{type=~"Ready|Stalled"}`),
		Entry("finds a query that does not parse", `sum(up`, "parse error"),
		Entry("finds a metric that does not exist", `rate(gone[5m])`, `"gone"`),
		Entry("finds a label that does not exist", `up{pod="a"}`, "no label pod"),
		Entry("finds a value that a label never has", `down{type=~"Ready|Done"}`, `never "Done"`),
		Entry("finds a grouping by a label that does not exist", `sum by (type) (up)`, "labels type"),
		Entry("finds a match on a label that does not exist", `down / on (type) up`, "labels type"),
	)
})
