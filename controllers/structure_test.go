package controllers_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/tools/go/packages"
)

// code is the parsed code of this package.
type code struct{ *packages.Package }

// loadCode loads the code once.
var loadCode = sync.OnceValue(func() code {
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports
	loaded, err := packages.Load(&packages.Config{Mode: mode}, ".")
	Expect(err).NotTo(HaveOccurred())
	Expect(loaded).To(HaveLen(1))
	Expect(loaded[0].Errors).To(BeEmpty())
	return code{loaded[0]}
})

func (c code) file(at token.Pos) string { return filepath.Base(c.Fset.Position(at).Filename) }

// nodes calls do with each node of each file.
func (c code) nodes(do func(file string, node ast.Node)) {
	for _, syntax := range c.Syntax {
		file := c.file(syntax.Pos())
		ast.Inspect(syntax, func(node ast.Node) bool {
			do(file, node)
			return true
		})
	}
}

// calls returns, for each file, the other files whose functions and methods it uses.
func (c code) calls() map[string]map[string]bool {
	calls := map[string]map[string]bool{}
	c.nodes(func(file string, node ast.Node) {
		identifier, ok := node.(*ast.Ident)
		if !ok {
			return
		}
		called, ok := c.TypesInfo.Uses[identifier].(*types.Func)
		if !ok || called.Pkg() != c.Types || c.file(called.Pos()) == file {
			return
		}
		if calls[file] == nil {
			calls[file] = map[string]bool{}
		}
		calls[file][c.file(called.Pos())] = true
	})
	return calls
}

// callPath returns the files on a path of calls between two files, or nil if there is none.
func callPath(calls map[string]map[string]bool, from, to string, seen map[string]bool) []string {
	for _, next := range slices.Sorted(maps.Keys(calls[from])) {
		if next == to {
			return []string{from, to}
		}
		if seen[next] {
			continue
		}
		seen[next] = true
		if rest := callPath(calls, next, to, seen); rest != nil {
			return append([]string{from}, rest...)
		}
	}
	return nil
}

var _ = Describe("The controllers package", func() {
	var c code
	BeforeEach(func() { c = loadCode() })

	It("has no cycle of calls between its files", func() {
		calls := c.calls()
		Expect(calls).NotTo(BeEmpty())
		for file := range calls {
			Expect(callPath(calls, file, file, map[string]bool{})).To(BeNil(), "files that call each other")
		}
	})

	It("has a reconciler with at most twenty methods and ten fields", func() {
		reconciler := c.Types.Scope().Lookup("reconciler").Type()
		Expect(types.NewMethodSet(types.NewPointer(reconciler)).Len()).To(BeNumerically("<=", 20))
		Expect(reconciler.Underlying().(*types.Struct).NumFields()).To(BeNumerically("<=", 10))
	})

	It("assigns to fields of observed only in observe.go and observed.go", func() {
		observed := c.Types.Scope().Lookup("observed").Type()
		isObserved := func(expression ast.Expr) bool {
			found := c.TypesInfo.TypeOf(expression)
			if pointer, isPointer := found.(*types.Pointer); isPointer {
				found = pointer.Elem()
			}
			return types.Identical(found, observed)
		}
		seen := 0
		c.nodes(func(file string, node ast.Node) {
			assignment, ok := node.(*ast.AssignStmt)
			if !ok {
				return
			}
			for _, assigned := range assignment.Lhs {
				for {
					field, isField := assigned.(*ast.SelectorExpr)
					if !isField {
						break
					}
					if isObserved(field.X) {
						seen++
						Expect(file).To(BeElementOf("observe.go", "observed.go"), "%s is assigned to", field.Sel.Name)
					}
					assigned = field.X
				}
			}
		})
		Expect(seen).To(BeNumerically(">", 0))
	})
})
