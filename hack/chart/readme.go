package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed readme.md
var readmeHead string

// readme returns the README.md of the chart: how to install it, and a table of the values.
func readme(values []value) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(readmeHead)
	out.WriteString("| value | default | meaning |\n|---|---|---|\n")
	err := rows(&out, "", values)
	return out.Bytes(), err
}

func rows(out *bytes.Buffer, prefix string, values []value) error {
	escape := strings.NewReplacer("|", `\|`)
	for _, v := range values {
		name := prefix + v.Name
		if v.Group != nil {
			if err := rows(out, name+".", v.Group); err != nil {
				return err
			}
			continue
		}
		preset, err := compact(v)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "| `%s` | `%s` | %s |\n", name, preset, escape.Replace(describe(v)))
	}
	return nil
}

// compact returns a default value on one line.
func compact(v value) (string, error) {
	var preset any
	if err := v.Default.Decode(&preset); err != nil {
		return "", err
	}
	text, err := json.Marshal(preset)
	return string(text), err
}
