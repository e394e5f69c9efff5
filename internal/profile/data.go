package profile

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

//go:embed profiles.yaml
var profilesYAML []byte

// Profile is the dialect of an authorization server, as declared in profiles.yaml.
type Profile struct {
	Name string `json:"-"`
	// Vendor is the name by which users know the server.
	Vendor string `json:"vendor"`
	// Documentation is the URL of the page that describes the token request.
	Documentation string `json:"documentation"`
	// Endpoint is the pattern of the token endpoint, if each customer has a different one.
	Endpoint string `json:"endpoint,omitempty"`
	// Needs says what a user must supply besides the token endpoint.
	Needs string `json:"needs"`
	// Server holds only the fields that differ from the default profile.
	Server v1alpha1.AuthorizationServerSpec `json:"server"`
}

// parsed is a profile, with its server as generic fields for merging.
type parsed struct {
	Profile
	fields map[string]any
}

// profiles holds the profiles by name.
var profiles = mustParse(profilesYAML)

// Names returns the names of all profiles, sorted.
func Names() []string { return slices.Sorted(maps.Keys(profiles)) }

// All returns all profiles, sorted by their names.
func All() []Profile {
	all := make([]Profile, 0, len(profiles))
	for _, name := range Names() {
		profile := profiles[name].Profile
		profile.Server = *profile.Server.DeepCopy()
		all = append(all, profile)
	}
	return all
}

// mustParse panics if the embedded file is not valid, which the tests rule out.
func mustParse(raw []byte) map[string]parsed {
	var typed map[string]Profile
	if err := yaml.UnmarshalStrict(raw, &typed); err != nil {
		panic(fmt.Sprintf("profiles.yaml: %v", err))
	}
	profiles := make(map[string]parsed, len(typed))
	for name, profile := range typed {
		profile.Name = name
		fields, err := convert[map[string]any](profile.Server)
		if err != nil {
			panic(fmt.Sprintf("profiles.yaml: %s: %v", name, err))
		}
		profiles[name] = parsed{Profile: profile, fields: fields}
	}
	return profiles
}
