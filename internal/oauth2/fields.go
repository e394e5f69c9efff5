package oauth2

import (
	"github.com/tokensync/tokensync/api/v1alpha1"
)

// fieldsOf takes from a response what workloads need besides the token.
func fieldsOf(server v1alpha1.AuthorizationServerSpec, document any) (fields map[string]Sensitive, missing []string) {
	for _, field := range server.Response.Fields {
		value, found := first(document, field.Pointers, asText)
		if !found {
			missing = append(missing, field.Name)
			continue
		}
		if fields == nil {
			fields = map[string]Sensitive{}
		}
		fields[field.Name] = NewSensitive(value)
	}
	return fields, missing
}

// asText accepts every value: a text and a number as they are, the rest as JSON.
func asText(value any) (string, bool) {
	if text, ok := textOrNumber(value); ok {
		return text, true
	}
	text, err := marshal(value)
	return text, err == nil
}
