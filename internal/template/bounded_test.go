package template_test

import (
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

// large is a text that is still as long as a text may be; so are its characters
// those that every escaping multiplies.
var large = map[string]any{
	"x": strings.Repeat("<", template.MaxBytes), "q": strings.Repeat(`"`, template.MaxBytes), "w": strings.Repeat("\x01", template.MaxBytes),
	"n": strings.Repeat("ŉ", template.MaxBytes/2), "list": []string{strings.Repeat("l", template.MaxBytes), strings.Repeat("m", template.MaxBytes)},
	"format": strings.Repeat("%+[1]s", template.MaxBytes/6), "object": `{"a": "` + strings.Repeat("o", template.MaxBytes-100) + `"}`,
	"wide": strings.Repeat("%999d", template.MaxBytes/5), "half": strings.Repeat("h", template.MaxBytes/2),
}

// chain doubles a text by an expression over $x, time and again.
func chain(expression string) string {
	return `{{ $x := "abcdefgh<\"" }}` + strings.Repeat("{{ $x = "+expression+" }}", 60) + "{{ len $x }}"
}

func many(expression string, arguments string) string {
	return "{{ " + expression + strings.Repeat(" "+arguments, 1000) + " }}"
}

var _ = DescribeTable("a template is bounded: it cannot grow a text without end by",
	func(text string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := template.Render(text, large)
		runtime.ReadMemStats(&after)
		Expect(err).To(MatchError(Or(ContainSubstring("more than 64 KiB"), ContainSubstring("more than 999"))))
		Expect(after.TotalAlloc - before.TotalAlloc).To(BeNumerically("<", 64<<20))
	},
	Entry("print", chain(`print $x $x`)), Entry("println", chain(`println $x $x`)), Entry("printf", chain(`printf "%s%s" $x $x`)),
	Entry("printf of one argument", chain(`printf "%[1]s%[1]s" $x`)), Entry("printf with flags before the index", chain(`printf "%-[1]s%-[1]s" $x`)),
	Entry("quoting", chain(`quote $x`)), Entry("quoting by printf", chain(`printf "%q" $x`)), Entry("toJson", chain(`toJson $x`)),
	Entry("html", chain(`html $x $x`)), Entry("js", chain(`js $x`)), Entry("urlquery", chain(`urlquery $x $x`)),
	Entry("b64enc", chain(`b64enc $x`)), Entry("b32enc", chain(`b32enc $x`)), Entry("hexadecimal", chain(`printf "%x" $x`)),
	Entry("replace", chain(`replace "a" $x $x`)), Entry("replace of nothing", chain(`replace "" "abcdefgh" $x`)),
	Entry("upper", `{{ upper .n | upper | upper }}`+`{{ upper .n }}{{ upper .n }}`), Entry("join", `{{ join "," .list }}`),
	Entry("join by a long separator", `{{ join .x .list }}`),
	Entry("its own text", strings.Repeat("a", template.MaxBytes+1)), Entry("texts one after another", `{{ .x }}{{ .x }}`),
	Entry("all it is given", `{{ . }}`), Entry("all it is given, as JSON", `{{ toJson . }}`),
	Entry("a width", `{{ printf "%9999d" 1 }}`), Entry("a width with flags", `{{ printf "%-+09999d" 1 }}`), Entry("a precision", `{{ printf "%.9999f" 1.0 }}`),
	Entry("a width that is an argument", `{{ printf "%*d" 99999999 1 }}`), Entry("a width that is an argument by its index", `{{ printf "%[2]*[1]d" 1 99999999 }}`),
	Entry("many widths", `{{ printf .wide 1 }}`), Entry("a format of many indexes", `{{ printf .format .half }}`),
	Entry("print of many long texts", many("print", ".x")), Entry("println of many long texts", many("println", ".x")),
	Entry("printf of many long texts", many(`printf "x"`, ".x")), Entry("print of many lists", many("print", ".list")),
	Entry("print of many times all it is given", many("print", ".")), Entry("print of many objects", `{{ $o := fromJson .object }}`+many("print", "$o")),
	Entry("html of many long texts", many("html", ".x")), Entry("js of many long texts", many("js", ".x")), Entry("urlquery of many long texts", many("urlquery", ".x")),
	Entry("html of many times all it is given", many("html", ".")),
)

var _ = Describe("a text that is too long to be taken", func() {
	It("is not there, and the map that holds it stays as it is", func() {
		data := map[string]any{"x": strings.Repeat("x", template.MaxBytes+1), "y": "z"}
		_, err := template.Render(`{{ .x }}`, data)
		Expect(err).To(MatchError(ContainSubstring(`"x"`)))
		Expect(template.Render(`{{ .y }}`, data)).To(Equal("z"))
		Expect(data).To(HaveLen(2))
	})

	It("is there when it is just not too long", func() {
		Expect(template.Render(`{{ .x }}`, large)).To(HaveLen(template.MaxBytes))
		Expect(template.Render(`{{ replace "a" "b" .x }}`, large)).To(HaveLen(template.MaxBytes))
	})
})
