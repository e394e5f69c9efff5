package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// manifests returns the parts of config that the templates read: the CRDs, the rules of
// each role, and the alerts.
func manifests(config fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	crds, err := fs.Glob(config, "crd/bases/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range crds {
		if files["files/crds/"+path.Base(name)], err = fs.ReadFile(config, name); err != nil {
			return nil, err
		}
	}
	roles, err := roleFiles(config)
	if err != nil {
		return nil, err
	}
	for name, from := range roles {
		if files["files/rules/"+name+".yaml"], err = part(config, from, "rules"); err != nil {
			return nil, err
		}
	}
	files["files/alerts.yaml"], err = part(config, "prometheus/rules.yaml", "spec", "groups")
	return files, err
}

// roleFiles maps the name of each file of rules to the file of config that holds the role.
func roleFiles(config fs.FS) (map[string]string, error) {
	found, err := fs.Glob(config, "rbac/*_role.yaml")
	if err != nil {
		return nil, err
	}
	roles := map[string]string{
		"manager":              "rbac/role.yaml",
		"serviceaccount-token": "components/serviceaccount-token/role.yaml",
		"token-review":         "components/serviceaccount-token/token_review_role.yaml",
	}
	for _, name := range found {
		short := strings.TrimSuffix(path.Base(name), "_role.yaml")
		roles[strings.ReplaceAll(short, "_", "-")] = name
	}
	return roles, nil
}

// part returns the value at keys in a file, with the last key and the comments of the file.
func part(config fs.FS, name string, keys ...string) ([]byte, error) {
	content, err := fs.ReadFile(config, name)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("read config/%s: %w", name, err)
	}
	node := document.Content[0]
	for _, key := range keys {
		if node = field(node, key); node == nil {
			return nil, fmt.Errorf("config/%s has no %s", name, strings.Join(keys, "."))
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Written by \"make generate\" from config/%s. Do not edit.\n", name)
	last := &yaml.Node{Kind: yaml.ScalarNode, Value: keys[len(keys)-1]}
	err = encode(&out, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{last, node}})
	return out.Bytes(), err
}
