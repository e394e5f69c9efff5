package alerts_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// leaseName returns the name of the operator's lease from its code.
func leaseName() string {
	GinkgoHelper()
	var name string
	inspect(file("cmd", "run.go"), func(node ast.Node) {
		if field, ok := node.(*ast.KeyValueExpr); ok && identifier(field.Key) == "LeaderElectionID" {
			name = text(field.Value)
		}
	})
	Expect(name).NotTo(BeEmpty(), "cmd/run.go sets no LeaderElectionID")
	return name
}

// values returns the possible values of some labels: the constants of the API.
func values() map[string]sets.Set[string] {
	GinkgoHelper()
	types, reasons := sets.New[string](), sets.KeySet(v1alpha1.Reasons).Insert("other")
	inspect(file("api", "v1alpha1", "conditions.go"), func(node ast.Node) {
		if constant, ok := node.(*ast.ValueSpec); ok && strings.HasSuffix(constant.Names[0].Name, "Condition") {
			types.Insert(text(constant.Values[0]))
		}
	})
	Expect(types.Len()).To(Equal(5))
	Expect(reasons.Len()).To(BeNumerically(">", 30))
	return map[string]sets.Set[string]{"type": types, "reason": reasons, "result": reasons.Clone().Insert("success", "error", "requeue", "requeue_after")}
}

func inspect(path string, visit func(ast.Node)) {
	GinkgoHelper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	Expect(err).NotTo(HaveOccurred())
	ast.Inspect(parsed, func(node ast.Node) bool { visit(node); return true })
}

func identifier(node ast.Expr) string {
	if name, ok := node.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

func text(node ast.Expr) string {
	GinkgoHelper()
	literal, ok := node.(*ast.BasicLit)
	Expect(ok).To(BeTrue(), "not a literal")
	value, err := strconv.Unquote(literal.Value)
	Expect(err).NotTo(HaveOccurred())
	return value
}
