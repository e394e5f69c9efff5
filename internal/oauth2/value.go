package oauth2

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/template"
)

// value is the value of a parameter, header or claim.
type value struct {
	text string
	kind v1alpha1.ParameterType
	// secret is true if the text must not be shown.
	secret bool
	// isMasked is true if the text replaces a secret.
	isMasked bool
}

// mask replaces a hidden value in JSON.
type mask string

func plain(text string) value { return value{text: text} }

func hidden(text Sensitive) value { return value{text: text.Reveal(), secret: true} }

// templateData is the data that templates render values from.
type templateData struct {
	credentials Credentials
	scopes      []string
	audience    string
	// assertion is the JWT that is the grant; empty if there is none.
	assertion Sensitive
}

// valueOf returns the value of a declared parameter. what names it in messages.
func (m templateData) valueOf(what string, parameter v1alpha1.Parameter) (value, error) {
	v := value{kind: parameter.Type}
	switch {
	case parameter.SecretKey != "":
		v.text, v.secret = m.credentials.Values[parameter.SecretKey].Reveal(), true
	case parameter.Template != "":
		text, err := m.render(what, parameter.Template)
		if err != nil {
			return v, err
		}
		v.text, v.secret = text, true
	case parameter.Value != nil:
		v.text = *parameter.Value
	}
	if _, err := v.json(); err != nil {
		return v, invalid("the value of %s is not of type %s: correct the value or its type", what, parameter.Type)
	}
	return v, nil
}

func (m templateData) render(what, text string) (string, error) {
	data := make(map[string]any, len(m.credentials.Values)+3)
	for key, value := range m.credentials.Values {
		data[key] = value.Reveal()
	}
	if len(m.scopes) > 0 {
		data["scopes"] = m.scopes
	}
	if m.audience != "" {
		data["audience"] = m.audience
	}
	if !m.assertion.IsEmpty() {
		data["assertion"] = m.assertion.Reveal()
	}
	rendered, err := template.Render(text, data)
	if err != nil {
		return "", problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonAuthorizationServerInvalid,
			"the template of %s cannot be rendered: %s: correct the template or the keys of the credentials Secret", what, err)
	}
	return rendered, nil
}

// object returns the JSON object of declared claims or headers.
func (m templateData) object(what string, declared []v1alpha1.Parameter) (map[string]any, error) {
	members := parameters{}
	var size size
	for _, parameter := range declared {
		value, err := m.valueOf(what+parameter.Name, parameter)
		if err != nil {
			return nil, err
		}
		if err := size.add(strings.TrimSpace(what)+"s", value); err != nil {
			return nil, err
		}
		members.set(parameter.Name, value)
	}
	return members.object()
}

// invalid returns the error for a declaration that allows no request.
func invalid(format string, args ...any) error {
	return problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid, format, args...)
}

var errNotOfType = errors.New("not of its type")

// json returns the value as it is encoded in JSON.
func (v value) json() (any, error) {
	if v.isMasked {
		return mask(v.text), nil
	}
	switch v.kind {
	case v1alpha1.NumberParameter:
		if _, err := json.Number(v.text).Float64(); err != nil || !json.Valid([]byte(v.text)) {
			return nil, errNotOfType
		}
		return json.Number(v.text), nil
	case v1alpha1.BooleanParameter:
		if v.text != "true" && v.text != "false" {
			return nil, errNotOfType
		}
		return v.text == "true", nil
	case v1alpha1.JSONParameter:
		return DecodeJSON(v.text)
	default:
		return v.text, nil
	}
}

// leaves returns the texts and numbers inside a JSON value.
func (v value) leaves() (texts []string) {
	if v.kind != v1alpha1.JSONParameter {
		return nil
	}
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for _, member := range node {
				walk(member)
			}
		case []any:
			for _, item := range node {
				walk(item)
			}
		default:
			if text, ok := textOrNumber(node); ok {
				texts = append(texts, text)
			}
		}
	}
	// There is no error: the value was decoded before.
	document, _ := DecodeJSON(v.text)
	walk(document)
	return texts
}

// shown returns the value as it may be shown.
func (v value) shown() value {
	if v.secret {
		return value{text: redacted, kind: v.kind, isMasked: true}
	}
	return v
}
