package template_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

var _ = Describe("an error", func() {
	DescribeTable("of a template names the line:",
		func(text, said string) {
			Expect(template.Check(text)).To(MatchError(HavePrefix(said)))
			_, err := template.Render(text, given())
			Expect(err).To(MatchError(HavePrefix(said)))
		},
		Entry("of what cannot be parsed", "a\n{{ .user }}\n{{ .user ", "line 3: unclosed action"),
		Entry("of a function that there is not", "a\n{{ now }}", `line 2: function "now" not defined`),
		Entry("of a loop", "a\n{{ if .user }}\n\n{{ range .scopes }}{{ end }}{{ end }}", "line 4: range is not available"),
		Entry("of a template that is called", "\n{{ template \"x\" }}", "line 2: template is not available"),
		Entry("of a definition", "\n{{ define \"x\" }}a{{ end }}", "line 2: define and block are not available"),
		Entry("of a change in its place", "\n{{ $d := dict }}\n{{ $_ := set $d \"a\" 1 }}", "line 3: functions change nothing in its place"),
		Entry("of a change in its place, later on", "{{ if .user }}{{ else }}\n{{ $_ := set . \"a\" 1 }}{{ end }}", "line 2: functions change nothing in its place"),
		Entry("but for a text that is too long", strings.Repeat("a", template.MaxBytes+1), "has more than 64 KiB"),
	)

	DescribeTable("of rendering names the line, and holds no text that was given:",
		func(text, said string) {
			_, err := template.Render("first\n"+text, given())
			Expect(err).To(MatchError(And(HavePrefix("line 2: "), ContainSubstring(said), Not(ContainSubstring("s3cr3t")), Not(ContainSubstring("s3 cr3t")))))
			Expect(len(err.Error())).To(BeNumerically("<", 200))
		},
		Entry("a name that is not there", `{{ .passwd }}`, `no key "passwd"`),
		Entry("a name that is not there, in a condition", `{{ if .passwd }}{{ end }}`, `no key "passwd"`),
		Entry("a name that is not there, by index", `{{ index . "pass-word" }}`, `no key "pass-word"`),
		Entry("a text as a name", `{{ index . .password }}`, "no key"),
		Entry("a part of a text as a name", `{{ index . (printf "x%s" .password) }}`, "no key"),
		Entry("no text as a name", `{{ index . 1 }}`, "no key"),
		Entry("a name inside JSON that is not there", `{{ (fromJson .account).nope }}`, `no key "nope"`),
		Entry("a name that is not there, and like what text/template says", "{{ index . `map has no entry for key \"x\"` }}", "no key"),
		Entry("what is no JSON", `{{ fromJson .password }}`, "fromJson: what it is given is no JSON"),
		Entry("more than JSON", `{{ fromJson (print "{} " .password) }}`, "no JSON"),
		Entry("what is no base64", `{{ b64dec .password }}`, "b64dec: what it is given is not base64"),
		Entry("what is no base32", `{{ b32dec .password }}`, "not base32"),
		Entry("what is no certificate", `{{ x5t .password }}`, "x5t: there is no certificate in PEM"),
		Entry("what is no certificate, for a list", `{{ x5c .password }}`, "no certificate in PEM"),
		Entry("a member of a text", `{{ .password.x }}`, "cannot be rendered at <.password.x>: can't evaluate field x in type interface {}"),
		Entry("a text as a number", `{{ trunc .password .password }}`, "wrong type for value; expected int; got string"),
		Entry("a text as a list", `{{ first .password }}`, "first: is it given what it takes?"),
		Entry("a text as a map", `{{ keys .password }}`, "wrong type for value; expected map[string]interface {}; got string"),
		Entry("nothing as a list", `{{ first (fromJson "null") }}`, "first: is it given"),
		Entry("a number that templates do not have", `{{ list 1i }}`, "list: is given a value that is no text"),
		Entry("a map of something else", `{{ list .numbered }}`, `no key "numbered"`),
		Entry("texts that are compared to numbers", `{{ eq .password 1 }}`, "eq: is it given what it takes?"),
		Entry("a part beyond the end", `{{ slice .password 1 99 }}`, "slice: is it"),
		Entry("a part that ends before it starts", `{{ substr 5 2 .password }}`, "substr: is it"),
		Entry("a text that is called", `{{ call .password }}`, "call"),
		Entry("too few arguments", `{{ replace .password }}`, "wrong number of args for replace: want 3 got 1"),
		Entry("an index of what has none", `{{ index .password "x" }}`, "index: is it"),
		Entry("an index beyond the end", `{{ index .list 3 }}`, "index: is it"),
		Entry("a division by nothing", `{{ div 1 0 }}`, "div: is it"),
		Entry("a number of times below nothing", `{{ repeat -1 .password }}`, "repeat: is it"),
		Entry("parts of nothing", `{{ chunk 0 .list }}`, "chunk: a part has at least one item"),
		Entry("what is no regular expression", `{{ regexMatch (print "(" .password) "" }}`, "the regular expression cannot be read"),
		Entry("what is no regular expression, for all matches", `{{ regexFindAll "(" .password -1 }}{{ regexSplit "(" "" 1 }}`, "the regular expression cannot be read"),
		Entry("a regular expression that is too long", `{{ regexReplaceAll (repeat 257 "a") .password "" }}`, "no more than 256 characters"),
		Entry("a regular expression that is too long, to find one match", `{{ regexFind (repeat 257 "a") .password }}`, "no more than 256 characters"),
		Entry("a regular expression that is too long, for literals", `{{ regexReplaceAllLiteral (repeat 257 "a") .password "" }}`, "no more than 256 characters"),
		Entry("what is no URL", `{{ urlParse (print ":" .password) }}`, "urlParse: is it"),
		Entry("what is no version", `{{ semver .password }}`, "semver: what it is given is no semantic version"),
		Entry("a version that is too long", `{{ semver (repeat 300 "1") }}`, "no more than 256 characters"),
		Entry("what is no constraint", `{{ semverCompare .password .password }}`, "semverCompare: is it"),
		Entry("a constraint that is too long", `{{ semverCompare (repeat 300 "1") "1.2.3" }}`, "no more than 256 characters"),
		Entry("what is no date", `{{ toDate "2006" .password }}`, "toDate: what it is given is no date of the layout"),
		Entry("what is no date in RFC 3339", `{{ unixEpoch .password }}`, "unixEpoch: what it is given is no date in RFC 3339"),
		Entry("what is no date in RFC 3339, to be changed", `{{ dateModify "1h" .password }}`, "dateModify: what it is given is no date in RFC 3339"),
		Entry("what is no duration", `{{ dateModify .password "2026-11-22T10:00:00Z" }}`, "dateModify: what it is given first is no duration"),
		Entry("another zone", `{{ dateInZone "15:04" 0 "Europe/Berlin" }}`, `dateInZone: there is no zone but "UTC"`),
		Entry("where in memory a value lies", `{{ printf "%p" .map }}`, "printf: the verb %p is not available"),
		Entry("what has no JSON", `{{ toJson (float64 "NaN") }}{{ quote (float64 "NaN") }}`, "toJson: is it"),
		Entry("what has no JSON, in quotes", `{{ quote (float64 "NaN") }}`, "quote: is it"),
		Entry("a message of the template", `{{ fail "the tenant is missing" }}`, "fail: the tenant is missing"),
		Entry("a message that is computed", `{{ fail .password }}`, "fail: the message is computed"),
		Entry("a message that is computed in part", `{{ fail (print "no: " .password) }}`, "fail: the message is computed"),
		Entry("no message", `{{ fail "" }}`, "fail: the message is computed"),
		Entry("a message that is long", `{{ fail "`+strings.Repeat("a", 300)+`" }}`, strings.Repeat("a", 80)+"..."),
		Entry("a long part of a template", `{{ trunc "`+strings.Repeat("a", 300)+`" .password }}`, `at <"aaa`),
	)

	It("tells of a value of no kind that templates have, by its name", func() {
		_, err := template.Render("{{ .odd }}", map[string]any{"odd": map[int]string{1: "a"}})
		Expect(err).To(MatchError(ContainSubstring(`the value of the key "odd" cannot be taken`)))
		_, err = template.Render("{{ .odd }}", map[string]any{"odd": struct{}{}})
		Expect(err).To(MatchError(ContainSubstring(`the value of the key "odd" cannot be taken`)))
	})
})
