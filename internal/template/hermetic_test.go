package template_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

var _ = Describe("a template cannot", func() {
	DescribeTable("call what reads the world, or differs from one time to the next:",
		func(call string) {
			Expect(template.Check("{{ " + call + " }}")).To(MatchError(ContainSubstring("not defined")))
			_, err := template.Render("{{ "+call+" }}", given())
			Expect(err).To(MatchError(ContainSubstring("not defined")))
		},
		Entry("env", `env "HOME"`), Entry("expandenv", `expandenv "$HOME"`), Entry("getHostByName", `getHostByName "example.com"`),
		Entry("now", `now`), Entry("date", `date "2006" 0`), Entry("ago", `ago 0`), Entry("htmlDate", `htmlDate 0`),
		Entry("randAlphaNum", `randAlphaNum 5`), Entry("randBytes", `randBytes 5`), Entry("randInt", `randInt 1 2`), Entry("uuidv4", `uuidv4`),
		Entry("genPrivateKey", `genPrivateKey "rsa"`), Entry("genCA", `genCA "x" 1`), Entry("bcrypt", `bcrypt "x"`),
		Entry("htpasswd", `htpasswd "u" "p"`), Entry("derivePassword", `derivePassword 1 "long" "a" "b" "c"`),
		Entry("osBase", `osBase "x"`), Entry("fail", `fail "x"`), Entry("tpl", `tpl "x" .`), Entry("include", `include "x" .`), Entry("lookup", `lookup "x"`),
		Entry("repeat", `repeat 9 "x"`), Entry("until", `until 9`), Entry("seq", `seq 9`), Entry("regexMatch", `regexMatch "a" "b"`), Entry("indent", `indent 9 "x"`),
		Entry("dict", `dict "a" "b"`), Entry("list", `list 1`), Entry("set", `set . "a" "b"`), Entry("unset", `unset . "a"`), Entry("encryptAES", `encryptAES "a" "b"`),
	)

	DescribeTable("loop or call itself:",
		func(text, said string) {
			Expect(template.Check(text)).To(MatchError(ContainSubstring(said)))
			_, err := template.Render(text, given())
			Expect(err).To(MatchError(ContainSubstring(said)))
		},
		Entry("range", `{{ range .scopes }}x{{ end }}`, "range is not available"),
		Entry("range in a condition", `{{ if .user }}{{ range .scopes }}x{{ end }}{{ end }}`, "range is not available"),
		Entry("range in an else", `{{ if .user }}{{ else }}{{ range .scopes }}x{{ end }}{{ end }}`, "range is not available"),
		Entry("range in an else if", `{{ if .user }}{{ else if .user }}{{ range .scopes }}x{{ end }}{{ end }}`, "range is not available"),
		Entry("range in a with", `{{ with .user }}{{ range . }}x{{ end }}{{ end }}`, "range is not available"),
		Entry("range in an else with", `{{ with .empty }}{{ else with .user }}{{ range . }}x{{ end }}{{ end }}`, "range is not available"),
		Entry("range over a number", `{{ range 1000000000 }}x{{ end }}`, "range is not available"),
		Entry("define", `{{ define "x" }}y{{ end }}`, "define and block are not available"),
		Entry("define with nothing in it", `{{ define "x" }}{{ end }}a`, "define and block are not available"),
		Entry("define with loops in it", `{{ define "x" }}{{ range .scopes }}x{{ end }}{{ end }}`, "define and block are not available"),
		Entry("define of the template itself", `{{ define "template" }}{{ template "template" . }}{{ end }}`, "not available"),
		Entry("block", `{{ block "x" . }}y{{ end }}`, "define and block are not available"),
		Entry("template", `{{ template "template" . }}`, "template is not available"),
	)

	DescribeTable("be broken",
		func(text string) {
			err := template.Check(text)
			Expect(err).To(HaveOccurred())
			Expect(err.Error()).NotTo(HavePrefix("template:"))
		},
		Entry("open", `{{ .a`), Entry("closed twice", `{{ end }}`), Entry("without an end", `{{ if .a }}`), Entry("with no expression", `{{ | }}`),
		Entry("with a function that does not exist", `{{ nothing . }}`), Entry("nested without end", strings.Repeat("{{ (", 1)+strings.Repeat("(", 3000)),
		Entry("break", `{{ break }}`),
	)

	DescribeTable("fail with a text in the message:",
		func(text, said string) {
			_, err := template.Render(text, given())
			Expect(err).To(MatchError(And(ContainSubstring(said), Not(ContainSubstring("s3cr3t")), Not(ContainSubstring("s3 cr3t")))))
			Expect(len(err.Error())).To(BeNumerically("<", 200))
		},
		Entry("a name that is not there", `{{ .passwd }}`, `"passwd"`),
		Entry("a name that is not there, in a condition", `{{ if .passwd }}{{ end }}`, `"passwd"`),
		Entry("a name that is not there, by index", `{{ index . "pass-word" }}`, `"pass-word"`),
		Entry("a text as a name", `{{ index . .password }}`, "no key"),
		Entry("a part of a text as a name", `{{ index . (printf "x%s" .password) }}`, "no key"),
		Entry("a name inside JSON that is not there", `{{ (fromJson .account).nope }}`, `"nope"`),
		Entry("what is no JSON", `{{ fromJson .password }}`, "no JSON object"),
		Entry("a JSON list", `{{ fromJson "[]" }}`, "no JSON object"),
		Entry("more than JSON", `{{ fromJson (print "{} " .password) }}`, "no JSON object"),
		Entry("what is no base64", `{{ b64dec .password }}`, "not base64"),
		Entry("what is no certificate", `{{ x5t .password }}`, "no certificate in PEM"),
		Entry("what is no certificate, for a list", `{{ x5c .password }}`, "no certificate in PEM"),
		Entry("a member of a text", `{{ .password.x }}`, "cannot be rendered"),
		Entry("a text as a number", `{{ trunc .password .password }}`, "cannot be rendered"),
		Entry("a text as a list", `{{ join "," .password }}`, "cannot be rendered"),
		Entry("texts that are compared to numbers", `{{ eq .password 1 }}`, "eq"),
		Entry("a part beyond the end", `{{ slice .password 1 99 }}`, "slice"),
		Entry("a part that ends before it starts", `{{ substr 5 2 .password }}`, "substr"),
		Entry("a text that is called", `{{ call .password }}`, "call"),
		Entry("too few arguments", `{{ replace .password }}`, "cannot be rendered"),
		Entry("an index of what has none", `{{ index .password "x" }}`, "cannot be rendered"),
	)

	It("change what it is given", func() {
		data := given()
		_, err := template.Render(`{{ .user }}`, data)
		Expect(err).NotTo(HaveOccurred())
		Expect(data).To(Equal(given()))
	})
})
