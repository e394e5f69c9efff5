package oauth2

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// encoded are parameters as they are sent.
type encoded struct {
	query, body, contentType string
}

func encode(encoding v1alpha1.RequestEncoding, parameters parameters) (encoded, error) {
	switch encoding {
	case v1alpha1.FormEncoding:
		return encoded{body: form(parameters), contentType: "application/x-www-form-urlencoded"}, nil
	case v1alpha1.QueryEncoding:
		return encoded{query: form(parameters)}, nil
	case v1alpha1.JSONEncoding:
		object, err := parameters.object()
		if err != nil {
			return encoded{}, err
		}
		body, err := marshal(object)
		return encoded{body: body, contentType: "application/json"}, err
	}
	return encoded{}, checkEncoding(encoding)
}

// checkEncoding returns an error if the API has no such encoding. An API server rejects it, but a file may
// declare it.
func checkEncoding(encoding v1alpha1.RequestEncoding) error {
	known := []v1alpha1.RequestEncoding{v1alpha1.FormEncoding, v1alpha1.QueryEncoding, v1alpha1.JSONEncoding}
	if !slices.Contains(known, encoding) {
		return invalid("there is no request encoding %q: set authorizationServer.request.encoding to one of %s", encoding, joined(known))
	}
	return nil
}

func form(parameters parameters) string {
	form := url.Values{}
	for name, values := range parameters {
		for _, value := range values {
			form.Add(name, value.text)
		}
	}
	return form.Encode()
}

// marshal encodes a value as JSON. It does not escape characters such as '&' for HTML, because some
// servers do not decode such escapes.
func marshal(value any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("encode as JSON: %w", err)
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n"))), nil
}
