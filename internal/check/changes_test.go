package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/check"
)

// others are reasons that no exchange ends with.
var others = []string{
	v1alpha1.ReasonTokenIssued, v1alpha1.ReasonSuspended, v1alpha1.ReasonUsable, v1alpha1.ReasonLifetimeUnreadable,
	v1alpha1.ReasonInlineAuthorizationServerForbidden, v1alpha1.ReasonTargetConflict, v1alpha1.ReasonTargetContested,
	v1alpha1.ReasonTokenEndpointBusy, v1alpha1.ReasonTokenMissing, v1alpha1.ReasonSecretWriteFailed, v1alpha1.ReasonAPIRequestFailed,
}

var _ = Describe("The fields to change", func() {
	It("are there for every reason with which an exchange can end", func() {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "api", "v1alpha1", "conditions.go"), nil, 0)
		Expect(err).NotTo(HaveOccurred())
		var reasons []string
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if ok && strings.HasPrefix(spec.Names[0].Name, "Reason") {
				reason, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				Expect(err).NotTo(HaveOccurred())
				reasons = append(reasons, reason)
			}
			return true
		})
		Expect(reasons).To(ContainElement(v1alpha1.ReasonInvalidClient))
		for _, reason := range reasons {
			if fields, found := check.Fields[reason]; found {
				Expect(fields).NotTo(BeEmpty(), reason)
				continue
			}
			Expect(others).To(ContainElement(reason), "a new reason needs the fields to change")
		}
	})
})
