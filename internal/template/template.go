// Package template renders Go templates with texts as their data. It is pure and bounded: no
// function does I/O, reads the clock or is random. There are no loops, a template calls at most
// maxCalls functions, each function is linear in its arguments, and no value grows beyond MaxBytes.
// So the time and the memory of a rendering are bounded without measuring them.
package template

import (
	"fmt"
	"text/template"
	"text/template/parse"
)

// Check returns an error that names the line if a template is not valid. It does not render the
// template.
func Check(text string) error {
	_, err := parsed(text)
	return err
}

// Render renders a template over named values: {{ .name }}, or {{ index . "a-b" }} for a name that
// is not an identifier. A value is a string or a []string. A name that is missing, or whose value
// is longer than MaxBytes, is an error. An error never contains a value or a part of it, because
// the value may be secret.
func Render(text string, data map[string]any) (string, error) {
	t, err := parsed(text)
	if err != nil {
		return "", err
	}
	out := &builder{}
	if err := t.Execute(out, templateData(data)); err != nil {
		return "", renderError(err, text, data)
	}
	return out.String(), nil
}

func parsed(text string) (*template.Template, error) {
	if len(text) > MaxBytes {
		return nil, fault(fmt.Sprintf("has more than %d KiB", MaxBytes>>10))
	}
	tree, trees := parse.New(name), map[string]*parse.Tree{}
	// check reports unknown functions, and lists the available functions.
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", trees); err != nil {
		return nil, parseError(err)
	}
	if err := check(tree, trees, text); err != nil {
		return nil, err
	}
	return template.New(name).Option("missingkey=error").Funcs(functions).AddParseTree(name, tree)
}

// templateData returns the values that a template can use, with lists in the type that
// functions take.
func templateData(data map[string]any) map[string]any {
	values := make(map[string]any, len(data))
	for name, value := range data {
		switch value := value.(type) {
		case string:
			values[name] = value
		case []string:
			values[name] = listOf(value)
		default:
			continue
		}
		if _, err := bounded(values[name]); err != nil {
			delete(values, name)
		}
	}
	return values
}

// fault is an error of this package. It contains no value.
type fault string

func (f fault) Error() string { return string(f) }
