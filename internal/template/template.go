// Package template renders Go templates over texts. It is pure and bounded: no
// function does I/O or reads the clock, there are no loops, and no text grows
// beyond MaxBytes.
package template

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"text/template"
	"text/template/parse"
)

// MaxBytes bounds what a template, and each function in it, may yield.
const MaxBytes = 64 << 10

// Check tells what is wrong with a template without rendering it.
func Check(text string) error {
	_, err := parsed(text)
	return err
}

// Render renders a template over named texts and lists of texts: {{ .name }}, or
// {{ index . "a-b" }} for a name that is no identifier. A name that is not there,
// or whose text is longer than MaxBytes, is an error. An error never holds a text.
func Render(text string, data map[string]any) (string, error) {
	t, err := parsed(text)
	if err != nil {
		return "", err
	}
	for name, value := range data {
		if text, ok := value.(string); ok && len(text) > MaxBytes {
			data = maps.Clone(data)
			delete(data, name)
		}
	}
	out := &boundedBuilder{}
	if err := t.Execute(out, data); err != nil {
		return "", explain(err, text)
	}
	return out.String(), nil
}

func parsed(text string) (*template.Template, error) {
	t, err := template.New("template").Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: template:"))
	}
	if len(t.Templates()) > 1 {
		return nil, fault("define and block are not available")
	}
	if t.Tree == nil {
		return t, nil
	}
	return t, checkNodes(t.Root)
}

// checkNodes refuses what could make rendering take long: without loops and
// calls, each part of a template is rendered once at most.
func checkNodes(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		var branch *parse.BranchNode
		switch node := node.(type) {
		case *parse.RangeNode:
			return fault("range is not available")
		case *parse.TemplateNode:
			return fault("template is not available")
		case *parse.IfNode:
			branch = &node.BranchNode
		case *parse.WithNode:
			branch = &node.BranchNode
		default:
			continue
		}
		if err := errors.Join(checkNodes(branch.List), checkNodes(branch.ElseList)); err != nil {
			return err
		}
	}
	return nil
}

// fault is an error of our own: it holds no text that was given.
type fault string

func (f fault) Error() string { return string(f) }

var errTooLong = fault(fmt.Sprintf("yields more than %d KiB", MaxBytes>>10))

type boundedBuilder struct{ strings.Builder }

func (b *boundedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > MaxBytes {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
}

// explain keeps of an error what holds no text: functions may quote what they are
// given. A key is shown when it stands in the template, since it may be a text.
func explain(err error, text string) error {
	var missing missingKeyError
	if errors.As(err, &missing) && !strings.Contains(text, string(missing)) {
		return fault("there is no key of a name that is computed")
	}
	if errors.As(err, &missing) {
		return missing
	}
	var known fault
	if errors.As(err, &known) {
		return known
	}
	var executed template.ExecError
	if !errors.As(err, &executed) {
		return fault("cannot be rendered")
	}
	message := executed.Err.Error()
	if _, key, found := strings.Cut(message, "map has no entry for key "); found {
		return missingKeyError(strings.Trim(key, `"`))
	}
	if _, call, found := strings.Cut(message, "error calling "); found {
		name, _, _ := strings.Cut(call, ":")
		return fault(fmt.Sprintf("the function %s fails", name))
	}
	return fault("cannot be rendered: is every function given what it takes?")
}

// missingKeyError is the error of a key that is not there.
type missingKeyError string

func (m missingKeyError) Error() string { return fmt.Sprintf("there is no key %q", string(m)) }
