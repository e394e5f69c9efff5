package template

import (
	"encoding/base32"
	"encoding/base64"
	"strings"
	"text/template"
)

// texts are functions of sprig that are bounded before they allocate, or that fail
// where sprig's yield the text of an error.
var texts = template.FuncMap{
	"b64dec":   decoder(base64.StdEncoding.DecodeString, "what it is given is not base64"),
	"b32dec":   decoder(base32.StdEncoding.DecodeString, "what it is given is not base32"),
	"replace":  replace,
	"repeat":   repeat,
	"indent":   indent,
	"nindent":  nindent,
	"wrapWith": wrapWith,
	"fail":     func(message string) (string, error) { return "", failError(message) },
}

func decoder(decode func(string) ([]byte, error), otherwise fault) func(string) (string, error) {
	return func(text string) (string, error) {
		raw, err := decode(text)
		if err != nil {
			return "", otherwise
		}
		return string(raw), nil
	}
}

// replace has the order of arguments that suits a pipeline.
func replace(old, replacement, text string) (string, error) {
	if len(text)+strings.Count(text, old)*len(replacement) > MaxBytes {
		return "", errTooLong
	}
	return strings.ReplaceAll(text, old, replacement), nil
}

func repeat(count int, text string) (string, error) {
	if count > MaxBytes || count*len(text) > MaxBytes {
		return "", errTooLong
	}
	return strings.Repeat(text, count), nil
}

// indent puts spaces before each line.
func indent(spaces int, text string) (string, error) {
	margin, err := repeat(spaces, " ")
	if err != nil {
		return "", err
	}
	indented, err := replace("\n", "\n"+margin, text)
	return margin + indented, err
}

// nindent starts a line before.
func nindent(spaces int, text string) (string, error) {
	indented, err := indent(spaces, text)
	return "\n" + indented, err
}

// wrapWith puts a separator between lines of a width.
func wrapWith(width int, separator, text string) (string, error) {
	wrap := hermetic["wrapWith"].(func(int, string, string) string)
	breaks := strings.Count(wrap(width, "\n", text), "\n") - strings.Count(text, "\n")
	if len(text)+breaks*len(separator) > MaxBytes {
		return "", errTooLong
	}
	return wrap(width, separator, text), nil
}
