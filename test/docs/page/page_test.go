package page

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestPage(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Page")
}

const text = `# Title

` + fence + `yaml
a: 1
---
b: 2
` + fence + `
## Part
1. In a list:

   ` + fence + `sh
   kubectl apply -f - <<EOF
   apiVersion: v1
   EOF
   cat >script <<'END'
   exit
   END
   ` + fence + `

` + fence + `
output
` + fence + `
`

var _ = Describe("a page", func() {
	It("has blocks with their lines and languages, without the indentation of a list", func() {
		Expect(parse("a.md", text)).To(Equal([]Block{
			{Page: "a.md", Line: 3, Heading: "Title", Language: "yaml", Text: "a: 1\n---\nb: 2\n"},
			{Page: "a.md", Line: 11, Heading: "Part", Language: "sh", Text: "kubectl apply -f - <<EOF\napiVersion: v1\nEOF\ncat >script <<'END'\nexit\nEND\n"},
			{Page: "a.md", Line: 20, Heading: "Part", Text: "output\n"},
		}))
	})

	It("has documents in YAML blocks and in here-documents with manifests", func() {
		blocks, err := parse("a.md", text)
		Expect(err).NotTo(HaveOccurred())
		var documents []Document
		for _, block := range blocks {
			documents = append(documents, block.Documents()...)
		}
		Expect(documents).To(Equal([]Document{
			{At: "a.md:4", Text: "a: 1\n"}, {At: "a.md:6", Text: "b: 2\n"}, {At: "a.md:13", Text: "apiVersion: v1\n"},
		}))
	})

	It("is an error if a block is not closed", func() {
		_, err := parse("a.md", "\n"+fence+"sh\nls\n")
		Expect(err).To(MatchError("a.md:2: the block is not closed"))
	})
})
