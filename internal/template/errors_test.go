package template_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

var _ = Describe("an error", func() {
	DescribeTable("names the line",
		func(text, said string) {
			Expect(template.Check(text)).To(MatchError(HavePrefix(said)))
			_, err := template.Render(text, templateData())
			Expect(err).To(MatchError(HavePrefix(said)))
		},
		Entry("of a syntax error", "a\n{{ .user }}\n{{ .user ", "line 3: unclosed action"),
		Entry("of an unknown function", "a\n{{ now }}", `line 2: function "now" is not available in templates; available: b64dec b64enc coalesce contains `),
		Entry("of a function inside an argument", "{{ if .user }}\n{{ (print (upper (now))).x }}{{ end }}", `line 2: function "now" is not available`),
		Entry("of a function with a long name", "\n{{ "+strings.Repeat("a", 300)+" }}", `line 2: function "`+strings.Repeat("a", 80)+`..." is not available`),
		Entry("of too many calls", "\n"+strings.Repeat("{{ len .user }}", 128)+"\n{{ not .user }}", "line 3: calls more than 128 functions"),
		Entry("of a text that is called", "\n{{ call .password }}", `line 2: function "call" is not available`),
		Entry("of a loop", "a\n{{ if .user }}\n\n{{ range .scopes }}{{ end }}{{ end }}", "line 4: range is not available"),
		Entry("of a template that is called", "\n{{ template \"x\" }}", "line 2: template is not available"),
		Entry("of a definition", "\n{{ define \"x\" }}a{{ end }}", "line 2: define and block are not available"),
		Entry("of the first of two definitions", "\n{{ define \"x\" }}a{{ end }}\n{{ define \"a\" }}a{{ end }}", "line 2: define and block are not available"),
		Entry("of a change to a map", "\n{{ $d := dict }}\n{{ $_ := set $d \"a\" 1 }}", `line 3: function "set" is not available`),
		Entry("of a change to a map, in an else", "{{ if .user }}{{ else }}\n{{ $_ := set . \"a\" 1 }}{{ end }}", `line 2: function "set" is not available`),
		Entry("except for a template that is too long", strings.Repeat("a", template.MaxBytes+1), "has more than 64 KiB"),
	)

	DescribeTable("of rendering names the line, and holds no value:",
		func(text, said string) {
			_, err := template.Render("first\n"+text, templateData())
			Expect(err).To(MatchError(And(HavePrefix("line 2: "), ContainSubstring(said), Not(ContainSubstring("s3cr3t")), Not(ContainSubstring("s3 cr3t")))))
			Expect(len(err.Error())).To(BeNumerically("<", 200))
		},
		Entry("a missing name", `{{ .passwd }}`, `no key "passwd"`),
		Entry("a missing name, in a condition", `{{ if .passwd }}{{ end }}`, `no key "passwd"`),
		Entry("a missing name, by index", `{{ index . "pass-word" }}`, `no key "pass-word"`),
		Entry("a text as a name", `{{ index . .password }}`, "no key"),
		Entry("a part of a text as a name", `{{ index . (print "x" .password) }}`, "no key"),
		Entry("a number as a name", `{{ index . 1 }}`, "no key"),
		Entry("a missing name inside JSON", `{{ (fromJson .account).nope }}`, `no key "nope"`),
		Entry("a missing name that looks like an error of text/template", "{{ index . `map has no entry for key \"x\"` }}", "no key"),
		Entry("a text that is not JSON", `{{ fromJson .password }}`, "fromJson: the argument is not JSON"),
		Entry("text after JSON", `{{ fromJson (print "{} " .password) }}`, "not JSON"),
		Entry("a text that is not base64", `{{ b64dec .password }}`, "b64dec: the argument is not base64"),
		Entry("a text that is not a certificate", `{{ x5t .password }}`, "x5t: the argument has no certificate in PEM"),
		Entry("a text that is not a certificate, for a list", `{{ x5c .password }}`, "no certificate in PEM"),
		Entry("a member of a text", `{{ .password.x }}`, "cannot be rendered at <.password.x>: can't evaluate field x in type interface {}"),
		Entry("a text as a number", `{{ trunc .password .password }}`, "wrong type for value; expected int; got string"),
		Entry("a text as a list", `{{ first .password }}`, "at <.password>: wrong type for value; expected []interface {}; got string"),
		Entry("a text as a map", `{{ get .password "a" }}`, "wrong type for value; expected map[string]interface {}; got string"),
		Entry("null as a list", `{{ first (fromJson "null") }}`, "first: the list is empty"),
		Entry("the first item of an empty list", `{{ first (list) }}`, "first: the list is empty"),
		Entry("a list that is searched", `{{ has (list .password) (list (list .password)) }}`, "has: invalid argument"),
		Entry("a number that JSON does not have", `{{ toJson 1i }}`, "toJson: invalid argument"),
		Entry("a JSON number with very many digits", `{{ fromJson (repeat 257 "1") }}`, "fromJson: yields more than"),
		Entry("a key without a value", `{{ dict "a" 1 .password }}`, "dict: a key has no value"),
		Entry("a key that is not a text", `{{ dict 1 .password }}`, "dict: a key must be a text"),
		Entry("a text as a whole number", `{{ int64 .password }}`, "int64: the argument is not a whole number"),
		Entry("more verbs than values", `{{ printf "%s%s" .password }}`, "printf: has more verbs than values"),
		Entry("more values than verbs", `{{ printf "%s" .password .password }}`, "printf: has more values than verbs"),
		Entry("a width", `{{ printf "%9s" .password }}`, "printf: the verbs are %s, %d, %v and %%, without flags and width"),
		Entry("a verb that ends the format", `{{ printf "a%" .password }}`, "printf: the verbs are"),
		Entry("texts that are compared to numbers", `{{ eq .password 1 }}`, "eq: invalid argument"),
		Entry("a part beyond the end", `{{ slice .password 1 99 }}`, "slice: invalid argument"),
		Entry("too few arguments", `{{ replace .password }}`, "wrong number of args for replace: want 3 got 1"),
		Entry("an index of a text", `{{ index .password "x" }}`, "index: invalid argument"),
		Entry("an index beyond the end", `{{ index .list 3 }}`, "index: invalid argument"),
		Entry("an index that is not a number", `{{ index .list "x" }}`, "index: invalid argument"),
		Entry("a negative number of times", `{{ repeat -1 .password }}`, "repeat: invalid argument"),
		Entry("a text that is not a date", `{{ toDate "2006" .password }}`, "toDate: the date does not have the layout"),
		Entry("a text that is not a date in RFC 3339", `{{ unixEpoch .password }}`, "unixEpoch: the argument is not a date in RFC 3339"),
		Entry("a text that is not a date in RFC 3339, for dateModify", `{{ dateModify "1h" .password }}`, "dateModify: the argument is not a date in RFC 3339"),
		Entry("a text that is not a duration", `{{ dateModify .password "2026-11-22T10:00:00Z" }}`, "dateModify: the first argument is not a duration"),
		Entry("another zone", `{{ dateInZone "15:04" 0 "Europe/Berlin" }}`, `dateInZone: the zone must be "UTC"`),
		Entry("a layout that is too long", `{{ toDate (repeat 257 "2") .password }}`, "toDate: takes no more than 256 characters as its first argument"),
		Entry("a layout that is too long, to write a date", `{{ dateInZone (repeat 257 "2") .password "UTC" }}`, "dateInZone: takes no more than 256 characters as its first argument"),
		Entry("too many characters to trim", `{{ trimAll (repeat 257 "2") .password }}`, "trimAll: takes no more than 256 characters as its first argument"),
		Entry("the address of a value in memory", `{{ printf "%p" .map }}`, "printf: the verbs are %s"),
		Entry("a number that JSON does not have, in quote", `{{ quote .password 1i }}`, "quote: invalid argument"),
		Entry("a message of the template", `{{ fail "the tenant is missing" }}`, "fail: the tenant is missing"),
		Entry("a message that is computed", `{{ fail .password }}`, "fail: the message is computed"),
		Entry("a message that is computed in part", `{{ fail (print "no: " .password) }}`, "fail: the message is computed"),
		Entry("no message", `{{ fail "" }}`, "fail: the message is computed"),
		Entry("a message that is long", `{{ fail "`+strings.Repeat("a", 300)+`" }}`, strings.Repeat("a", 80)+"..."),
		Entry("a long part of a template", `{{ trunc "`+strings.Repeat("a", 300)+`" .password }}`, `at <"aaa`),
	)

	It("names the key of a value whose type templates do not support", func() {
		_, err := template.Render("{{ .odd }}", map[string]any{"odd": map[int]string{1: "a"}})
		Expect(err).To(MatchError(ContainSubstring(`the value of the key "odd" cannot be used`)))
		_, err = template.Render("{{ .odd }}", map[string]any{"odd": struct{}{}})
		Expect(err).To(MatchError(ContainSubstring(`the value of the key "odd" cannot be used`)))
	})
})
