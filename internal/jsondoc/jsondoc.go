// Package jsondoc reads JSON documents of servers and users strictly.
package jsondoc

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

var errMoreThanJSON = errors.New("there is more than one JSON document")

// Decode reads a JSON document and nothing after it. Numbers keep their digits.
func Decode(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errMoreThanJSON
	}
	return document, nil
}

// Count returns how many of the given delimiters stand outside of the strings of a JSON text. So the caller
// can limit the values of a document before it decodes them: each value but the first follows a delimiter.
func Count(text, delimiters string) (count int) {
	isQuoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			isQuoted = !isQuoted
		case c == '\\' && isQuoted:
			i++
		case !isQuoted && strings.IndexByte(delimiters, c) >= 0:
			count++
		}
	}
	return count
}
