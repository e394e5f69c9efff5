package template

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// name is the name of the template in the errors of text/template.
const name = "template"

// maxShown bounds the part of a template that an error shows, in characters.
const maxShown = 80

var (
	parsing   = regexp.MustCompile(`(?s)^template: template:(\d+): (.*)$`)
	executing = regexp.MustCompile(`(?s)^template: template:(\d+):\d+: executing "template" at <(.*?)>: (.*)$`)
	// harmless matches errors of text/template that contain only names and types.
	harmless = regexp.MustCompile(`^(wrong number of args for \w+: want (at least )?\d+ got \d+` +
		`|wrong type for value; expected [][\w{}.* ]+; got [][\w{}.* ]+|can't evaluate field \w+ in type [][\w{}.* ]+)$`)
	missing = regexp.MustCompile(`^map has no entry for key (".*")$`)
	calling = regexp.MustCompile(`^error calling (\w+): `)
)

// parseError returns a parsing error with the line first. The error can quote the template,
// which is not secret.
func parseError(err error) error {
	if parts := parsing.FindStringSubmatch(err.Error()); parts != nil {
		return fault(fmt.Sprintf("line %s: %s", parts[1], cut(parts[2])))
	}
	return fault(cut(strings.TrimPrefix(err.Error(), "template: ")))
}

// MissingKeyError is the error for a template that uses a key that is not in its data. A key that
// is missing inside a value is a different error, because the next value may have the key.
type MissingKeyError struct{ fault }

// renderError returns an error with the line and without any value. The errors of
// functions can quote their arguments.
func renderError(err error, text string, data map[string]any) error {
	parts := executing.FindStringSubmatch(err.Error())
	if parts == nil {
		// The output is too long.
		return fault(reason(err, "", "", text, data))
	}
	shown := fault(fmt.Sprintf("line %s: %s", parts[1], reason(err, parts[2], parts[3], text, data)))
	if isGivenKey(parts[2], parts[3]) {
		return MissingKeyError{shown}
	}
	return shown
}

// isGivenKey reports whether a message is about a key of the data itself, which the template
// contains as .key. text/template shortens a long part of the template.
func isGivenKey(part, message string) bool {
	found := missing.FindStringSubmatch(message)
	if found == nil {
		return false
	}
	key, err := strconv.Unquote(found[1])
	return err == nil && strings.HasPrefix("."+key, strings.TrimSuffix(strings.TrimPrefix(part, "$"), "..."))
}

// reason returns why a template cannot be rendered, from an error, or from the part
// of the template that fails and the message about it.
func reason(err error, part, message, text string, data map[string]any) string {
	var (
		absent missingKeyError
		failed failError
		ours   fault
	)
	switch {
	case errors.As(err, &absent):
		return absent.message(text, data)
	case errors.As(err, &failed):
		return failed.message(text)
	}
	if parts := missing.FindStringSubmatch(message); parts != nil {
		// No template contains a name that cannot be unquoted.
		key, _ := strconv.Unquote(parts[1])
		return missingKeyError(key).message(text, data)
	}
	function := ""
	if parts := calling.FindStringSubmatch(message); parts != nil {
		function, ours = parts[1]+": ", errNotTaken
	}
	if errors.As(err, &ours) || function != "" {
		return function + ours.Error()
	}
	why := "check the arguments of its functions"
	if harmless.MatchString(message) {
		why = message
	}
	return fmt.Sprintf("cannot be rendered at <%s>: %s", cut(part), why)
}

// errNotTaken replaces the error of a function, which can quote its arguments.
var errNotTaken = fault("invalid argument")

// missingKeyError is the error for a missing key. It holds the key.
type missingKeyError string

func (missingKeyError) Error() string { return "there is no such key" }

// message shows the key if the template contains it. Any other key is computed, perhaps from a
// value.
func (m missingKeyError) message(text string, data map[string]any) string {
	key := string(m)
	if key == "" || !strings.Contains(text, key) {
		return "there is no key with the computed name"
	}
	if _, isGiven := data[key]; isGiven {
		return fmt.Sprintf("the value of the key %q cannot be used: it must be a text or a list of at most %d KiB", cut(key), MaxBytes>>10)
	}
	return fmt.Sprintf("there is no key %q", cut(key))
}

// failError is the message of the function fail.
type failError string

func (failError) Error() string { return "fail" }

// message shows the message if the template contains it. Any other message is computed, perhaps
// from a value.
func (f failError) message(text string) string {
	if f == "" || !strings.Contains(text, string(f)) {
		return "fail: the message is computed, and not shown since it may hold a secret"
	}
	return "fail: " + cut(string(f))
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "..."
	}
	return text
}
