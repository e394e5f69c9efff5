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

// Profile is the dialect of an authorization server, as profiles.yaml has it.
type Profile struct {
	Name string `json:"-"`
	// Vendor is the name by which users know the server.
	Vendor string `json:"vendor"`
	// Documentation is the URL of the page that describes the token request.
	Documentation string `json:"documentation"`
	// Endpoint is what the token endpoint looks like where each customer has another.
	Endpoint string `json:"endpoint,omitempty"`
	// Needs is what a user supplies besides the token endpoint.
	Needs string `json:"needs"`
	// Server holds only what differs from the default profile.
	Server v1alpha1.AuthorizationServerSpec `json:"server"`
}

// parsed is a profile with the generic form of its server, by which it is merged.
type parsed struct {
	Profile
	fields map[string]any
}

// profiles by name.
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

// mustParse panics on an embedded file that no test would have let pass.
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
