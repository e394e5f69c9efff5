package template_test

import (
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

const most = template.MaxBytes

// large is a text that is still as long as a text may be; so are its characters
// those that every escaping multiplies.
var large = map[string]any{
	"x": strings.Repeat("<", most), "q": strings.Repeat(`"`, most), "w": strings.Repeat("\x01", most), "n": strings.Repeat("ŉ", most/2),
	"list": []string{strings.Repeat("l", most/2-20), strings.Repeat("m", most/2-20)}, "letters": strings.Repeat("aB", most/2),
	"format": strings.Repeat("%+[1]s", most/6), "object": `{"a": "` + strings.Repeat("o", most-100) + `"}`,
	"wide": strings.Repeat("%999d", most/5), "half": strings.Repeat("h", most/2), "lines": strings.Repeat("\n", 1000), "commas": strings.Repeat(",", 4000),
	"array": "[" + strings.Repeat("[],", 20000) + "1]", "deep": strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "thousand": strings.Repeat("a", 1000),
}

// chain doubles a value by an expression over $x, time and again.
func chain(expression string) string { return chainOf(`"abcdefgh<\""`, expression) }

func chainOf(first, expression string) string {
	return "{{ $x := " + first + " }}" + strings.Repeat("{{ $x = "+expression+" }}", 100) + "{{ len $x }}"
}

func many(expression string, arguments string) string {
	return "{{ " + expression + strings.Repeat(" "+arguments, 1000) + " }}"
}

// again renders a part as often as a template may be long.
func again(part string) string { return strings.Repeat(part, most/len(part)) }

// allocated is the memory that rendering takes, whether it is freed again or not.
func allocated(text string, data map[string]any) (bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = template.Render(text, data)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

var _ = DescribeTable("a template is bounded: it cannot grow a value without end by",
	func(text string) {
		bytes, err := allocated(text, large)
		Expect(err).To(MatchError(Or(ContainSubstring("more than 64 KiB"), ContainSubstring("more than 999"), ContainSubstring("more than 256"), ContainSubstring("too deeply"), ContainSubstring("more work"))))
		Expect(bytes).To(BeNumerically("<", 64<<20))
	},
	Entry("print", chain(`print $x $x`)), Entry("println", chain(`println $x $x`)), Entry("printf", chain(`printf "%s%s" $x $x`)),
	Entry("printf of one argument", chain(`printf "%[1]s%[1]s" $x`)), Entry("printf with flags before the index", chain(`printf "%-[1]s%-[1]s" $x`)),
	Entry("quoting", chain(`quote $x`)), Entry("quoting by printf", chain(`printf "%q" $x`)), Entry("toJson", chain(`toJson $x`)),
	Entry("quoting several", chain(`quote $x $x`)), Entry("single quotes", chain(`squote $x $x`)), Entry("cat", chain(`cat $x $x`)),
	Entry("html", chain(`html $x $x`)), Entry("js", chain(`js $x`)), Entry("urlquery", chain(`urlquery $x $x`)), Entry("regexQuoteMeta", chain(`print (regexQuoteMeta $x) "("`)+`{{ regexQuoteMeta "(" | repeat 40000 }}`),
	Entry("b64enc", chain(`b64enc $x`)), Entry("b32enc", chain(`b32enc $x`)), Entry("hexadecimal", chain(`printf "%x" $x`)),
	Entry("replace", chain(`replace "a" $x $x`)), Entry("replace of nothing", chain(`replace "" "abcdefgh" $x`)),
	Entry("upper", `{{ upper .n | upper | upper }}`+`{{ upper .n }}{{ upper .n }}`), Entry("snakecase", `{{ snakecase .letters }}`),
	Entry("join", chainOf(`list "ab" "c"`, `list (join "," $x) (join "," $x)`)), Entry("join by a long separator", `{{ join .x .list }}`), Entry("join of many by a separator", `{{ splitList "," .commas | join "abcdefghijklmnopqrst" }}`),
	Entry("its own text", strings.Repeat("a", most+1)), Entry("texts one after another", `{{ .x }}{{ .x }}`),
	Entry("all it is given", `{{ . }}`), Entry("all it is given, as JSON", `{{ toJson . }}`), Entry("all it is given, as a text", `{{ toString . }}`),
	Entry("a width", `{{ printf "%9999d" 1 }}`), Entry("a width with flags", `{{ printf "%-+09999d" 1 }}`), Entry("a precision", `{{ printf "%.9999f" 1.0 }}`),
	Entry("a width after signs of percent", `{{ printf "%%%9999d%5%%9999d" 1 2 }}`), Entry("a width that is an argument", `{{ printf "%*d" 99999999 1 }}`), Entry("a width that is an argument by its index", `{{ printf "%[2]*[1]d" 1 99999999 }}`),
	Entry("many widths", `{{ printf .wide 1 2 3 4 5 6 7 8 9 }}`+many(`printf .wide`, "1")), Entry("a format of many indexes", `{{ printf .format .half }}`),
	Entry("a width for each item of a list", `{{ printf "%999s" (splitList "," .commas) }}`),
	Entry("print of many long texts", many("print", ".x")), Entry("println of many long texts", many("println", ".x")),
	Entry("printf of many long texts", many(`printf "x"`, ".x")), Entry("print of many lists", many("print", ".list")), Entry("cat of many long texts", many("cat", ".x")),
	Entry("print of many times all it is given", many("print", ".")), Entry("print of many objects", `{{ $o := fromJson .object }}`+many("print", "$o")),
	Entry("html of many long texts", many("html", ".x")), Entry("js of many long texts", many("js", ".x")), Entry("urlquery of many long texts", many("urlquery", ".x")),
	Entry("html of many times all it is given", many("html", ".")),

	Entry("repeat", `{{ repeat 1000000000 "x" }}`), Entry("repeat in a chain", chain(`repeat 9 $x`)), Entry("repeat by a product that overflows", `{{ repeat 4611686018427387904 "abcd" }}`),
	Entry("repeat of nothing", `{{ repeat 1000000000 "" }}`), Entry("indent", `{{ indent 1000000000 "x" }}`), Entry("nindent", `{{ nindent 1000000000 "x" }}`),
	Entry("indent of many lines", `{{ indent 1000 .lines }}`), Entry("nindent in a chain", chain(`nindent 9 (print $x $x)`)), Entry("wrapWith", `{{ wrapWith 1 "abcdefgh" .letters }}`),
	Entry("wrapWith by a long separator", `{{ wrapWith 100 .half .letters }}`), Entry("toPrettyJson", chain(`toPrettyJson $x`)),
	Entry("toPrettyJson of lists", chainOf(`list 1 2 3`, `list $x $x | toPrettyJson | fromJson`)),

	Entry("list", chainOf(`list 1`, `list $x $x`)), Entry("tuple", chainOf(`list 1`, `tuple $x $x`)), Entry("concat", chainOf(`list 1`, `concat $x $x`)),
	Entry("append", chainOf(`list 1`, `append $x $x`)), Entry("push", chainOf(`list 1`, `push $x $x`)), Entry("prepend", chainOf(`list 1`, `prepend $x $x`)),
	Entry("lists in lists", chainOf(`list`, `list $x`)), Entry("maps in maps", chainOf(`dict`, `dict "a" $x`)), Entry("lists in lists of JSON", `{{ fromJson .deep }}`),
	Entry("many lists of JSON", `{{ fromJson .array }}`), Entry("concat of many", many("concat", ".list")), Entry("list of many long texts", many("list", ".x")),
	Entry("dict", chainOf(`dict`, `dict "a" $x "b" $x`)), Entry("set", chainOf(`dict`, `set (set $x "a" $x) "b" $x`)), Entry("set of a key that is long", `{{ set (dict) (upper .x) (upper .x) }}`),
	Entry("merge", chainOf(`dict "a" "b"`, `merge (dict "x" $x) (dict "y" $x)`)), Entry("mergeOverwrite", chainOf(`dict "a" "b"`, `mergeOverwrite (dict "x" $x) (dict "y" $x)`)),
	Entry("pluck", chainOf(`dict "a" "b"`, `dict "a" (pluck "a" $x $x $x)`)), Entry("values", chainOf(`dict "a" 1`, `dict "a" (values $x) "b" (values $x)`)),
	Entry("keys", many("keys", `(dict "abcdefghijklmnopqrstuvwxyz" 1 "b" 2 "c" 3 "d" 4)`)), Entry("splitList", `{{ splitList "" .x }}`), Entry("split", `{{ split "" .x }}`),
	Entry("splitn", `{{ splitn "" 60000 .x }}`), Entry("chunk", `{{ splitList "," .commas | chunk 1 }}`), Entry("toStrings", chainOf(`list "a"`, `list (toStrings $x) (toStrings $x)`)),
	Entry("sortAlpha", many("list", "(sortAlpha .list)")), Entry("default", chainOf(`list 1`, `list (default 1 $x) (coalesce $x 1) (ternary $x 1 true)`)), Entry("deepCopy", chainOf(`list 1`, `list (deepCopy $x) $x`)),

	Entry("regexReplaceAll", chain(`regexReplaceAll ".+" $x "$0$0$0"`)), Entry("regexReplaceAll of nothing", chain(`regexReplaceAll "" $x "abcdefghijkl"`)), Entry("regexReplaceAll by itself", chain(`regexReplaceAll "a" $x (print $x $x)`)),
	Entry("regexReplaceAllLiteral", chain(`regexReplaceAllLiteral "" $x "abcdefghijkl"`)), Entry("regexFindAll", `{{ regexFindAll "" .x -1 }}`),
	Entry("regexSplit", `{{ regexSplit "" .x -1 }}`), Entry("urlJoin", chain(`urlJoin (dict "host" "a" "path" $x "query" $x)`)), Entry("urlParse", `{{ print "http://" .half .thousand | urlParse }}`),
	Entry("dateInZone", chain(`print $x (dateInZone $x 0 "UTC")`)), Entry("toDate", chain(`print $x $x (toDate "2006" "2020")`)),
)

var _ = DescribeTable("a template is bounded: it cannot take long by",
	func(part string) {
		bytes, err := allocated(again(part), large)
		Expect(err).To(MatchError(ContainSubstring("more work than a template may")))
		Expect(bytes).To(BeNumerically("<", 256<<20))
	},
	Entry("many functions", `{{ $x := upper .letters }}`), Entry("many variables", `{{ $x := print .half .thousand }}`), Entry("many values of JSON", `{{ $x := fromJson .object }}`),
	Entry("many copies of all it is given", `{{ $x := hasKey . "x" }}`), Entry("many lists", `{{ $x := splitList "," .commas }}`), Entry("many searches", `{{ $x := regexMatch "(a|b|ab)*c" .half }}`),
	Entry("long expressions", `{{ $x := regexMatch "a{1000}b{1000}c{1000}" "" }}`), Entry("expressions that are long and texts, too", `{{ $x := regexMatch "(x+x+){100}y" .half }}`),
	Entry("a search from each character to the end", `{{ $x := regexReplaceAll "h(.*b)?" .half "" }}`), Entry("a split of a long text at each character", `{{ $x := regexSplit "h(.*b)?" .half -1 }}`),
	Entry("items that are compared with each other", `{{ $x := splitList "," .commas | uniq }}`), Entry("items that are compared with many", `{{ $x := without (splitList "," .commas)`+strings.Repeat(" 1", 300)+` }}`),
	Entry("decimals of many digits", `{{ $x := mulf`+strings.Repeat(" 1e308", 200)+` }}`), Entry("sums of many digits", `{{ $x := addf`+strings.Repeat(" 1e308 1e-308", 100)+` }}`),
)

var _ = Describe("a text that is too long to be taken", func() {
	It("is not there, and the map that holds it stays as it is", func() {
		data := map[string]any{"x": strings.Repeat("x", most+1), "y": "z", "list": []any{strings.Repeat("x", most)}}
		for _, text := range []string{"{{ .x }}", `{{ index . "x" }}`} {
			_, err := template.Render(text, data)
			Expect(err).To(MatchError(`line 1: the value of the key "x" cannot be taken: is it longer than 64 KiB?`))
		}
		_, err := template.Render(`{{ .list }}`, data)
		Expect(err).To(MatchError(ContainSubstring(`"list" cannot be taken`)))
		Expect(template.Render(`{{ .y }}`, data)).To(Equal("z"))
		Expect(data).To(HaveLen(3))
	})

	It("is there when it is just not too long", func() {
		Expect(template.Render(`{{ .x }}`, large)).To(HaveLen(most))
		Expect(template.Render(`{{ replace "a" "b" .x }}`, large)).To(HaveLen(most))
		Expect(template.Render(`{{ regexReplaceAll "a" (regexReplaceAllLiteral "a" .x "b") "b" }}`, large)).To(HaveLen(most))
		Expect(template.Render(`{{ repeat 65536 "a" | print | toString | trim | wrap 80 }}`, large)).To(HaveLen(most))
	})

	It("may be handled a hundred times", func() {
		Expect(template.Render(strings.Repeat(`{{ $x := upper .x }}`, 100)+"{{ $x | len }}", large)).To(Equal("65536"))
	})
})
