package jsondoc_test

import (
	"encoding/json"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/jsondoc"
)

func TestJSONDoc(t *testing.T) {
	t.Parallel()
	RegisterFailHandler(Fail)
	RunSpecs(t, "jsondoc")
}

var _ = DescribeTable("Decode reads", func(text string, expected any) {
	Expect(jsondoc.Decode(text)).To(Equal(expected))
},
	Entry("an object", `{"a": [true, null]}`, map[string]any{"a": []any{true, nil}}),
	Entry("a text", ` "a" `, "a"),
	Entry("a number with all its digits", `12345678901234567890.10`, json.Number("12345678901234567890.10")),
)

var _ = DescribeTable("Decode refuses", func(text string) {
	_, err := jsondoc.Decode(text)
	Expect(err).To(HaveOccurred())
},
	Entry("an empty text", ``),
	Entry("half an object", `{"a": `),
	Entry("a second document", `{} {}`),
	Entry("text after the document", `{} and more`),
)

var _ = DescribeTable("Count counts", func(text string, expected int) {
	Expect(jsondoc.Count(text, "[{,:")).To(Equal(expected))
},
	Entry("the delimiters of members", `{"a": 1, "b": 2}`, 4),
	Entry("the delimiters of items", `[[1, 2], []]`, 5),
	Entry("none inside of a string", `"a, b: [\", {"`, 0),
	Entry("none in a number", `1`, 0),
)
