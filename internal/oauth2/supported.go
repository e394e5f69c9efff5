package oauth2

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// nameList is a list of names in the metadata of a server. A list that is too long, or a value that
// is not a list of names, is read as empty: it must not fail the discovery.
type nameList []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *nameList) UnmarshalJSON(raw []byte) error {
	const (
		maxNames = 128
		maxName  = 64
	)
	var names []string
	if json.Unmarshal(raw, &names) != nil || len(names) > maxNames {
		return nil //nolint:nilerr // Hints work without the list.
	}
	if !slices.ContainsFunc(names, func(name string) bool { return len(name) > maxName }) {
		*l = names
	}
	return nil
}

func (m *Metadata) grantTypes() []string {
	if m == nil {
		return nil
	}
	return m.GrantTypesSupported
}

func (m *Metadata) scopes() []string {
	if m == nil {
		return nil
	}
	return m.ScopesSupported
}

// MethodMismatch says which method of client authentication to set, if the metadata of the server
// lists methods but not the declared method. It returns an empty string for the method none, because
// metadata does not list methods that use parameters, headers or an assertion as the grant.
func MethodMismatch(server v1alpha1.AuthorizationServerSpec, metadata *Metadata) string {
	if metadata == nil || len(metadata.TokenEndpointAuthMethodsSupported) == 0 || authenticationOf(server).isNone() {
		return ""
	}
	declared, supported := server.ClientAuthentication.Method, metadata.TokenEndpointAuthMethodsSupported
	if slices.Contains(supported, string(declared)) {
		return ""
	}
	return fmt.Sprintf("set authorizationServer.clientAuthentication.method, which is %s, to %s", declared, methodToTry(declared, supported))
}

// methodToTry returns a supported method. It prefers methods that use the same credentials as the
// declared method.
func methodToTry(declared v1alpha1.ClientAuthenticationMethod, supported []string) string {
	for _, method := range clientAuthentications[declared].alternatives {
		if slices.Contains(supported, string(method)) {
			return fmt.Sprintf("%s, which the server's metadata lists", method)
		}
	}
	return oneOf(supported)
}

// registered reports whether a name is a known method or grant type, which a hint may show.
func registered(name string) bool {
	_, isMethod := clientAuthentications[v1alpha1.ClientAuthenticationMethod(name)]
	return isMethod || slices.Contains(grantTypes, name)
}

var grantTypes = []string{
	"authorization_code", "implicit", "password", "client_credentials", "refresh_token",
	"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer",
	"urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
}

// oneOf returns a phrase for a choice among the names that the metadata lists.
func oneOf(supported []string) string {
	const one = "one that the server's metadata lists"
	known := slices.DeleteFunc(slices.Clone(supported), func(name string) bool { return !registered(name) })
	if len(known) > 0 {
		return one + ": " + namesIn(known)
	}
	return one
}

// namesIn lists the first names of a server's metadata or of the spec. It skips texts that are not
// names.
func namesIn(names []string) string {
	const (
		maxNames = 8
		maxName  = 64
	)
	var shown []string
	for _, name := range names {
		name = strings.TrimSpace(printable(name, maxName))
		if name == "" || strings.ContainsAny(name, " \"") {
			continue
		}
		if len(shown) == maxNames {
			return strings.Join(shown, ", ") + " ..."
		}
		shown = append(shown, name)
	}
	return strings.Join(shown, ", ")
}

// without returns the names that are not in others.
func without(names, others []string) (left []string) {
	for _, name := range names {
		if !slices.Contains(others, name) {
			left = append(left, name)
		}
	}
	return left
}
