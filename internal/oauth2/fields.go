package oauth2

import (
	"errors"

	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// MaxIssued bounds the token and the fields of a response together, in bytes. A Secret has at most
// 1 MiB of data, and its metadata is stored with it.
const MaxIssued = corev1.MaxSecretSize - 64<<10

var errTooMuch = errors.New("more than the operator writes to a Secret")

// fieldsOf returns the declared fields of a response, which workloads need besides the token, and
// the names of the missing fields. A value counts for each field that names it, because it is
// written for each field.
func fieldsOf(server v1alpha1.AuthorizationServerSpec, document any, token string) (fields map[string]Sensitive, missing []string, err error) {
	total := len(token)
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
		if total += len(value); total > MaxIssued {
			return nil, nil, errTooMuch
		}
	}
	return fields, missing, nil
}

// asText accepts every value. It returns a text or a number as it is, and any other value as JSON.
func asText(value any) (string, bool) {
	if text, ok := textOrNumber(value); ok {
		return text, true
	}
	text, err := marshal(value)
	return text, err == nil
}
