// Package template renders Go templates over texts. It is pure and bounded: no
// function does I/O or reads the clock, there are no loops, no value grows beyond
// MaxBytes, and the work of one rendering is counted.
package template

import (
	"fmt"
	"strings"
	"text/template"
)

// MaxBytes bounds a template, what it yields, and each value in it.
const MaxBytes = 64 << 10

// Check tells what is wrong with a template without rendering it, and in which
// line.
func Check(text string) error {
	_, err := parsed(text, &meter{})
	return err
}

// Render renders a template over named values: {{ .name }}, or {{ index . "a-b" }}
// for a name that is no identifier. A value is a text, a number, true or false, or
// a list or a map of values. A name that is not there, or whose value is longer
// than MaxBytes, is an error. An error never holds a text that was given, nor a
// part of one: it may be secret.
func Render(text string, data map[string]any) (string, error) {
	t, err := parsed(text, &meter{left: maxWork})
	if err != nil {
		return "", err
	}
	given := make(map[string]any, len(data))
	for name, value := range data {
		if taken, _, err := copied(value, MaxBytes); err == nil {
			given[name] = taken
		}
	}
	out := &boundedBuilder{}
	if err := t.Execute(out, given); err != nil {
		return "", explain(err, text, data)
	}
	return out.String(), nil
}

func parsed(text string, m *meter) (*template.Template, error) {
	if len(text) > MaxBytes {
		return nil, fault(fmt.Sprintf("has more than %d KiB", MaxBytes>>10))
	}
	t, err := template.New(name).Option("missingkey=error").Funcs(offered(m, text)).Parse(text)
	if err != nil {
		return nil, explainParsing(err)
	}
	if err := checkDefinitions(t, text); err != nil {
		return nil, err
	}
	if t.Tree == nil {
		return t, nil
	}
	return t, checkNodes(t.Root, text)
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
