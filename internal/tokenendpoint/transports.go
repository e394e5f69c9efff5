package tokenendpoint

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	// maxTransportBytes limits the memory of the connection pools. There is one pool for each
	// combination of client certificate and CA bundle.
	maxTransportBytes = 32 << 20
	// transportBytes is the assumed memory of the connections of a pool. The size of its certificates is
	// added.
	transportBytes = 64 << 10
	// maxIdlePerHost equals the maximum number of requests in flight to one host.
	maxIdlePerHost = 32
)

// transports separates the connections of clients with different certificates, because a server attributes a
// connection to the client whose certificate it received.
type transports struct {
	options       Options
	defaultClient *http.Client
	others        *lru[*http.Client]
	// connections counts the connections of all clients.
	connections connections
}

func newTransports(options Options) *transports {
	t := &transports{options: options, others: newLRU(maxTransportBytes, closeIdle)}
	t.defaultClient = t.client(oauth2.TLS{RootCAs: options.RootCAs})
	t.connections.closeIdle = t.closeIdle
	return t
}

// closeIdle closes the idle connections of all pools. It blocks while a server does not read.
func (t *transports) closeIdle() {
	for _, client := range append(t.others.values(), t.defaultClient) {
		client.CloseIdleConnections()
	}
}

// closeIdle closes the idle connections of a client in the background, because a server that does not read
// can delay it.
func closeIdle(client *http.Client) { go client.CloseIdleConnections() }

// get returns the client for a TLS configuration.
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
		// Without pings, a broken connection would fail every request for minutes.
		SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second,
		// Without this timeout, a server that sends frames but does not read would hold the connection
		// forever.
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

// transport returns a transport that negotiates the given protocols.
func (t *transports) transport(config oauth2.TLS, protocols ...string) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, ControlContext: newGuard(t.options).control}
	dial := t.connections.dialer(dialer.DialContext)
	return &http.Transport{
		// Ignore proxies in the environment, because the guard cannot see the addresses that a proxy connects
		// to.
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
		// Send the certificate regardless of the authorities that the server requests, because no authority
		// has issued a self-signed certificate.
		tlsClient.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return config.Certificate, nil
		}
	}
	return tlsClient
}
