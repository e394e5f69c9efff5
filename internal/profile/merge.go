package profile

import (
	"encoding/json"
	"maps"
	"slices"
)

// fill returns wanted, with missing values taken from rest. Objects are merged by member, and lists of named
// objects by item.
func fill(wanted, rest map[string]any) map[string]any {
	filled := maps.Clone(rest)
	for key, value := range wanted {
		switch value := value.(type) {
		case map[string]any:
			below, _ := rest[key].(map[string]any)
			filled[key] = fill(value, orEmpty(below))
		case []any:
			below, _ := rest[key].([]any)
			filled[key] = fillList(value, below)
		default:
			filled[key] = value
		}
	}
	return filled
}

func fillList(wanted, rest []any) []any {
	filled := slices.Clone(wanted)
	for _, item := range rest {
		name, named := nameOf(item)
		if named && !slices.ContainsFunc(wanted, func(other any) bool { n, ok := nameOf(other); return ok && n == name }) {
			filled = append(filled, item)
		}
	}
	return filled
}

func nameOf(item any) (string, bool) {
	object, _ := item.(map[string]any)
	name, ok := object["name"].(string)
	return name, ok
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func convert[T any](from any) (to T, err error) {
	raw, err := json.Marshal(from)
	if err != nil {
		return to, err
	}
	err = json.Unmarshal(raw, &to)
	return to, err
}
