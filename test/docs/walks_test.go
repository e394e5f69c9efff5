package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// entry matches a row of the glossary of CONTRIBUTING.md: the file and the name that define a word.
var entry = regexp.MustCompile("(?m)\\| `([^`]*/[^`]*\\.go)`, `([^`]*)` \\|$")

// step matches a numbered line of CONTRIBUTING.md that names a file and its functions before a colon.
var step = regexp.MustCompile("(?m)^\\d+\\. (`[^`]*/[^`]*\\.go`(?:[^`:]|`[^`]*`)*):")

var _ = It("The ways through the code in CONTRIBUTING.md name functions that exist", func() {
	page, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	Expect(err).NotTo(HaveOccurred())
	functions := 0
	for _, found := range step.FindAllStringSubmatch(string(page), -1) {
		code, file := "", ""
		for _, name := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(found[1], -1) {
			switch {
			case strings.HasSuffix(name[1], ".go"):
				file = name[1]
				source, err := os.ReadFile(filepath.Join(root, file))
				Expect(err).NotTo(HaveOccurred())
				code = string(source)
			case file != "" && !strings.Contains(name[1], "/"):
				functions++
				Expect(code).To(MatchRegexp(`(?m)^func (\([^)]*\) )?`+name[1]+`\(`), "%s of %s", name[1], file)
			}
		}
	}
	Expect(functions).To(BeNumerically(">=", 20))
})

var _ = It("The glossary in CONTRIBUTING.md names the definitions of its words", func() {
	page, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	Expect(err).NotTo(HaveOccurred())
	entries := entry.FindAllStringSubmatch(string(page), -1)
	Expect(len(entries)).To(BeNumerically(">=", 10))
	for _, found := range entries {
		code, err := os.ReadFile(filepath.Join(root, found[1]))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(code)).To(MatchRegexp(`(?m)^(type `+found[2]+` |func (\([^)]*\) )?`+found[2]+`\()`), "%s of %s", found[2], found[1])
	}
})
