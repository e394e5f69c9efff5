package oauth2

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// parameters are the parameters of a token request by name. Most of them have one value.
type parameters map[string][]value

// set sets the values of a parameter. It does nothing if the name is empty or there are no values.
func (p parameters) set(name string, values ...value) {
	if name != "" && len(values) > 0 {
		p[name] = values
	}
}

// shown returns the parameters with their secrets masked.
func (p parameters) shown() parameters {
	shown := parameters{}
	for name, values := range p {
		for _, value := range values {
			shown[name] = append(shown[name], value.shown())
		}
	}
	return shown
}

// object returns the JSON object that has the parameters as members. A name that starts with a
// slash is a JSON Pointer to the value.
func (p parameters) object() (map[string]any, error) {
	object := map[string]any{}
	for _, name := range slices.SortedFunc(maps.Keys(p), p.compareJSONFirst) {
		encoded := make([]any, len(p[name]))
		for i, value := range p[name] {
			one, err := value.json()
			if err != nil {
				return nil, err
			}
			encoded[i] = one
		}
		var member any = encoded
		if len(encoded) == 1 {
			member = encoded[0]
		}
		if !put(object, name, member) {
			return nil, invalid("%s and another name lead to the same place in the JSON: correct the names", name)
		}
	}
	return object, nil
}

// compareJSONFirst orders the names of JSON values first, so that pointers can lead into these
// values.
func (p parameters) compareJSONFirst(a, b string) int {
	isJSON := func(name string) int {
		if len(p[name]) == 1 && p[name][0].kind == v1alpha1.JSONParameter {
			return 0
		}
		return 1
	}
	return cmp.Or(isJSON(a)-isJSON(b), strings.Compare(a, b))
}

// put sets the value at a name or JSON Pointer, and creates the objects on the way. It returns
// false if another value is there already.
func put(object map[string]any, name string, value any) bool {
	path := []string{name}
	if strings.HasPrefix(name, "/") {
		path = strings.Split(name[1:], "/")
		for i, token := range path {
			path[i] = unescape.Replace(token)
		}
	}
	var current any = object
	for i, token := range path {
		last := i == len(path)-1
		switch node := current.(type) {
		case map[string]any:
			below, taken := node[token]
			switch {
			case last && taken:
				return false
			case last:
				node[token] = value
				return true
			case !taken:
				below = map[string]any{}
				node[token] = below
			}
			current = below
		case []any:
			index, err := strconv.Atoi(token)
			if err != nil || index < 0 || index >= len(node) || last {
				return false
			}
			current = node[index]
		case mask:
			// The whole value is masked, so nothing is set inside it.
			return true
		default:
			return false
		}
	}
	return false
}

// parametersOf returns the parameters of a token request. The fields of a spec take precedence over
// declared parameters of the same name.
func parametersOf(server v1alpha1.AuthorizationServerSpec, grant Grant, templateData templateData, assertions assertions) (parameters, error) {
	parameters, names := parameters{}, namesOf(server)
	var size size
	for _, parameter := range server.Request.Parameters {
		value, err := templateData.valueOf("parameter "+parameter.Name, parameter)
		if err != nil {
			return nil, err
		}
		if err := size.add("parameters", value); err != nil {
			return nil, err
		}
		parameters.set(parameter.Name, value)
	}
	parameters.set(names.grantType, plain(server.Request.GrantType))
	if len(grant.Scopes) > 0 {
		separator := " "
		if server.Request.ScopeSeparator != nil {
			separator = *server.Request.ScopeSeparator
		}
		parameters.set(names.scope, plain(strings.Join(grant.Scopes, separator)))
	}
	if grant.Audience != "" {
		parameters.set(names.audience, plain(grant.Audience))
	}
	resources := make([]value, len(grant.Resources))
	for i, resource := range grant.Resources {
		resources[i] = plain(resource)
	}
	parameters.set(names.resource, resources...)
	if !assertions.grant.IsEmpty() {
		parameters.set(names.assertion, hidden(assertions.grant))
	}
	return parameters, authenticate(parameters, server, grant, assertions)
}
