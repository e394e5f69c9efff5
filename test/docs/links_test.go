package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/docs/page"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*?)\s*$`)
	fenced  = regexp.MustCompile("(?s)(?:\n|^) *```.*?\n *```(?:\n|$)")
	code    = regexp.MustCompile("`[^`\n]*`")
	anchor  = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	// markup matches the parts of a heading that its anchor leaves out: the address of a link, and all
	// characters except letters, digits, spaces, hyphens and underscores.
	markup = regexp.MustCompile(`\]\([^)]*\)|[^\p{L}\p{N} _-]`)
	// published matches the web address of a file of this repository.
	published = regexp.MustCompile(`^https://github\.com/tokensync/tokensync/(?:blob|tree)/main/`)
)

var _ = DescribeTable("the links of a page have targets", func(name string) {
	text := read(name)
	for _, found := range link.FindAllStringSubmatch(code.ReplaceAllString(fenced.ReplaceAllString(text, ""), ""), -1) {
		target := found[1]
		folder := filepath.Dir(name)
		if published.MatchString(target) {
			target, folder = published.ReplaceAllString(target, ""), "."
		}
		if strings.Contains(target, ":") {
			continue // The link leads to another site.
		}
		path, fragment, _ := strings.Cut(target, "#")
		file := name
		if path != "" {
			file = filepath.Join(folder, path)
			_, err := os.Stat(filepath.Join(root, file))
			Expect(err).NotTo(HaveOccurred(), found[1])
		}
		if fragment != "" {
			Expect(anchors(read(file))).To(ContainElement(fragment), found[1])
		}
	}
}, pages())

var _ = Describe("docs/README.md", func() {
	It("links to all pages", func() {
		index := read("docs/README.md")
		for _, name := range list() {
			relative, inDocs := strings.CutPrefix(name, "docs/")
			if inDocs && name != "docs/README.md" && !strings.HasPrefix(name, "docs/decisions/0") {
				Expect(strings.Contains(index, "("+relative+")")).To(BeTrue(), relative)
			}
		}
	})
})

var _ = Describe("docs/decisions/README.md", func() {
	It("lists each decision once", func() {
		index := read("docs/decisions/README.md")
		for _, name := range list() {
			if decision, found := strings.CutPrefix(name, "docs/decisions/0"); found {
				Expect(strings.Count(index, "(0"+decision+")")).To(Equal(1), name)
			}
		}
	})
})

// pages returns an entry for each page.
func pages() (entries []TableEntry) {
	for _, name := range list() {
		entries = append(entries, Entry(name, name))
	}
	return entries
}

func list() []string {
	names, err := page.List(root)
	if err != nil {
		panic(err)
	}
	return names
}

func read(name string) string {
	GinkgoHelper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	Expect(err).NotTo(HaveOccurred())
	return string(raw)
}

// anchors returns the anchors that GitHub generates for the headings of a page, and the anchors in its
// HTML.
func anchors(text string) (names []string) {
	seen := map[string]int{}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		name := strings.ReplaceAll(strings.ToLower(markup.ReplaceAllString(found[1], "")), " ", "-")
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, seen[name]-1)
		}
		names = append(names, name)
	}
	for _, found := range anchor.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	return names
}
