//go:build e2e

package e2e_test

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/test/docs/page"
)

// command identifies a block by its page and its first command.
type command struct{ page, first string }

// commands holds the blocks of the pages.
type commands struct {
	// run holds the blocks to run for each page: commands, and the manifests between them.
	run map[string][]page.Block
	// left holds the blocks that are left out, because notRun names them.
	left map[command]bool
}

// readCommands returns the blocks of all pages.
func readCommands() commands {
	blocks, err := page.All(root)
	if err != nil {
		panic(err)
	}
	found := commands{run: map[string][]page.Block{}, left: map[command]bool{}}
	manifests := map[string][]page.Block{}
	for _, block := range blocks {
		first, _, _ := strings.Cut(block.Text, "\n")
		this := command{block.Page, first}
		_, left := notRun[this]
		switch {
		case left:
			found.left[this] = true
		case block.Language == "yaml" && isManifest(block):
			manifests[block.Page] = append(manifests[block.Page], block)
		case block.Language == "sh":
			found.run[block.Page] = append(append(found.run[block.Page], manifests[block.Page]...), block)
			delete(manifests, block.Page)
		}
	}
	return found
}

// isManifest reports whether a YAML block can be applied to this cluster.
func isManifest(block page.Block) bool {
	for _, document := range block.Documents() {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document.Text), &object.Object); err != nil {
			panic(document.At + ": " + err.Error())
		}
		group := object.GroupVersionKind().Group
		if _, foreign := page.Foreign[group]; foreign || object.GetAPIVersion() == "" || group == "kustomize.config.k8s.io" {
			return false
		}
	}
	return true
}
