package template_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tokensync/tokensync/internal/template"
)

// mark is in every value of the fuzz tests, and in no template.
const mark = "Zq7-mark_Xk9w"

// line matches the start of every error, except for errors about a template as a whole.
var line = regexp.MustCompile(`^(line \d+: |has more than 64 KiB$|yields more than 64 KiB$)`)

// arguments are the arguments of the functions in an invented template. $x, $y and $z are earlier
// results.
var arguments = []string{
	"$x", "$x", "$x", "$y", "$y", "$z", ".", ".text", ".text", ".long", ".list", ".json", ".number", ".date", ".pem",
	"nil", "true", "0", "1", "-1", "3", "999", "65536", "9223372036854775807", "1e308", "0.1", `""`, `"a"`, `","`, `"text"`, `"%s%s"`, `"%d%%%v"`,
	`"2006-01-02T15:04:05Z07:00"`, `"-1h"`, `"UTC"`, "(list $x $y)", `(dict "a" $x "text" $y)`, `(dict "b" (fromJson .json))`, "(splitList \"\" .text)", "(toJson $x)", "(print $x $y)",
}

// invented builds a template from choices, and checks it after each statement. A statement calls a
// function with arguments. A statement that cannot be rendered is left out.
func invented(choices []byte, check func(text string) bool) {
	next := func(below int) int {
		if len(choices) == 0 {
			return 0
		}
		choice := choices[0]
		choices = choices[1:]
		return int(choice) % below
	}
	text := "{{ $x := .text }}{{ $y := .list }}{{ $z := fromJson .json }}"
	for range 24 {
		if len(choices) == 0 {
			return
		}
		call := functions[next(len(functions))]
		for range next(5) {
			call += " " + arguments[next(len(arguments))]
		}
		variable := []string{"$x", "$y", "$z"}[next(3)]
		if longer := text + "\n{{ " + variable + " = " + call + " }}"; check(longer + variableShown(variable)) {
			text = longer
		}
	}
}

func variableShown(variable string) string { return "{{ with " + variable + " }}{{ . }}{{ end }}" }

var functions = append(template.Functions(), operators...)

func FuzzRender(f *testing.F) {
	for _, text := range []string{
		`{{ printf "%s:%s" .text .long | b64enc }}`, `{{ if eq .text "a" }}a{{ else if .list }}{{ index .list 0 }}{{ end }}`, `{{ with fromJson .json }}{{ .text }}{{ end }}`,
		"a\n{{ .text | trunc 5 | fail }}", `{{ (fromJson .json).text | first }}`, `{{ range .list }}{{ end }}`, `{{ index . .text }}{{ .text.x }}`, `{{ $_ := dict "a" 1 }}`,
		`{{ join .text .list }}{{ replace .text .long .text }}{{ int64 .text }}{{ toDate .text .text }}`, `{{ eq .list .list }}{{ len .number }}{{ slice .text 9 1 }}`,
		`{{ define "a" }}{{ end }}`, `{{`, `{{ "` + "\n" + `" }}`, "{{/* a */}}", `{{ printf .text .text }}{{ js . }}`, `{{ and .text (or .list .json) | not }}`,
	} {
		f.Add(text, "value", []byte{})
	}
	for seed := range 64 {
		choices := make([]byte, 96)
		for i := range choices {
			seed = seed*1103515245 + 12345
			choices[i] = byte(seed >> 16)
		}
		f.Add("", "a,b", choices)
	}
	f.Fuzz(func(t *testing.T, text, value string, choices []byte) {
		if strings.Contains(text, mark) || len(value) > 256 {
			return
		}
		secret := value + mark
		data := map[string]any{
			"text": secret, "long": strings.Repeat(secret, template.MaxBytes/len(secret)), "list": []string{secret, "b", mark},
			"json": `{"text": ["` + mark + `", 1.5, null], "b": {"` + mark + `": 1}}`, "number": "12", "date": "2026-11-22T10:00:00Z", "pem": certificate,
		}
		check(t, text, data)
		invented(choices, func(text string) bool { return check(t, text, data) })
	})
}

// check reports whether a template can be rendered. It fails the test if the template breaks a
// guarantee of the package.
func check(t *testing.T, text string, data map[string]any) bool {
	t.Helper()
	started := time.Now()
	bytes, err := allocated(text, data)
	// The bounds are far above the measured values, so that a busy machine causes no failure.
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("rendering takes %s: %q", took, text)
	}
	if bytes > 128<<20 {
		t.Errorf("rendering allocates %d bytes: %q", bytes, text)
	}
	out, again := template.Render(text, data)
	if err != nil {
		if again == nil || again.Error() != err.Error() {
			t.Errorf("rendering fails with %v and then with %v: %q", err, again, text)
		}
		if message := err.Error(); strings.Contains(message, mark) || !line.MatchString(message) || len(message) > 640 {
			t.Errorf("rendering fails with %q: %q", message, text)
		}
		return false
	}
	if len(out) > template.MaxBytes {
		t.Errorf("rendering yields %d bytes: %q", len(out), text)
	}
	if twice, err := template.Render(text, data); err != nil || twice != out {
		t.Errorf("rendering yields %q and then %q, %v: %q", out, twice, err, text)
	}
	return true
}
