package template_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

var _ = Describe("a template cannot", func() {
	DescribeTable("call a function that does I/O, or whose result differs from call to call:",
		func(call string) {
			Expect(template.Check("{{ " + call + " }}")).To(MatchError(ContainSubstring("is not available in templates; available: b64dec ")))
			_, err := template.Render("{{ "+call+" }}", templateData())
			Expect(err).To(MatchError(ContainSubstring("is not available in templates; available: b64dec ")))
		},
		Entry("env", `env "HOME"`), Entry("expandenv", `expandenv "$HOME"`), Entry("getHostByName", `getHostByName "example.com"`),
		Entry("now", `now`), Entry("date", `date "2006" 0`), Entry("ago", `ago 0`), Entry("htmlDate", `htmlDate 0`),
		Entry("randAlphaNum", `randAlphaNum 5`), Entry("randBytes", `randBytes 5`), Entry("randInt", `randInt 1 2`), Entry("uuidv4", `uuidv4`),
		Entry("genPrivateKey", `genPrivateKey "rsa"`), Entry("genCA", `genCA "x" 1`), Entry("bcrypt", `bcrypt "x"`),
		Entry("htpasswd", `htpasswd "u" "p"`), Entry("derivePassword", `derivePassword 1 "long" "a" "b" "c"`),
		Entry("osBase", `osBase "x"`), Entry("tpl", `tpl "x" .`), Entry("include", `include "x" .`), Entry("lookup", `lookup "x"`),
		Entry("until", `until 9`), Entry("untilStep", `untilStep 1 2 3`), Entry("seq", `seq 9`), Entry("encryptAES", `encryptAES "a" "b"`), Entry("shuffle", `shuffle "x"`),
	)

	DescribeTable("call a function that is not linear in its arguments, or that is seldom needed:",
		func(function string) {
			Expect(template.Check("{{ .x | " + function + " }}")).To(MatchError(HavePrefix(`line 1: function "` + function + `" is not available in templates; available: `)))
		},
		Entry("regexMatch", "regexMatch"), Entry("regexReplaceAll", "regexReplaceAll"), Entry("uniq", "uniq"), Entry("addf", "addf"), Entry("semver", "semver"),
		Entry("set", "set"), Entry("merge", "merge"), Entry("keys", "keys"), Entry("camelcase", "camelcase"), Entry("mustToJson", "mustToJson"), Entry("b32enc", "b32enc"), Entry("add", "add"),
		Entry("js", "js"), Entry("println", "println"),
	)

	DescribeTable("loop or call itself:",
		func(text, said string) {
			Expect(template.Check(text)).To(MatchError(ContainSubstring(said)))
			_, err := template.Render(text, templateData())
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
		Entry("an empty define", `{{ define "x" }}{{ end }}a`, "define and block are not available"),
		Entry("define with loops in it", `{{ define "x" }}{{ range .scopes }}x{{ end }}{{ end }}`, "define and block are not available"),
		Entry("define of the template itself", `{{ define "template" }}{{ template "template" . }}{{ end }}`, "not available"),
		Entry("block", `{{ block "x" . }}y{{ end }}`, "define and block are not available"),
		Entry("template", `{{ template "template" . }}`, "template is not available"),
	)

	DescribeTable("be malformed:",
		func(text string) {
			err := template.Check(text)
			Expect(err).To(HaveOccurred())
			Expect(err.Error()).To(MatchRegexp(`^line 1: `))
		},
		Entry("an action that is not closed", `{{ .a`), Entry("an end without a beginning", `{{ end }}`), Entry("an if without an end", `{{ if .a }}`), Entry("a missing expression", `{{ | }}`),
		Entry("a function that does not exist", `{{ nothing . }}`), Entry("parentheses that are nested too deeply", strings.Repeat("{{ (", 1)+strings.Repeat("(", 3000)),
		Entry("break", `{{ break }}`),
	)

	It("change its data", func() {
		data := templateData()
		for _, text := range []string{
			`{{ .user }}`, `{{ $d := dict "a" .list "b" . }}`, `{{ list .scopes .list "x" | toJson }}`, `{{ slice .scopes 0 1 }}{{ first .list }}{{ join "," .list }}`,
		} {
			_, err := template.Render(text, data)
			Expect(err).NotTo(HaveOccurred())
			Expect(data).To(Equal(templateData()))
		}
	})

	It("read the zone of the system", func() {
		system := time.Local
		DeferCleanup(func() { time.Local = system })
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("CET", 3600)} {
			time.Local = zone
			Expect(rendered(`{{ toDate "2006-01-02 15:04" "2026-11-22 10:00" }} {{ unixEpoch 0 }} {{ dateInZone "15:04 MST" 0 "UTC" }}`)).To(
				Equal("2026-11-22T10:00:00Z 0 00:00 UTC"))
			_, err := template.Render(`{{ toDate "15:04 MST" "10:00 CET" }}`, templateData())
			Expect(err).To(MatchError(ContainSubstring("abbreviation of a zone")))
		}
	})
})
