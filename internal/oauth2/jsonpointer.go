package oauth2

import (
	"strconv"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// resolve evaluates a JSON Pointer (RFC 6901) on a decoded document.
func resolve(document any, pointer v1alpha1.JSONPointer) (any, bool) {
	if pointer == "" {
		return document, document != nil
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
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

// first returns what the first pointer finds that accept takes.
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
