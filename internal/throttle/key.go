package throttle

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/idna"
)

// ServerKey identifies a token endpoint or an issuer, regardless of the spelling of its URL. URLs that differ
// only in the query have the same key.
func ServerKey(rawURL string) string {
	endpoint, err := url.Parse(rawURL)
	if err != nil || endpoint.Host == "" {
		return rawURL
	}
	return hostKey(endpoint) + path.Clean("/"+endpoint.Path)
}

// HostKey identifies the host and port of a URL, regardless of their spelling. It is empty if rawURL is not a
// URL with a host.
func HostKey(rawURL string) string {
	endpoint, err := url.Parse(rawURL)
	if err != nil || endpoint.Host == "" {
		return ""
	}
	return hostKey(endpoint)
}

func hostKey(endpoint *url.URL) string {
	port := "443"
	if endpoint.Scheme == "http" {
		port = "80"
	}
	return net.JoinHostPort(hostName(endpoint.Hostname()), cmp.Or(strings.TrimLeft(endpoint.Port(), "0"), port))
}

func hostName(name string) string {
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap().String()
	}
	// net/http does the same before it resolves a name.
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		name = ascii
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}
