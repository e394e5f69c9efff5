package page

import (
	"fmt"
	"regexp"
	"strings"
)

// Document is one YAML document of a block, or of a file.
type Document struct {
	// At is the position where the document begins, such as docs/formats.md:87.
	At   string
	Text string
}

// Documents returns the YAML documents of a yaml block, or the manifests in the here-documents of a sh
// block.
func (b Block) Documents() []Document {
	switch b.Language {
	case "yaml":
		return Split(b.Page, b.Line+1, b.Text)
	case "sh":
		return b.hereDocuments()
	}
	return nil
}

// Split splits YAML into its documents. line is the number of the first line.
func Split(name string, line int, text string) (documents []Document) {
	current := Document{At: fmt.Sprintf("%s:%d", name, line)}
	add := func() {
		if strings.TrimSpace(current.Text) != "" {
			documents = append(documents, current)
		}
	}
	for text := range strings.Lines(text) {
		line++
		if strings.TrimRight(text, " \n") == "---" {
			add()
			current = Document{At: fmt.Sprintf("%s:%d", name, line)}
			continue
		}
		current.Text += text
	}
	add()
	return documents
}

var hereDocument = regexp.MustCompile(`<<-? ?['"]?(\w+)['"]?`)

// hereDocuments returns the here-documents that hold manifests. The other here-documents hold files of
// other kinds.
func (b Block) hereDocuments() (documents []Document) {
	lines := strings.SplitAfter(b.Text, "\n")
	for i, line := range lines {
		found := hereDocument.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		text, first := "", i+1
		for _, line := range lines[first:] {
			if strings.TrimSpace(line) == found[1] {
				break
			}
			text += line
		}
		if strings.Contains(text, "apiVersion:") {
			documents = append(documents, Split(b.Page, b.Line+1+first, text)...)
		}
	}
	return documents
}
