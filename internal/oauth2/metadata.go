package oauth2

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// maxURLLength is the maximum length of a URL, as in the API.
const maxURLLength = 2048

// Metadata is the metadata of an authorization server (RFC 8414 section 2).
type Metadata struct {
	Issuer             string `json:"issuer"`
	TokenEndpoint      string `json:"token_endpoint"`
	RevocationEndpoint string `json:"revocation_endpoint"`
	// MTLSEndpointAliases are for clients that present a certificate (RFC 8705 section 5).
	MTLSEndpointAliases struct {
		TokenEndpoint      string `json:"token_endpoint"`
		RevocationEndpoint string `json:"revocation_endpoint"`
	} `json:"mtls_endpoint_aliases"`
	// TokenEndpointAuthMethodsSupported, GrantTypesSupported and ScopesSupported are only for hints:
	// some servers list less than they accept.
	TokenEndpointAuthMethodsSupported nameList `json:"token_endpoint_auth_methods_supported"`
	GrantTypesSupported               nameList `json:"grant_types_supported"`
	ScopesSupported                   nameList `json:"scopes_supported"`
}

// Bytes returns the approximate memory of the metadata.
func (m *Metadata) Bytes() (total int) {
	const header = 16
	for _, text := range slices.Concat([]string{
		m.Issuer, m.TokenEndpoint, m.RevocationEndpoint, m.MTLSEndpointAliases.TokenEndpoint, m.MTLSEndpointAliases.RevocationEndpoint,
	}, m.TokenEndpointAuthMethodsSupported, m.GrantTypesSupported, m.ScopesSupported) {
		total += header + len(text)
	}
	return total
}

// isEndpoint reports whether a discovered URL meets the rules for declared URLs.
func isEndpoint(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxURLLength && (u.Scheme == "https" || u.Scheme == "http") &&
		u.Hostname() != "" && u.User == nil && !strings.Contains(text, "#")
}

// MetadataURLs returns the URLs of an issuer's metadata, in the order to try them (RFC 8414 section
// 3.1, OpenID Connect Discovery section 4).
func MetadataURLs(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	return []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + path + "/.well-known/openid-configuration",
	}
}

// ReadMetadata reads the metadata of an issuer. The error is an *Error. It quotes nothing from the
// response, because the response may hold a client secret that the server learned earlier.
func ReadMetadata(issuer, from string, response Response) (*Metadata, error) {
	request := DiscoveryRequest(from)
	from = request.Destination.Name() + " " + from
	if response.StatusCode != http.StatusOK {
		redirect := locationOf(request, response)
		if redirect != "" {
			redirect = ", a redirect to " + shownURL(issuer, redirect)
		}
		return nil, discoveryError(response, "%s answered HTTP %d%s, and not with the metadata of an authorization server: check authorizationServer.issuer",
			from, response.StatusCode, redirect)
	}
	metadata := &Metadata{}
	body := strings.TrimPrefix(response.Body.Reveal(), byteOrderMark)
	if err := json.Unmarshal([]byte(body), metadata); err != nil {
		return nil, discoveryError(response, "%s is not JSON of the form of RFC 8414: check authorizationServer.issuer", from)
	}
	if metadata.Issuer != issuer {
		return nil, discoveryError(response, "%s is about %s", from, anotherIssuer(issuer, metadata.Issuer))
	}
	if !isEndpoint(metadata.TokenEndpoint) {
		return nil, discoveryError(response, "%s names no token endpoint: set authorizationServer.tokenEndpoint instead of issuer", from)
	}
	for _, endpoint := range []string{
		metadata.RevocationEndpoint, metadata.MTLSEndpointAliases.TokenEndpoint, metadata.MTLSEndpointAliases.RevocationEndpoint,
	} {
		if endpoint != "" && !isEndpoint(endpoint) {
			return nil, discoveryError(response, "%s names an endpoint that is not an absolute https URL of at most %d characters", from, maxURLLength)
		}
	}
	return metadata, nil
}

// anotherIssuer says what to do if the metadata is of another issuer. It quotes that issuer only if
// the two differ by a slash at the end.
func anotherIssuer(declared, named string) string {
	if named == declared+"/" || named+"/" == declared {
		return fmt.Sprintf("the issuer %q: set authorizationServer.issuer to exactly that if it is the right one", named)
	}
	return `another issuer: set authorizationServer.issuer to exactly the "issuer" of that document if it is the right one`
}

func discoveryError(response Response, format string, args ...any) *Error {
	class := problem.MayPass
	if isOutage(response.StatusCode) {
		class = problem.Unavailable
	}
	return newError(response, class, v1alpha1.ReasonDiscoveryFailed, format+"; discovery is retried", args...)
}

// Discovered returns the declaration of a server with the endpoints from its metadata. A client
// that presents a certificate gets the endpoints for such clients.
func (m Metadata) Discovered(server v1alpha1.AuthorizationServerSpec) v1alpha1.AuthorizationServerSpec {
	token, revocation := m.TokenEndpoint, m.RevocationEndpoint
	if usesOf(server).certificate {
		token = cmp.Or(m.MTLSEndpointAliases.TokenEndpoint, token)
		revocation = cmp.Or(m.MTLSEndpointAliases.RevocationEndpoint, revocation)
	}
	server.TokenEndpoint = token
	if server.Revocation != nil && server.Revocation.Endpoint == "" {
		server.Revocation = server.Revocation.DeepCopy()
		server.Revocation.Endpoint = revocation
	}
	return server
}

// DiscoveryRequest returns the request for the metadata at a URL.
func DiscoveryRequest(from string) *Request {
	return &Request{
		Method: http.MethodGet, URL: from, Destination: metadataDocument,
		Header: map[string]Sensitive{"Accept": NewSensitive("application/json")},
	}
}
