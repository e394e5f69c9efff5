package main

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	valuesHead = `# Written by "make generate" from values.schema.json. Do not edit.`
	width      = 96
)

// valuesFile returns values.yaml: every value with its default, below its description.
func valuesFile(values []value) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(valuesHead + "\n")
	for _, v := range values {
		out.WriteString("\n")
		if err := encode(&out, mapping([]value{v}, 0)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func mapping(values []value, depth int) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, v := range values {
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: v.Name}
		content := v.Default
		if v.Group != nil {
			content = mapping(v.Group, depth+1)
		} else {
			content = blockStyle(content)
			key.HeadComment = comment(v, width-2*depth)
		}
		node.Content = append(node.Content, key, content)
	}
	return node
}

// blockStyle returns a copy of a JSON node in the block style of YAML.
func blockStyle(node *yaml.Node) *yaml.Node {
	plain := *node
	if len(node.Content) > 0 {
		plain.Style = 0
	}
	if node.Kind == yaml.ScalarNode && node.Value != "" {
		plain.Style = 0
	}
	plain.Content = nil
	for _, child := range node.Content {
		plain.Content = append(plain.Content, blockStyle(child))
	}
	return &plain
}

func comment(v value, width int) string {
	var lines []string
	line := "#"
	for word := range strings.FieldsSeq(describe(v)) {
		if len(line)+1+len(word) > width {
			lines, line = append(lines, line), "#"
		}
		line += " " + word
	}
	return strings.Join(append(lines, line), "\n")
}

// describe returns the description on one line. If there is an enum, it lists the allowed values.
func describe(v value) string {
	text := strings.Join(strings.Fields(v.Description), " ")
	if len(v.Enum) == 0 {
		return text
	}
	return text + " One of " + strings.Join(v.Enum, ", ") + "."
}

func encode(out *bytes.Buffer, node *yaml.Node) error {
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return err
	}
	return encoder.Close()
}
