// Package tokenendpoint sends token requests. It provides the transport, TLS, the address guard,
// timeouts, and limits for responses.
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

	// MaxBodyBytes and MaxHeaderBytes limit a response. MaxBodyBytes applies to the body before and
	// after decompression. A token must fit into a Secret and into a header.
	MaxBodyBytes   = 256 << 10
	MaxHeaderBytes = 64 << 10
)

// Options are the settings of a Client.
type Options struct {
	// AllowHTTP permits token endpoints without TLS.
	AllowHTTP bool
	// AllowedCIDRs are exceptions to the denied addresses.
	AllowedCIDRs []netip.Prefix
	// DenyPrivateNetworks also denies the ranges that are not routed on the internet.
	DenyPrivateNetworks bool
	// APIServers are the hosts of the cluster's API server, which are denied.
	APIServers []APIServer
	// Timeout is the timeout of a whole request, including the read of the response body. Default 30s.
	Timeout time.Duration
	// RootCAs replaces the system's authorities, if not nil.
	RootCAs *x509.CertPool
	// UserAgent is the value of the header User-Agent, if not empty.
	UserAgent string
	// Clock gives the start and end times of requests, and the age of metadata. Default: the real
	// clock.
	Clock clock.PassiveClock
}

// Client sends token requests over pools of connections.
type Client struct {
	options     Options
	transports  *transports
	discoveries *discoveries
	bundles     *bundles
}

// NewClient returns a Client with the given options.
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

// Send sends a token request once. The error is the context's error if the context ended, and a
// *problem.Problem otherwise.
func (c *Client) Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error) {
	if err := c.checkEndpoint(request); err != nil {
		return oauth2.Response{}, err
	}
	// The timeout covers all steps, so no response can exceed it.
	bounded, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	httpRequest, err := c.httpRequest(bounded, request)
	if err != nil {
		return oauth2.Response{}, err
	}
	startedAt := c.options.Clock.Now()
	status, header, body, err := exchange(c.transports.get(request.TLS), httpRequest)
	if err != nil {
		return oauth2.Response{}, c.sendError(ctx, request, err)
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
	// Without this header, the transport would decompress the body itself, without a limit.
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
