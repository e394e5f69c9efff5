package template_test

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

const limit = template.MaxBytes

// large are texts of the maximum length. They consist of characters that some functions multiply or
// process slowly.
var large = map[string]any{
	"x": strings.Repeat("<", limit), "q": strings.Repeat(`"`, limit), "w": strings.Repeat("\x01", limit), "n": strings.Repeat("ŉ", limit/2),
	"list": []string{strings.Repeat("l", limit/2-64), strings.Repeat("m", limit/2-64)}, "letters": strings.Repeat("aB", limit/2), "object": `{"a": "` + strings.Repeat("o", limit-100) + `"}`,
	"half": strings.Repeat("h", limit/2), "almost": strings.Repeat("h", limit/2) + "a", "lines": strings.Repeat("\n", 1000), "commas": strings.Repeat(",", 1000), "thousand": strings.Repeat("a", 1000),
	"array": "[" + strings.Repeat("[],", 20000) + "1]", "deep": strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "twice": "{" + strings.Repeat(`"a":{"b":1},`, 500) + `"a":1}`,
	"maps": "[" + strings.Repeat(`{"":1},`, 250) + "1]", "escaped": `"` + strings.Repeat(`\u0001`, limit/6-5) + `"`, "spaces": "1" + strings.Repeat(" ", limit-1), "digits": "0." + strings.Repeat("1", 254), "controls": strings.Repeat("\x01", limit/6-10),
	"runes": strings.Repeat("Ⱥ", limit/3), "percent": strings.Repeat("%%", limit/2), "layout": strings.Repeat("Mon", 85), "hours": strings.Repeat("0h", limit/2), "encoded": strings.Repeat("AAAA", limit/4),
	"blocks":  strings.Repeat("-----BEGIN A-----\nA: b\n\nAAAA\n-----END A-----\n", 1300) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	"begins":  strings.Repeat("-----BEGIN A-----\nx\n-----END B-----\n", 1700) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	"headers": "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("a:\n", 20000) + "\nAAAA\n-----END CERTIFICATE-----\n",
	"chain":   "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("A", 60000) + "\n-----END CERTIFICATE-----\n",
}

// chain repeats an expression over $x that makes its value grow. The expression has up to three calls.
func chain(expression string) string { return chainOf(`"abcdefgh<\""`, expression) }

func chainOf(first, expression string) string {
	return "{{ $x := " + first + " }}" + strings.Repeat("{{ $x = "+expression+" }}", 40) + "{{ len $x }}"
}

// many returns a call of a function with a thousand arguments.
func many(expression string, arguments string) string {
	return "{{ " + expression + strings.Repeat(" "+arguments, 1000) + " }}"
}

// again repeats a part up to the maximum length of a template.
func again(part string) string { return strings.Repeat(part, limit/len(part)) }

