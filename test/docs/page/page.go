// Package page reads the Markdown pages of the documentation, so that tests can check their content.
package page

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Block is a fenced block of a page.
type Block struct {
	// Page is the path of the page from the root of the repository.
	Page string
	// Line is the line of the opening fence.
	Line int
	// Heading is the heading above the block.
	Heading  string
	Language string
	Text     string
}

// String returns the position of the block, such as docs/security.md:11.
func (b Block) String() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

// without lists folders that have no pages of this repository, or only sources of pages.
var without = []string{"bin", "dist", "hack", "node_modules", "testdata"}

// List returns the names of all pages below root, the root of the repository.
func List(root string) (pages []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || slices.Contains(without, name)):
			return filepath.SkipDir
		case !entry.IsDir() && filepath.Ext(name) == ".md":
			relative, err := filepath.Rel(root, path)
			pages = append(pages, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	return pages, err
}

// All returns the blocks of all pages.
func All(root string) (blocks []Block, err error) {
	pages, err := List(root)
	if err != nil {
		return nil, err
	}
	for _, name := range pages {
		found, err := Blocks(root, name)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, found...)
	}
	return blocks, nil
}

// Blocks returns the blocks of one page.
func Blocks(root, name string) ([]Block, error) {
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return nil, err
	}
	return parse(name, string(raw))
}

// In returns the texts of the blocks of a page that have the given language.
func In(root, name, language string) (texts []string, err error) {
	blocks, err := Blocks(root, name)
	for _, block := range blocks {
		if block.Language == language {
			texts = append(texts, block.Text)
		}
	}
	return texts, err
}

const fence = "```"

// parse returns the blocks. The text of a block in a list is returned without the indentation.
func parse(name, text string) (blocks []Block, err error) {
	var open *Block
	var indent, heading string
	line := 0
	for text := range strings.Lines(text) {
		line++
		trimmed := strings.TrimSpace(text)
		switch {
		case open == nil && strings.HasPrefix(trimmed, fence):
			indent, _, _ = strings.Cut(text, fence)
			open = &Block{Page: name, Line: line, Heading: heading, Language: strings.TrimPrefix(trimmed, fence)}
		case open == nil && strings.HasPrefix(text, "#"):
			heading = strings.TrimLeft(trimmed, "# ")
		case open != nil && trimmed == fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += strings.TrimPrefix(text, indent)
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: the block is not closed", open)
	}
	return blocks, nil
}
