package tokenendpoint

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/idna"

	"github.com/tokensync/tokensync/internal/ratelimit"
)

const (
	// maxInFlight bounds the requests in flight. It is less than the workers of a controller,
	// so that slow servers do not take all workers.
	maxInFlight = 224
	// maxInFlightPerHost bounds the requests in flight to one host. A single namespace has
	// half of them.
	maxInFlightPerHost = 32
)

type askerKey struct{}

// AskingFor returns a context for the requests of an asker.
func AskingFor(ctx context.Context, asker ratelimit.Asker) context.Context {
	return context.WithValue(ctx, askerKey{}, asker)
}

func askerOf(ctx context.Context) ratelimit.Asker {
	asker, _ := ctx.Value(askerKey{}).(ratelimit.Asker)
	return asker
}

// Take takes a place for the next requests of an asker, until Leave. If there is none, it
// returns false, and the asker waits in line for the host of the URL.
func (c *Client) Take(rawURL string, asking ratelimit.Asker) bool {
	endpoint, err := url.Parse(rawURL)
	if err != nil || endpoint.Host == "" {
		// Send tells what is wrong with it.
		return true
	}
	return c.places.Take(hostKey(endpoint), asking, c.options.Clock.Now())
}

// Leave gives back the place of an asker, or its place in line.
func (c *Client) Leave(id string) { c.places.Leave(id, c.options.Clock.Now()) }

// Calling tells that Due has something to return.
func (c *Client) Calling() <-chan struct{} { return c.places.Calling() }

// Due returns the IDs of the askers for which a place has been kept since the last time.
func (c *Client) Due() []string { return c.places.Due(c.options.Clock.Now()) }

// enter takes a place for one request. leave gives it back, unless the asker keeps it for
// the next request.
func (c *Client) enter(ctx context.Context, endpoint *url.URL) (leave func(), ok bool) {
	asker := askerOf(ctx)
	host := hostKey(endpoint)
	isNew, ok := c.places.Enter(host, asker, c.options.Clock.Now())
	switch {
	case !isNew:
		return func() {}, ok
	case asker.ID == "":
		return func() { c.places.Exit(host, asker.Tenant, c.options.Clock.Now()) }, ok
	}
	return func() { c.Leave(asker.ID) }, ok
}

// ServerKey identifies a token endpoint or an issuer, however its URL is spelled. A query
// does not tell servers apart.
func ServerKey(rawURL string) string {
	endpoint, err := url.Parse(rawURL)
	if err != nil || endpoint.Host == "" {
		return rawURL
	}
	return hostKey(endpoint) + path.Clean("/"+endpoint.Path)
}

// hostKey identifies the host and port of a URL, however they are spelled.
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
	// As net/http does before it resolves a name.
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		name = ascii
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}
