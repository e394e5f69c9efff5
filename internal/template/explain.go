package template

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// name is what text/template calls the template in its errors.
const name = "template"

// mostShown bounds what an error shows of the template.
const mostShown = 80

var (
	parsing   = regexp.MustCompile(`(?s)^template: template:(\d+): (.*)$`)
	executing = regexp.MustCompile(`(?s)^template: template:(\d+):\d+: executing "template" at <(.*?)>: (.*)$`)
	// harmless are errors of text/template that hold names and types alone.
	harmless = regexp.MustCompile(`^(wrong number of args for \w+: want (at least )?\d+ got \d+` +
		`|wrong type for value; expected [][\w{}.* ]+; got [][\w{}.* ]+|can't evaluate field \w+ in type [][\w{}.* ]+)$`)
	missing = regexp.MustCompile(`^map has no entry for key (".*")$`)
	calling = regexp.MustCompile(`^error calling (\w+): `)
)

// explainParsing puts the line first. What cannot be parsed is the template, and
// that is no secret.
func explainParsing(err error) error {
	if parts := parsing.FindStringSubmatch(err.Error()); parts != nil {
		return fault(fmt.Sprintf("line %s: %s", parts[1], cut(parts[2])))
	}
	return fault(cut(strings.TrimPrefix(err.Error(), "template: ")))
}

// MissingKeyError is the error of a template that uses a key which it is not given. A key that
// is missing inside a value is another error: the next value may have it.
type MissingKeyError struct{ fault }

// explain keeps of an error the line and what holds no text that was given:
// functions may quote what they are given.
func explain(err error, text string, data map[string]any) error {
	parts := executing.FindStringSubmatch(err.Error())
	if parts == nil {
		// What is written is too long.
		return fault(reason(err, "", "", text, data))
	}
	explained := fault(fmt.Sprintf("line %s: %s", parts[1], reason(err, parts[2], parts[3], text, data)))
	if isGivenKey(parts[2], parts[3]) {
		return MissingKeyError{explained}
	}
	return explained
}

// isGivenKey reports whether a message is about a key of the data itself, which stands in the
// template as .key. text/template cuts a long part.
func isGivenKey(part, message string) bool {
	found := missing.FindStringSubmatch(message)
	if found == nil {
		return false
	}
	key, err := strconv.Unquote(found[1])
	return err == nil && strings.HasPrefix("."+key, strings.TrimSuffix(strings.TrimPrefix(part, "$"), "..."))
}

// reason is told from an error, or from the part of the template that fails and the
// message about it.
func reason(err error, part, message, text string, data map[string]any) string {
	var (
		absent missingKeyError
		failed failError
		ours   fault
	)
	switch {
	case errors.As(err, &absent):
		return absent.explain(text, data)
	case errors.As(err, &failed):
		return failed.explain(text)
	case errors.As(err, &ours):
		return ours.Error()
	}
	if parts := missing.FindStringSubmatch(message); parts != nil {
		// A name that cannot be unquoted is in no template.
		key, _ := strconv.Unquote(parts[1])
		return missingKeyError(key).explain(text, data)
	}
	if parts := calling.FindStringSubmatch(message); parts != nil {
		return parts[1] + ": " + errNotTaken.Error()
	}
	why := "is every function given what it takes?"
	if harmless.MatchString(message) {
		why = message
	}
	return fmt.Sprintf("cannot be rendered at <%s>: %s", cut(part), why)
}

// errNotTaken stands for what a function says: it may quote what it was given.
var errNotTaken = fault("is it given what it takes?")

// missingKeyError is the error of a key that is not there.
type missingKeyError string

func (missingKeyError) Error() string { return "there is no such key" }

// explain shows the key when it stands in the template: another one is computed,
// maybe of a text that was given.
func (m missingKeyError) explain(text string, data map[string]any) string {
	key := string(m)
	if key == "" || !strings.Contains(text, key) {
		return "there is no key of a name that is computed"
	}
	if _, given := data[key]; given {
		return fmt.Sprintf("the value of the key %q cannot be taken: is it longer than %d KiB?", cut(key), MaxBytes>>10)
	}
	return fmt.Sprintf("there is no key %q", cut(key))
}

// failError is what a template says by the function fail.
type failError string

func (failError) Error() string { return "fail" }

// explain shows the message when it stands in the template: another one is
// computed, maybe of a text that was given.
func (f failError) explain(text string) string {
	if f == "" || !strings.Contains(text, string(f)) {
		return "fail: the message is computed, and not shown since it may hold a secret"
	}
	return "fail: " + cut(string(f))
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > mostShown {
		return string(runes[:mostShown]) + "..."
	}
	return text
}
