package main

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// value is a value of the chart, or a group of values.
type value struct {
	Name        string
	Description string
	Default     *yaml.Node // nil for a group
	Enum        []string
	Group       []value
}

// readSchema reads the values in the order of the schema. It parses the JSON as YAML, whose nodes keep
// that order. It leaves out properties without a default: they are not for admins.
func readSchema(schema []byte) ([]value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(schema, &document); err != nil {
		return nil, err
	}
	return group(document.Content[0])
}

func group(schema *yaml.Node) ([]value, error) {
	var values []value
	properties := field(schema, "properties")
	if properties == nil {
		return nil, errors.New("has no properties")
	}
	for i := 0; i < len(properties.Content); i += 2 {
		v, err := read(properties.Content[i].Value, properties.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", properties.Content[i].Value, err)
		}
		if v.Default != nil || v.Group != nil {
			values = append(values, v)
		}
	}
	return values, nil
}

func read(name string, schema *yaml.Node) (value, error) {
	v := value{Name: name, Default: field(schema, "default")}
	if description := field(schema, "description"); description != nil {
		v.Description = description.Value
	}
	if enum := field(schema, "enum"); enum != nil {
		for _, allowed := range enum.Content {
			v.Enum = append(v.Enum, allowed.Value)
		}
	}
	if v.Default == nil && field(schema, "properties") != nil {
		var err error
		v.Group, err = group(schema)
		return v, err
	}
	if v.Description == "" {
		return v, errors.New("has no description")
	}
	return v, nil
}

// field returns the value of a key of a mapping, or nil.
func field(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}
