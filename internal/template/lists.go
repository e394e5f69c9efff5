package template

import (
	"strings"
	"text/template"
)

// lists are functions that make lists of a text, and those that compare each item
// of a list with each other.
func (m *meter) lists() template.FuncMap {
	return template.FuncMap{
		"splitList": splitList,
		"split":     func(separator, text string) (map[string]string, error) { return splitN(separator, -1, text) },
		"splitn":    splitN,
		"chunk":     chunk,
		"uniq":      m.uniq,
		"without":   m.without,
	}
}

// errTooMany is told before the items are made.
func errTooMany(items int) error {
	if items > MaxBytes/itemBytes {
		return errTooLong
	}
	return nil
}

func splitList(separator, text string) ([]string, error) {
	if err := errTooMany(strings.Count(text, separator)); err != nil {
		return nil, err
	}
	return strings.Split(text, separator), nil
}

func splitN(separator string, n int, text string) (map[string]string, error) {
	parts := strings.Count(text, separator)
	if n >= 0 {
		parts = min(parts, n)
	}
	if err := errTooMany(parts); err != nil {
		return nil, err
	}
	return hermetic["splitn"].(func(string, int, string) map[string]string)(separator, n, text), nil
}

func chunk(length int, list any) ([][]any, error) {
	if length < 1 {
		return nil, fault("a part has at least one item")
	}
	return hermetic["chunk"].(func(int, any) [][]any)(length, list), nil
}

func (m *meter) uniq(list any) ([]any, error) {
	// Each item is compared with each before it.
	size := sizeOf(list)
	if err := m.spend(size.bytes * size.values / itemBytes); err != nil {
		return nil, err
	}
	return hermetic["uniq"].(func(any) []any)(list), nil
}

func (m *meter) without(list any, items ...any) ([]any, error) {
	if err := m.spend(sizeOf(list).bytes * len(items)); err != nil {
		return nil, err
	}
	return hermetic["without"].(func(any, ...any) []any)(list, items...), nil
}
