package template

import (
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// checkDefinitions refuses templates inside the template.
func checkDefinitions(t *template.Template, text string) error {
	for _, other := range t.Templates() {
		if other.Name() != name && other.Tree != nil {
			return faultAt(other.Root, text, "define and block are not available")
		}
	}
	return nil
}

// checkNodes refuses what could make rendering take long: without loops and
// calls, each part of a template is rendered once at most.
func checkNodes(list *parse.ListNode, text string) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		if err := checkNode(node, text); err != nil {
			return err
		}
	}
	return nil
}

func checkNode(node parse.Node, text string) error {
	var branch *parse.BranchNode
	switch node := node.(type) {
	case *parse.RangeNode:
		return faultAt(node, text, "range is not available")
	case *parse.TemplateNode:
		return faultAt(node, text, "template is not available")
	case *parse.ActionNode:
		return checkAction(node, text)
	case *parse.IfNode:
		branch = &node.BranchNode
	case *parse.WithNode:
		branch = &node.BranchNode
	default:
		return nil
	}
	if err := checkNodes(branch.List, text); err != nil {
		return err
	}
	return checkNodes(branch.ElseList, text)
}

// checkAction refuses {{ $_ := set $dict "key" "value" }}: who writes that for sprig
// takes it that $dict is changed.
func checkAction(node *parse.ActionNode, text string) error {
	for _, variable := range node.Pipe.Decl {
		if variable.Ident[0] == "$_" {
			return faultAt(node, text, `functions change nothing in its place: write $dict = set $dict "key" "value" instead of $_ := ...`)
		}
	}
	return nil
}

func faultAt(node parse.Node, text, message string) error {
	before := text[:min(int(node.Position()), len(text))]
	return fault(fmt.Sprintf("line %d: %s", 1+strings.Count(before, "\n"), message))
}
