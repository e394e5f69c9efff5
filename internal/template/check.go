package template

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// check returns an error for a template that defines another template, loops, calls an unknown
// function, or calls too many functions. Without loops and definitions, each part of a template is
// rendered at most once.
func check(tree *parse.Tree, trees map[string]*parse.Tree, text string) error {
	first := -1
	for _, other := range trees {
		if at := int(other.Root.Position()); other != tree && (first < 0 || at < first) {
			first = at
		}
	}
	if first >= 0 {
		return faultAt(first, text, "define and block are not available")
	}
	c := checker{text: text}
	return c.check(tree.Root)
}

type checker struct {
	text  string
	calls int
}

func (c *checker) check(node parse.Node) error {
	switch node := node.(type) {
	case *parse.RangeNode:
		return c.fault(node, "range is not available")
	case *parse.TemplateNode:
		return c.fault(node, "template is not available")
	case *parse.IdentifierNode:
		return c.checkCall(node)
	case *parse.ListNode:
		if node == nil {
			return nil
		}
		return checkAll(c, node.Nodes)
	case *parse.IfNode:
		return c.checkBranch(&node.BranchNode)
	case *parse.WithNode:
		return c.checkBranch(&node.BranchNode)
	case *parse.ActionNode:
		return c.check(node.Pipe)
	case *parse.PipeNode:
		return checkAll(c, node.Cmds)
	case *parse.CommandNode:
		return checkAll(c, node.Args)
	case *parse.ChainNode:
		return c.check(node.Node)
	}
	return nil
}

func checkAll[N parse.Node](c *checker, nodes []N) error {
	for _, node := range nodes {
		if err := c.check(node); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkBranch(branch *parse.BranchNode) error {
	return checkAll(c, []parse.Node{branch.Pipe, branch.List, branch.ElseList})
}

func (c *checker) checkCall(function *parse.IdentifierNode) error {
	if _, ours := functions[function.Ident]; !ours && !slices.Contains(operators, function.Ident) {
		return c.fault(function, fmt.Sprintf("function %q is not available in templates; available: %s", cut(function.Ident), available))
	}
	if c.calls++; c.calls > maxCalls {
		return c.fault(function, fmt.Sprintf("calls more than %d functions", maxCalls))
	}
	return nil
}

func (c *checker) fault(node parse.Node, message string) error {
	return faultAt(int(node.Position()), c.text, message)
}

func faultAt(position int, text, message string) error {
	before := text[:min(position, len(text))]
	return fault(fmt.Sprintf("line %d: %s", 1+strings.Count(before, "\n"), message))
}
