package template

import (
	"encoding/json"
	"strings"

	"github.com/tokensync/tokensync/internal/jsondoc"
)

// fromJSON reads JSON. Numbers keep their digits.
func fromJSON(text string) (any, error) {
	// If a name occurs twice, only the last value stays, so the size of the result does not bound
	// the work.
	if err := fits(jsondoc.Count(text, "[{,") * itemBytes); err != nil {
		return nil, err
	}
	value, err := jsondoc.Decode(text)
	if err != nil {
		return nil, fault("the argument is not JSON")
	}
	return bounded(value)
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
