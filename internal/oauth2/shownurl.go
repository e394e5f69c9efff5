package oauth2

import (
	"net/url"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// hiddenPart replaces a part of a URL that only the server has named.
const hiddenPart = "..."

// commonParts are common parts of the URLs of servers. They reveal no part of a secret.
var commonParts = strings.Fields(`access access-token accesstoken account accounts adfs admin api apis as as/token.oauth2 auth authn
	authorization authorize com connect create default dev endpoint eu example global grant id identity idp introspect invalid
	io issue jwt login mtls net oauth oauth1 oauth2 oauth20 oidc openid openid-connect openid-configuration org prod
	protocol public realms rest revoke revocation secure service services session signin sso sts tenant tenants test token
	token.oauth2 token.php tokens us v1 v1.0 v2 v2.0 v3 v4 well-known .well-known oauth-authorization-server www`)

// shownURL returns a URL as it may be shown. With an issuer, the URL comes from a server: from
// metadata or from a redirect. Such a URL may hold a secret that the server learned earlier and
// that the operator does not know. So shownURL shows only the parts that are common or that the
// issuer has too.
func shownURL(issuer, raw string) string {
	known, err := url.Parse(issuer)
	if err != nil || issuer == "" {
		return displayURL(raw)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "(not a URL)"
	}
	host := u.Host
	if host != known.Host && (u.Port() != "" || !consistsOf(u.Hostname(), ".", strings.Split(known.Hostname(), "."))) {
		host = hiddenPart
	}
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if !consistsOf(part, "/", strings.Split(known.EscapedPath(), "/")) {
			parts[i] = hiddenPart
		}
	}
	scheme := u.Scheme
	if scheme != "https" && scheme != "http" {
		scheme = hiddenPart
	}
	return scheme + "://" + host + strings.Join(parts, "/")
}

// consistsOf reports whether each part of a text is known or common.
func consistsOf(text, separator string, known []string) bool {
	return !slices.ContainsFunc(strings.Split(text, separator), func(part string) bool {
		return part != "" && !slices.Contains(known, part) && !slices.Contains(commonParts, part)
	})
}

// ShownTokenEndpoint returns the token endpoint of a server, declared or discovered, as it may be
// shown.
func ShownTokenEndpoint(server v1alpha1.AuthorizationServerSpec) string {
	if server.Issuer == "" || server.TokenEndpoint == "" {
		return server.TokenEndpoint
	}
	return shownURL(server.Issuer, server.TokenEndpoint)
}

// shownEndpoint returns the shownURL of an endpoint. If parts of it are hidden, it adds the issuer,
// so that an admin can look them up in its metadata.
func shownEndpoint(issuer, raw string) string {
	shown := shownURL(issuer, raw)
	if issuer != "" && strings.Contains(shown, hiddenPart) {
		return shown + " of the issuer " + issuer
	}
	return shown
}

// Where returns the kind of URL and the URL as they may be shown, such as "token endpoint
// https://idp.example.com/token".
func (r *Request) Where() string { return r.Destination.Name() + " " + shownEndpoint(r.issuer, r.URL) }

// ShownHost returns the host of the request. If that may not be shown, it returns the host of the
// issuer.
func (r *Request) ShownHost() string {
	if u, err := url.Parse(shownURL(r.issuer, r.URL)); err == nil && u.Hostname() != hiddenPart {
		return u.Host
	}
	known, err := url.Parse(r.issuer)
	if err != nil {
		return ""
	}
	return known.Host
}
