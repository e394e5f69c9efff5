package template

import (
	"encoding/base64"
	"fmt"
	"strings"
)

func upper(text string) (string, error) { return bounded(strings.ToUpper(text)) }

func lower(text string) (string, error) { return bounded(strings.ToLower(text)) }

// trimAll searches all characters for each character of the text, so the characters are bounded.
func trimAll(characters, text string) (string, error) {
	if len(characters) > maxPattern {
		return "", errPattern
	}
	return strings.Trim(text, characters), nil
}

// trunc returns the first bytes of a text, or the last bytes if length is negative.
func trunc(length int, text string) string {
	switch {
	case length < 0 && len(text)+length > 0:
		return text[len(text)+length:]
	case length >= 0 && len(text) > length:
		return text[:length]
	}
	return text
}

func replace(old, replacement, text string) (string, error) {
	if err := fits(len(text) + strings.Count(text, old)*(len(replacement)-len(old))); err != nil {
		return "", err
	}
	return strings.ReplaceAll(text, old, replacement), nil
}

func repeat(count int, text string) (string, error) {
	if count < 0 {
		return "", errNotTaken
	}
	// The product overflows only if count itself is too large.
	if err := fits(max(count, count*len(text))); err != nil {
		return "", err
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
	if err != nil {
		return "", err
	}
	return bounded(margin + indented)
}

// nindent indents a text and starts a new line before it.
func nindent(spaces int, text string) (string, error) {
	indented, err := indent(spaces, text)
	if err != nil {
		return "", err
	}
	return bounded("\n" + indented)
}

func sprint(values ...any) (string, error) {
	if err := fits(sizeOf(values...)); err != nil {
		return "", err
	}
	return bounded(fmt.Sprint(values...))
}

// textOf returns a value as print writes it.
func textOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return fmt.Sprint(value)
}

// sprintf accepts only verbs without flags, width and index, so it writes each value once.
func sprintf(format string, values ...any) (string, error) {
	out := &builder{}
	for {
		text, rest, found := strings.Cut(format, "%")
		switch {
		case !found && len(values) > 0:
			return "", fault("has more values than verbs")
		case !found:
		case strings.HasPrefix(rest, "%"):
			text += "%"
		case rest == "" || strings.IndexByte("sdv", rest[0]) < 0:
			return "", fault("the verbs are %s, %d, %v and %%, without flags and width")
		case len(values) == 0:
			return "", fault("has more verbs than values")
		default:
			text += textOf(values[0])
			values = values[1:]
		}
		if err := out.add(text); err != nil {
			return "", err
		}
		if !found {
			return out.String(), nil
		}
		format = rest[1:]
	}
}

// quote writes values as JSON, with a space between them.
func quote(values ...any) (string, error) {
	out := &builder{}
	for _, value := range values {
		if value == nil {
			continue
		}
		text, err := toJSON(value)
		if err != nil {
			return "", err
		}
		if out.text.Len() > 0 {
			text = " " + text
		}
		if err := out.add(text); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

func base64Encode(text string) (string, error) {
	return bounded(base64.StdEncoding.EncodeToString([]byte(text)))
}

func base64Decode(text string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fault("the argument is not base64")
	}
	return string(raw), nil
}
