// Package tokenendpoint sends token requests: transport, TLS, address guard,
// timeouts, and limits for what comes back.
package tokenendpoint

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	defaultTimeout = 30 * time.Second
	connectTimeout = 10 * time.Second

	// MaxBodyBytes and MaxHeaderBytes bound a response, the body before and after
	// decompression: a token has to fit into a Secret and into a header.
	MaxBodyBytes   = 256 << 10
	MaxHeaderBytes = 64 << 10
)

// Options say what an admin permits.
type Options struct {
	// AllowHTTP permits token endpoints without TLS.
	AllowHTTP bool
	// AllowedCIDRs are exceptions to the denied addresses.
	AllowedCIDRs []netip.Prefix
	// DenyPrivateNetworks denies the ranges that are not routed on the internet, too.
	DenyPrivateNetworks bool
	// APIServers are denied.
	APIServers []APIServer
	// Timeout bounds a request as a whole, until the body is read. Default 30s.
	Timeout time.Duration
	// RootCAs, if not nil, stand instead of the system's.
	RootCAs *x509.CertPool
	// UserAgent is sent along.
	UserAgent string
	// Clock tells when a request was begun and its response was there. Default: the
	// real one.
	Clock clock.PassiveClock
}

// Client sends token requests over pools of connections.
type Client struct {
	options     Options
	transports  *transports
	discoveries *discoveries
	bundles     *bundles
}

// NewClient makes a client.
func NewClient(options Options) *Client {
	if options.Timeout == 0 {
		options.Timeout = defaultTimeout
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	return &Client{
		options: options, transports: newTransports(options), discoveries: newDiscoveries(), bundles: newBundles(),
	}
}

// Send sends a token request once. The error is ErrBusy if there is no place for the
// request: the asker in the context, if it has an ID, waits in line then. Else it is that of
// the context when it ended, or an *problem.Problem.
func (c *Client) Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error) {
	if err := c.checkEndpoint(request); err != nil {
		return oauth2.Response{}, err
	}
	// The bound is around everything: no answer can escape it.
	bounded, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	httpRequest, err := c.httpRequest(bounded, request)
	if err != nil {
		return oauth2.Response{}, err
	}
	startedAt := c.options.Clock.Now()
	status, header, body, err := exchange(c.transports.get(request.TLS), httpRequest)
	if err != nil {
		return oauth2.Response{}, c.explain(ctx, request, err)
	}
	return oauth2.Response{
		StatusCode: status, Header: header, Body: oauth2.NewSensitive(string(body)),
		StartedAt: startedAt, ReceivedAt: c.options.Clock.Now(),
	}, nil
}

func (c *Client) httpRequest(ctx context.Context, request *oauth2.Request) (*http.Request, error) {
	httpRequest, err := http.NewRequestWithContext(ctx, request.Method, request.FullURL().Reveal(), strings.NewReader(request.Body.Reveal()))
	if err != nil {
		return nil, invalidEndpoint(request.Destination)
	}
	// The transport would unpack without a bound for what it reads.
	httpRequest.Header.Set("Accept-Encoding", "gzip")
	if c.options.UserAgent != "" {
		httpRequest.Header.Set("User-Agent", c.options.UserAgent)
	}
	for name, value := range request.Header {
		httpRequest.Header.Set(name, value.Reveal())
	}
	return httpRequest, nil
}

func (c *Client) checkEndpoint(request *oauth2.Request) error {
	endpoint, err := url.Parse(request.URL)
	if err != nil || endpoint.Host == "" {
		return invalidEndpoint(request.Destination)
	}
	if endpoint.Scheme != "https" && (endpoint.Scheme != "http" || !c.options.AllowHTTP) {
		return insecureEndpoint(request)
	}
	return nil
}
