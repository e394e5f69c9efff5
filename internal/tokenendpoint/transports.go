package tokenendpoint

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	// maxTransportBytes bounds the pools of connections: there is one for each client
	// certificate and bundle of authorities.
	maxTransportBytes = 32 << 20
	// transportBytes is counted for a pool besides its certificates, for its connections.
	transportBytes = 64 << 10
	// maxIdlePerHost is as many connections as there are requests in flight to one host.
	maxIdlePerHost = 32
)

// transports keep apart the connections of clients with different certificates:
// a server takes a connection for the client whose certificate it saw.
type transports struct {
	options       Options
	defaultClient *http.Client
	others        *lru[*http.Client]
	// connections of all of them.
	connections connections
}

func newTransports(options Options) *transports {
	t := &transports{options: options, others: newLRU(maxTransportBytes, closeIdle)}
	t.defaultClient = t.client(oauth2.TLS{RootCAs: options.RootCAs})
	t.connections.closeIdle = t.closeIdle
	return t
}

// closeIdle closes the idle connections of all pools. It waits for servers that read nothing.
func (t *transports) closeIdle() {
	for _, client := range append(t.others.values(), t.defaultClient) {
		client.CloseIdleConnections()
	}
}

// closeIdle does not wait: a server that reads nothing holds up the end of a connection.
func closeIdle(client *http.Client) { go client.CloseIdleConnections() }

// get returns the client for a configuration of TLS.
func (t *transports) get(config oauth2.TLS) *http.Client {
	if config.Key == "" {
		return t.defaultClient
	}
	if client, found := t.others.get(config.Key); found {
		return client
	}
	if config.RootCAs == nil {
		config.RootCAs = t.options.RootCAs
	}
	client := t.client(config)
	t.others.add(config.Key, client, transportBytes+config.Bytes)
	return client
}

func (t *transports) client(config oauth2.TLS) *http.Client {
	return &http.Client{
		Transport:     &once{pooled: t.pooled(config), single: t.single(config)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// pooled returns a transport that reuses connections.
func (t *transports) pooled(config oauth2.TLS) *http.Transport {
	transport := t.transport(config, "h2", "http/1.1")
	transport.ForceAttemptHTTP2 = true
	transport.HTTP2 = &http.HTTP2Config{
		// A connection that died in silence would fail each request for minutes.
		SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second,
		// A server that reads nothing, and goes on to send frames, would hold the connection for ever.
		WriteByteTimeout: 10 * time.Second,
	}
	return transport
}

// single returns a transport that opens a connection for each request.
func (t *transports) single(config oauth2.TLS) *http.Transport {
	transport := t.transport(config, "http/1.1")
	transport.DisableKeepAlives = true
	return transport
}

// transport returns one that negotiates the given protocols.
func (t *transports) transport(config oauth2.TLS, protocols ...string) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, ControlContext: newGuard(t.options).control}
	dial := t.connections.dialer(dialer.DialContext)
	return &http.Transport{
		// No proxy from the environment: the guard could not see where it connects to.
		DialContext:            dial,
		DialTLSContext:         handshaking(dial, tlsConfig(config, protocols)),
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: MaxHeaderBytes,
	}
}

func tlsConfig(config oauth2.TLS, protocols []string) *tls.Config {
	tlsClient := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.RootCAs, NextProtos: protocols}
	if config.Certificate != nil {
		// Shown whatever authorities the server asks for: a self-signed certificate
		// comes from none of them.
		tlsClient.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return config.Certificate, nil
		}
	}
	return tlsClient
}
