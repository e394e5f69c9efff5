package template

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

// printing are functions that put values together as texts.
var printing = template.FuncMap{
	"print":    printer(fmt.Sprint),
	"println":  printer(fmt.Sprintln),
	"printf":   format,
	"html":     printer(template.HTMLEscaper),
	"js":       printer(template.JSEscaper),
	"urlquery": printer(template.URLQueryEscaper),
	"cat":      printer(hermetic["cat"].(func(...any) string)),
	"squote":   printer(hermetic["squote"].(func(...any) string)),
	"quote":    quote,
	"join":     join,
}

func printer(write func(...any) string) func(...any) (string, error) {
	return func(args ...any) (string, error) {
		if sizeOf(args...).bytes > MaxBytes {
			return "", errTooLong
		}
		return write(args...), nil
	}
}

var (
	// wide is a verb that pads to more than 999 characters, or to a number that is
	// an argument.
	wide = regexp.MustCompile(`%[^a-zA-Z%]*([0-9]{4}|\*)`)
	// pointer is a verb that shows where in memory a value lies.
	pointer = regexp.MustCompile(`%[^a-zA-Z%]*p`)
)

func format(format string, args ...any) (string, error) {
	switch verbs := strings.ReplaceAll(format, "%%", ""); {
	case wide.MatchString(verbs):
		return "", fault("a width of more than 999 is not available")
	case pointer.MatchString(verbs):
		return "", fault("the verb %p is not available")
	}
	// An argument may be used more than once, by its index; and each value in it is
	// padded.
	times, size, width := 1+strings.Count(format, "["), sizeOf(args...), 0
	for _, number := range strings.FieldsFunc(format, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(number); err == nil && n < 1000 {
			width = max(width, n)
		}
	}
	if times*size.bytes > MaxBytes || times*size.values*width > MaxBytes {
		return "", errTooLong
	}
	return fmt.Sprintf(format, args...), nil
}

// quote writes values as JSON, with a space between them.
func quote(values ...any) (string, error) {
	if sizeOf(values...).bytes > MaxBytes {
		return "", errTooLong
	}
	var quoted []string
	for _, value := range values {
		text, err := toJSON(value)
		if err != nil {
			return "", err
		}
		if value != nil {
			quoted = append(quoted, text)
		}
	}
	return strings.Join(quoted, " "), nil
}

// join puts a separator between the items of a list.
func join(separator string, list any) (string, error) {
	texts := toTexts(list)
	length := len(texts) * len(separator)
	for _, text := range texts {
		length += len(text)
	}
	if length > MaxBytes+len(separator) {
		return "", errTooLong
	}
	return strings.Join(texts, separator), nil
}

var toTexts = hermetic["toStrings"].(func(any) []string)
