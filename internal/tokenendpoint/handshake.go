package tokenendpoint

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	// maxHandshakeBytes bounds what a server sends in a TLS handshake: above all its certificates,
	// which crypto/tls parses before it verifies any. Most servers send 2 to 6 KiB.
	maxHandshakeBytes = 64 << 10
	// maxServerNames bounds the names, extensions and the like in the certificates of a server,
	// which crypto/tls keeps with the connection.
	maxServerNames = 1000
)

var (
	errHandshakeTooLarge = fmt.Errorf("its TLS handshake has more than %d KiB", maxHandshakeBytes>>10)
	errTooManyNames      = fmt.Errorf("its certificates have more than %d names and extensions together", maxServerNames)
)

// handshaking returns a dialer that makes the TLS handshake, too, and bounds what the server
// sends in it.
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

// checkNames refuses certificates that take much memory for as long as the connection is open.
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

// measured is a connection of which the bytes of the handshake are counted.
type measured struct {
	net.Conn
	received int
	hasEnded bool
}

// Read reads from the connection.
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