// allocated returns the memory that rendering allocates, including memory that is freed again.
func allocated(text string, data map[string]any) (bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = template.Render(text, data)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

var _ = DescribeTable("a template is bounded: it cannot grow a value without limit by",
	func(text string) {
		bytes, err := allocated(text, large)
		Expect(err).To(MatchError(ContainSubstring("more than 64 KiB")))
		Expect(bytes).To(BeNumerically("<", 16<<20))
	},
	Entry("print", chain(`print $x $x`)), Entry("printf", chain(`printf "%s%s" $x $x`)), Entry("toString", chainOf(`list "a"`, `list (toString $x) (toString $x)`)),
	Entry("quoting", chain(`quote $x`)), Entry("toJson", chain(`toJson $x`)), Entry("quoting several", chain(`quote $x $x`)),
	Entry("html", chain(`html (print $x $x)`)), Entry("html of characters that it multiplies", `{{ html .q }}`), Entry("urlquery", chain(`urlquery (print $x $x)`)), Entry("urlquery of characters that it multiplies", `{{ urlquery .x }}`),
	Entry("b64enc", chain(`b64enc $x`)), Entry("replace", chain(`replace "a" $x (print "a" $x)`)), Entry("replace of an empty text", chain(`replace "" "abcdefgh" $x`)), Entry("replace of a letter by a long text", `{{ replace "a" .thousand .letters }}`),
	Entry("upper", `{{ upper .n | upper | upper }}`+`{{ upper .n }}{{ upper .n }}`), Entry("lower", `{{ lower .runes }}{{ lower .runes }}`),
	Entry("join", chainOf(`list "ab" "c"`, `list (join "," $x) (join "," $x)`)), Entry("join by a long separator", `{{ join .x .list }}`), Entry("join of many by a separator", `{{ splitList "," .commas | join .thousand }}`),
	Entry("its own text", strings.Repeat("a", limit+1)), Entry("texts one after another", `{{ .x }}{{ .x }}`), Entry("a list many times", `{{ $l := .list }}`+strings.Repeat("{{ $l }}", 5000)),
	Entry("all of its data", `{{ . }}`), Entry("all of its data, as JSON", `{{ toJson . }}`), Entry("all of its data, as a text", `{{ toString . }}`), Entry("all of its data, as a value", `{{ $x := dict "a" . }}`), Entry("all of its data, by a format", `{{ printf "%v" . }}`),
	Entry("print of many long texts", many("print", ".x")), Entry("print of many lists", many("print", ".list")), Entry("print of all of its data, many times", many("print", ".")), Entry("print of many objects", `{{ $o := fromJson .object }}`+many("print", "$o")),
	Entry("printf of many long texts", many(`printf "`+strings.Repeat("%s", 1000)+`"`, ".x")), Entry("quote of many long texts", many("quote", ".x")), Entry("quote of many texts", many("quote", ".controls")),

	Entry("repeat", `{{ repeat 1000000000 "x" }}`), Entry("repeat in a chain", chain(`repeat 9 $x`)), Entry("repeat by a product that overflows", `{{ repeat 4611686018427387904 "abcd" }}`),
	Entry("repeat of an empty text", `{{ repeat 1000000000 "" }}`), Entry("indent", `{{ indent 1000000000 "x" }}`), Entry("nindent", `{{ nindent 1000000000 "x" }}`), Entry("indent of a long text", `{{ indent 1 .x }}`), Entry("nindent of a long text", `{{ nindent 0 .x }}`),
	Entry("indent of many lines", `{{ indent 1000 .lines }}`), Entry("nindent in a chain", chain(`nindent 9 (print $x $x)`)),

	Entry("list", chainOf(`list 1`, `list $x $x`)), Entry("nested lists of JSON", `{{ fromJson .deep }}`), Entry("many lists of JSON", `{{ fromJson .array }}`), Entry("list of many long texts", many("list", ".x")), Entry("list of many numbers", many("list", "1 1")),
	Entry("dict", chainOf(`dict`, `dict "a" $x "b" $x`)), Entry("dict with a long key", `{{ dict .x 1 }}`), Entry("dict of many long texts under one key", many("dict", `"a" .x`)+`{{ dict .x .x }}`),
	Entry("splitList", `{{ splitList "" .x }}`), Entry("default", chainOf(`list 1`, `list (default 1 $x) (coalesce $x 1)`)), Entry("ternary", chainOf(`list 1`, `list (ternary $x 1 true) $x`)), Entry("index", chainOf(`list 1`, `list $x (index (list $x) 0)`)), Entry("and", chainOf(`list 1`, `list (and 1 $x) (or $x 1)`)),
	Entry("a certificate in base64 again", `{{ x5c .chain }}{{ x5c .chain }}`),
)

var _ = DescribeTable("a template is bounded: it cannot take long by",
	func(part string) {
		bytes, err := allocated(again(part), large)
		Expect(err).To(MatchError(ContainSubstring("calls more than 128 functions")))
		Expect(bytes).To(BeNumerically("<", 8<<20))
	},
	Entry("many functions", `{{ $x := upper .letters }}`), Entry("many functions in a pipeline", `{{ .x | len | print }}`), Entry("many nested functions", `{{ $x := print (print (print "a")) }}`), Entry("functions in a condition", `{{ if len .x }}{{ end }}`),
	Entry("functions in branches", `{{ if .x }}{{ else if .y }}{{ len .x }}{{ else }}{{ with .z }}{{ len .x }}{{ end }}{{ end }}`), Entry("members of the results of functions", `{{ (fromJson .object).a }}`), Entry("operators", `{{ or 1 2 }}`),
	Entry("many values of JSON", `{{ $x := fromJson .object }}`), Entry("many copies of all of its data", `{{ $x := hasKey . "x" }}`), Entry("many lists", `{{ $x := splitList "," .commas }}`),
)

var _ = DescribeTable("a template at its limits is bounded in time and memory, if it repeats",
	func(text string) {
		started := time.Now()
		bytes, err := allocated(text, large)
		Expect(err).NotTo(HaveOccurred())
		// The bounds are far above the measured values, so that a busy machine causes no failure.
		Expect(time.Since(started)).To(BeNumerically("<", 10*time.Second))
		Expect(bytes).To(BeNumerically("<", 128<<20))
	},
	Entry("JSON with a name that occurs often", calls(`fromJson .twice`)), Entry("JSON of many maps", calls(`fromJson .maps`)), Entry("JSON of one long text", calls(`fromJson .object`)), Entry("JSON of escapes", calls(`fromJson .escaped`)), Entry("JSON of spaces", calls(`fromJson .spaces`)),
	Entry("toJson of escapes", calls(`toJson .controls`)), Entry("toJson of many maps", `{{ $m := fromJson .maps }}`+strings.Repeat(`{{ $x := toJson $m }}`, 127)), Entry("many maps as a text", `{{ $m := fromJson .maps }}`+strings.Repeat(`{{ $x := print $m }}`, 127)),
	Entry("upper", calls(`upper .n`)), Entry("lower", calls(`lower .letters`)), Entry("trimAll", calls(`trimAll (trunc 256 .runes) .runes`)), Entry("sha512sum", calls(`sha512sum .x`)), Entry("b64dec", calls(`b64dec .encoded`)), Entry("printf", calls(`printf .percent`)),
	Entry("contains", calls(`contains .almost .half`)), Entry("replace", calls(`replace .almost "" .letters`)), Entry("replace of each letter", calls(`replace "h" "a" .half`)), Entry("eq", `{{ $x := print .half "b" }}{{ if eq .almost `+strings.Repeat("$x ", 20000)+`}}{{ end }}`),
	Entry("splitList", calls(`splitList "," .commas`)), Entry("has", `{{ $l := splitList "," .commas }}`+strings.Repeat(`{{ $x := has .x $l }}`, 127)), Entry("nested lists", `{{ $x := list }}`+strings.Repeat(`{{ $x = list $x }}`, 126)),
	Entry("blocks of PEM", calls(`x5t .blocks`)), Entry("blocks of PEM that do not end", calls(`x5t .begins`)), Entry("headers of PEM", calls(`x5t .headers`)), Entry("certificates", calls(`x5c .chain`)),
	Entry("dates", calls(`dateInZone .layout 0 "UTC"`)), Entry("durations", calls(`dateModify .hours 0`)), Entry("methods of a number", `{{ $n := fromJson .digits }}`+strings.Repeat(`{{ $x := $n.Float64 }}`, 2800)),
	Entry("numbers", `{{ $x := print`+strings.Repeat(" 1", 32000)+` }}`), Entry("variables", strings.Repeat(`{{$a:=1}}`, 3640)+strings.Repeat(`{{if $a}}{{end}}`, 2000)), Entry("the first of many variables", `{{$b:=1}}`+strings.Repeat(`{{$a:=1}}`, 3640)+strings.Repeat(`{{if $b}}{{end}}`, 2000)),
	Entry("nested conditions", strings.Repeat("{{if 1}}", 4000)+strings.Repeat("{{end}}", 4000)), Entry("nested parentheses", "{{"+strings.Repeat("(", 9900)+"1"+strings.Repeat(")", 9900)+"}}"), Entry("plain text", strings.Repeat("a", limit)),
)

// calls repeats a call up to the maximum number of calls in a template, and keeps each result.
func calls(expression string) string {
	var text strings.Builder
	for i := range 127 / (1 + strings.Count(expression, "(")) {
		fmt.Fprintf(&text, "{{ $x%d := %s }}", i, expression)
	}
	return text.String()
}

var _ = Describe("a long text in the data of a template", func() {
	It("cannot be used above the maximum length, and the map that holds it is not changed", func() {
		data := map[string]any{"x": strings.Repeat("x", limit+1), "y": "z", "list": []string{strings.Repeat("x", limit)}}
		for _, text := range []string{"{{ .x }}", `{{ index . "x" }}`} {
			_, err := template.Render(text, data)
			Expect(err).To(MatchError(`line 1: the value of the key "x" cannot be used: it must be a text or a list of at most 64 KiB`))
		}
		_, err := template.Render(`{{ .list }}`, data)
		Expect(err).To(MatchError(ContainSubstring(`"list" cannot be used`)))
		Expect(template.Render(`{{ .y }}`, data)).To(Equal("z"))
		Expect(data).To(HaveLen(3))
	})

	It("can be used up to the maximum length", func() {
		Expect(template.Render(`{{ .x }}`, large)).To(HaveLen(limit))
		Expect(template.Render(`{{ replace "a" "b" .x }}`, large)).To(HaveLen(limit))
		Expect(template.Render(`{{ repeat 65536 "a" | print | toString | trim | printf "%s" }}`, large)).To(HaveLen(limit))
	})

	It("can be used a hundred times", func() {
		Expect(template.Render(strings.Repeat(`{{ $x := upper .x }}`, 100)+"{{ $x | len }}", large)).To(Equal("65536"))
	})
})
