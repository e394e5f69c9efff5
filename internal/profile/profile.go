// Package profile completes the declaration of an authorization server. The user's fields take
// precedence over the profile, and the profile over the defaults of RFC 6749.
package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// Default is the profile of an authorization server that names no profile.
const Default = "RFC6749"

// Complete fills in the fields that the spec leaves unset. The result has every field that a token request
// needs. parameters are the client's own parameters, which take precedence over the server's. If the spec
// cannot be used, the error is a *problem.Problem.
func Complete(spec v1alpha1.AuthorizationServerSpec, parameters []v1alpha1.Parameter) (v1alpha1.AuthorizationServerSpec, error) {
	none := v1alpha1.AuthorizationServerSpec{}
	name := spec.Profile
	if name == "" {
		name = Default
	}
	named, found := profiles[name]
	if !found {
		return none, problem.Stalled(v1alpha1.ReasonProfileUnknown,
			"there is no profile %q: set spec.authorizationServer.profile to one of %s", name, strings.Join(Names(), ", "))
	}
	wanted, err := convert[map[string]any](withParameters(spec, parameters))
	if err != nil {
		return none, fmt.Errorf("read the authorization server's declaration: %w", err)
	}
	filled := wanted
	if name != Default {
		// The default profile is applied last, after the implied values.
		filled = fill(wanted, named.fields)
	}
	completed, err := convert[v1alpha1.AuthorizationServerSpec](fill(filled, fill(implied(filled), profiles[Default].fields)))
	if err != nil {
		return none, fmt.Errorf("apply profile %s: %w", name, err)
	}
	completed.Profile = name
	if spec.Issuer != "" || spec.TokenEndpoint != "" {
		completed = withoutEndpoints(completed, spec)
	}
	if completed.TokenEndpoint == "" && completed.Issuer == "" {
		return none, problem.Stalled(v1alpha1.ReasonTokenEndpointMissing,
			"profile %s does not know the token endpoint, which differs from customer to customer: set spec.authorizationServer.tokenEndpoint, which looks like %s, or issuer",
			name, named.Endpoint)
	}
	return completed, oauth2.Check(completed)
}

// withoutEndpoints drops the endpoints of a profile. A user who names an issuer or a token endpoint means
// that server, and credentials must not go to another server.
func withoutEndpoints(completed, spec v1alpha1.AuthorizationServerSpec) v1alpha1.AuthorizationServerSpec {
	completed.TokenEndpoint = spec.TokenEndpoint
	if completed.Revocation != nil {
		completed.Revocation.Endpoint = ""
		if spec.Revocation != nil {
			completed.Revocation.Endpoint = spec.Revocation.Endpoint
		}
	}
	return completed
}

// withParameters puts the parameters of a client before those of the server.
func withParameters(spec v1alpha1.AuthorizationServerSpec, parameters []v1alpha1.Parameter) v1alpha1.AuthorizationServerSpec {
	if len(parameters) == 0 {
		return spec
	}
	spec = *spec.DeepCopy()
	if spec.Request == nil {
		spec.Request = &v1alpha1.TokenRequest{}
	}
	all := slices.Clone(parameters)
	for _, parameter := range spec.Request.Parameters {
		if !slices.ContainsFunc(all, func(own v1alpha1.Parameter) bool { return own.Name == parameter.Name }) {
			all = append(all, parameter)
		}
	}
	spec.Request.Parameters = all
	return spec
}

// implied returns the values that follow from other fields: a GET request has no body, and a JWT grant has
// its own grant type.
func implied(filled map[string]any) map[string]any {
	request, _ := filled["request"].(map[string]any)
	implied := map[string]any{}
	if request["method"] == "GET" {
		implied["encoding"] = v1alpha1.QueryEncoding
	}
	if request["assertion"] != nil {
		implied["grantType"] = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	}
	return map[string]any{"request": implied}
}
