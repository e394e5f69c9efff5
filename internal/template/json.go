package template

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// fromJSON reads JSON. Numbers keep their digits.
func fromJSON(text string) (any, error) {
	// If a name occurs twice, only the last value stays, so the size of the result does not bound
	// the work.
	if err := fits(valuesIn(text) * itemBytes); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	if _, after := decoder.Token(); err != nil || !errors.Is(after, io.EOF) {
		return nil, fault("the argument is not JSON")
	}
	return bounded(value)
}

// valuesIn returns an upper bound of the number of items and members in a JSON text.
func valuesIn(text string) (count int) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			quoted = !quoted
		case '\\':
			i++
		case ',', '[', '{':
			if !quoted {
				count++
			}
		}
	}
	return count
}

// toJSON writes a value as JSON, a text with its quotes.
func toJSON(value any) (string, error) {
	out := &strings.Builder{}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return bounded(strings.TrimSuffix(out.String(), "\n"))
}
