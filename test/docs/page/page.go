// Package page reads the Markdown pages of the documentation for the tests that hold
// them to what they say.
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
	// Line is that of the opening fence.
	Line int
	// Heading is the one above it.
	Heading  string
	Language string
	Text     string
}

// String is where the block stands, such as docs/security.md:11.
func (b Block) String() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

// without are folders that hold no page of this repository, or what pages are made of.
var without = []string{"bin", "dist", "hack", "node_modules", "testdata"}

// List names all pages below root, the root of the repository.
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

// All are the blocks of all pages.
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

// Blocks are the blocks of one page.
func Blocks(root, name string) ([]Block, error) {
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return nil, err
	}
	return parse(name, string(raw))
}

// In are the texts of a page's blocks of a language.
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

// parse finds the blocks. One that stands in a list is indented: its text is not.
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
