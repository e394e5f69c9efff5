package main

import (
	"encoding/json"
	"io"

	"sigs.k8s.io/yaml"
)

// writeDocument writes a document in JSON or YAML.
func writeDocument(to io.Writer, format string, document any) error {
	if format == "yaml" {
		raw, err := yaml.Marshal(document)
		if err != nil {
			return err
		}
		_, err = to.Write(raw)
		return err
	}
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
