package template

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template"
)

// data are functions over maps and JSON.
var data = template.FuncMap{
	"index":         index,
	"keys":          keys,
	"values":        values,
	"deepCopy":      func(value any) any { return value },
	"fromJson":      fromJSON,
	"toJson":        toJSON,
	"toRawJson":     toJSON,
	"toPrettyJson":  func(value any) (string, error) { return encode(value, "  ") },
	"semver":        version,
	"semverCompare": compareVersions,
}

// index finds a key that is no identifier, or an item of a list.
func index(value any, keys ...any) (any, error) {
	for _, key := range keys {
		switch of := value.(type) {
		case map[string]any:
			name, _ := key.(string)
			member, found := of[name]
			if !found {
				return nil, missingKeyError(name)
			}
			value = member
		default:
			// It panics where there is no such item, and that is an error.
			list, at := reflect.ValueOf(value), reflect.ValueOf(key)
			value = list.Index(int(at.Int())).Interface()
		}
	}
	return value, nil
}

// keys of maps, in alphabetical order.
func keys(dicts ...map[string]any) []string {
	var all []string
	for _, dict := range dicts {
		all = slices.AppendSeq(all, maps.Keys(dict))
	}
	slices.Sort(all)
	return all
}

// values of a map, in the order of its keys.
func values(dict map[string]any) []any {
	list := make([]any, 0, len(dict))
	for _, key := range keys(dict) {
		list = append(list, dict[key])
	}
	return list
}

// fromJSON reads JSON. Numbers keep their digits.
func fromJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	if _, after := decoder.Token(); err != nil || !errors.Is(after, io.EOF) {
		return nil, fault("what it is given is no JSON")
	}
	return value, nil
}

// toJSON writes a value as JSON, a text with its quotes.
func toJSON(value any) (string, error) { return encode(value, "") }

func encode(value any, indent string) (string, error) {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// mostVersion bounds what is read as a version, or as a constraint of one.
const mostVersion = 256

var errVersion = fault("a version, and a constraint, has no more than 256 characters")

// version is a semantic version as a map: sprig's has methods.
func version(text string) (map[string]any, error) {
	if len(text) > mostVersion {
		return nil, errVersion
	}
	results := reflect.ValueOf(hermetic["semver"]).Call([]reflect.Value{reflect.ValueOf(text)})
	if err, _ := results[1].Interface().(error); err != nil {
		return nil, fault("what it is given is no semantic version")
	}
	v := results[0].Interface().(interface {
		Major() uint64
		Minor() uint64
		Patch() uint64
		Prerelease() string
		Metadata() string
		Original() string
	})
	return map[string]any{
		"Major": v.Major(), "Minor": v.Minor(), "Patch": v.Patch(),
		"Prerelease": v.Prerelease(), "Metadata": v.Metadata(), "Original": v.Original(),
	}, nil
}

func compareVersions(constraint, version string) (bool, error) {
	if max(len(constraint), len(version)) > mostVersion {
		return false, errVersion
	}
	return hermetic["semverCompare"].(func(string, string) (bool, error))(constraint, version)
}
