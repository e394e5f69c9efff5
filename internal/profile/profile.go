// Package profile completes the declaration of an authorization server: what
// the user sets wins, the profile fills the rest, RFC 6749 fills what is left.
package profile

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// Default is the profile of an authorization server that names none.
const Default = "RFC6749"

//go:embed profiles.yaml
var profilesYAML []byte

// profiles by name, each as the generic form of an AuthorizationServerSpec.
var profiles = mustParse(profilesYAML)

// Names returns the names of all profiles, sorted.
func Names() []string { return slices.Sorted(maps.Keys(profiles)) }

// Complete fills in what the spec leaves open. In its result every field is set
// that a token request needs. The error is an *oauth2.Error.
func Complete(spec v1alpha1.AuthorizationServerSpec) (v1alpha1.AuthorizationServerSpec, error) {
	name := spec.Profile
	if name == "" {
		name = Default
	}
	named, found := profiles[name]
	if !found {
		return v1alpha1.AuthorizationServerSpec{}, &oauth2.Error{
			Reason: v1alpha1.ReasonProfileUnknown, Class: oauth2.WaitForChange,
			Message: fmt.Sprintf("there is no profile %q: set spec.authorizationServer.profile to one of %s",
				name, strings.Join(Names(), ", ")),
		}
	}
	wanted, err := convert[map[string]any](spec)
	if err != nil {
		return v1alpha1.AuthorizationServerSpec{}, fmt.Errorf("read the authorization server's declaration: %w", err)
	}
	completed, err := convert[v1alpha1.AuthorizationServerSpec](fill(fill(wanted, named), profiles[Default]))
	if err != nil {
		return v1alpha1.AuthorizationServerSpec{}, fmt.Errorf("apply profile %s: %w", name, err)
	}
	completed.Profile = name
	if completed.TokenEndpoint == "" {
		return v1alpha1.AuthorizationServerSpec{}, &oauth2.Error{
			Reason: v1alpha1.ReasonTokenEndpointMissing, Class: oauth2.WaitForChange,
			Message: fmt.Sprintf("profile %s does not know the token endpoint, which differs from customer to customer: set spec.authorizationServer.tokenEndpoint",
				name),
		}
	}
	return completed, nil
}

// fill returns wanted with what is missing in it taken from the rest. Objects are
// filled member by member, and lists of named objects item by item.
func fill(wanted, rest map[string]any) map[string]any {
	filled := maps.Clone(rest)
	for key, value := range wanted {
		switch value := value.(type) {
		case map[string]any:
			below, _ := rest[key].(map[string]any)
			filled[key] = fill(value, orEmpty(below))
		case []any:
			below, _ := rest[key].([]any)
			filled[key] = fillList(value, below)
		default:
			filled[key] = value
		}
	}
	return filled
}

func fillList(wanted, rest []any) []any {
	filled := slices.Clone(wanted)
	for _, item := range rest {
		name, named := nameOf(item)
		if named && !slices.ContainsFunc(wanted, func(other any) bool { n, ok := nameOf(other); return ok && n == name }) {
			filled = append(filled, item)
		}
	}
	return filled
}

func nameOf(item any) (string, bool) {
	object, _ := item.(map[string]any)
	name, ok := object["name"].(string)
	return name, ok
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func convert[T any](from any) (to T, err error) {
	raw, err := json.Marshal(from)
	if err != nil {
		return to, err
	}
	err = json.Unmarshal(raw, &to)
	return to, err
}

// mustParse panics on an embedded file that no test would have let pass.
func mustParse(raw []byte) map[string]map[string]any {
	var typed map[string]v1alpha1.AuthorizationServerSpec
	if err := yaml.UnmarshalStrict(raw, &typed); err != nil {
		panic(fmt.Sprintf("profiles.yaml: %v", err))
	}
	parsed, err := convert[map[string]map[string]any](typed)
	if err != nil {
		panic(fmt.Sprintf("profiles.yaml: %v", err))
	}
	return parsed
}
