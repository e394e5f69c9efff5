package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

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
