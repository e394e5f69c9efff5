package oauth2

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// unescape decodes a reference token of a JSON Pointer.
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// resolve evaluates a JSON Pointer (RFC 6901) on a decoded document.
func resolve(document any, pointer v1alpha1.JSONPointer) (any, bool) {
	if pointer == "" {
		return document, document != nil
	}
	for token := range strings.SplitSeq(string(pointer[1:]), "/") {
		switch node := document.(type) {
		case map[string]any:
			document = node[unescape.Replace(token)]
		case []any:
			index, err := strconv.Atoi(token)
			if err != nil || index < 0 || index >= len(node) {
				return nil, false
			}
			document = node[index]
		default:
			return nil, false
		}
	}
	return document, document != nil
}

// first returns the first value at the pointers that accept accepts.
func first[T any](document any, pointers []v1alpha1.JSONPointer, accept func(any) (T, bool)) (T, bool) {
	for _, pointer := range pointers {
		if value, found := resolve(document, pointer); found {
			if accepted, ok := accept(value); ok {
				return accepted, true
			}
		}
	}
	var none T
	return none, false
}

// text accepts a string that is not empty.
func text(value any) (string, bool) {
	s, ok := value.(string)
	return s, ok && s != ""
}

// textOrTexts accepts a text that is not empty, and a list of such texts, which it joins with
// spaces.
func textOrTexts(value any) (string, bool) {
	items, isList := value.([]any)
	if !isList {
		return text(value)
	}
	var texts []string
	for _, item := range items {
		one, ok := text(item)
		if !ok {
			return "", false
		}
		texts = append(texts, one)
	}
	return strings.Join(texts, " "), len(texts) > 0
}

// textOrNumber accepts a text that is not empty, and a number as text.
func textOrNumber(value any) (string, bool) {
	if number, ok := value.(json.Number); ok {
		return number.String(), true
	}
	return text(value)
}

// scalar accepts a boolean too, unlike textOrNumber.
func scalar(value any) (string, bool) {
	if truth, ok := value.(bool); ok {
		return strconv.FormatBool(truth), true
	}
	return textOrNumber(value)
}

// codeText accepts an error code: a text, a number or true. It rejects values that mean "no error",
// such as 0 and false.
func codeText(value any) (string, bool) {
	switch v := value.(type) {
	case json.Number:
		f, err := v.Float64()
		return v.String(), err != nil || f != 0
	case bool:
		return strconv.FormatBool(v), v
	}
	code, ok := text(value)
	return code, ok && strings.Trim(code, "0") != ""
}

// sameScalar reports whether two scalars are equal. It compares numbers by value.
func sameScalar(a, b string) bool {
	if a == b {
		return true
	}
	x, xOK := parseNumber(a)
	y, yOK := parseNumber(b)
	return xOK && yOK && x == y
}
