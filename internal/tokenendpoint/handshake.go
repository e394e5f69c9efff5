package tokenendpoint

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	// maxHandshakeBytes limits the bytes that a server sends in a TLS handshake. Most of these bytes are
	// certificates, and crypto/tls parses all certificates before it verifies any. Most servers send 2 to 6
	// KiB.
	maxHandshakeBytes = 64 << 10
	// maxServerNames limits the names, extensions and similar parts in the certificates of a server,
	// because crypto/tls keeps the certificates with the connection.
	maxServerNames = 1000
)

var (
	errHandshakeTooLarge = fmt.Errorf("its TLS handshake has more than %d KiB", maxHandshakeBytes>>10)
	errTooManyNames      = fmt.Errorf("its certificates have more than %d names and extensions together", maxServerNames)
)

// handshaking returns a dialer that also performs the TLS handshake, and limits the bytes that the server
// sends in the handshake.
func handshaking(dial dialContext, config *tls.Config) dialContext {
	config.VerifyConnection = checkNames
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		config := config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address)
		measured := &measured{Conn: connection}
		encrypted := tls.Client(measured, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			_ = connection.Close()
			return nil, err
		}
		measured.hasEnded = true
		return encrypted, nil
	}
}

// checkNames rejects certificates that would take a lot of memory while the connection is open.
func checkNames(state tls.ConnectionState) error {
	names := 0
	for _, certificate := range state.PeerCertificates {
		names += oauth2.PartsOf(certificate)
	}
	if names > maxServerNames {
		return errTooManyNames
	}
	return nil
}

// measured is a connection that counts the bytes received during the handshake.
type measured struct {
	net.Conn
	received int
	hasEnded bool
}

// Read implements net.Conn. It fails if the handshake exceeds maxHandshakeBytes.
func (m *measured) Read(into []byte) (int, error) {
	n, err := m.Conn.Read(into)
	if m.hasEnded {
		return n, err
	}
	if m.received += n; m.received > maxHandshakeBytes {
		return 0, errHandshakeTooLarge
	}
	return n, err
}
