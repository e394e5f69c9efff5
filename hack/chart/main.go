// Command chart writes the generated files of the Helm chart: values.yaml and README.md from
// the schema of the values, and the CRDs, the rules of the roles and the alerts from config.
// It runs in the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const chart = "charts/tokensync"

func main() {
	if err := write("."); err != nil {
		fmt.Fprintf(os.Stderr, "chart: %v\n", err)
		os.Exit(1)
	}
}

// write writes all generated files. It removes the old files first, so that no file of a removed CRD or
// role remains.
func write(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(root, chart, "files")); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(root, chart, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the content of each file, by its path in the chart.
func generate(root string) (map[string][]byte, error) {
	files, err := manifests(os.DirFS(filepath.Join(root, "config")))
	if err != nil {
		return nil, err
	}
	schema, err := os.ReadFile(filepath.Join(root, chart, "values.schema.json"))
	if err != nil {
		return nil, err
	}
	values, err := readSchema(schema)
	if err != nil {
		return nil, fmt.Errorf("read values.schema.json: %w", err)
	}
	if files["values.yaml"], err = valuesFile(values); err != nil {
		return nil, err
	}
	files["README.md"], err = readme(values)
	return files, err
}
