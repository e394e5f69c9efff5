package tokenendpoint

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	// maxHandshakeBytes bounds what a server sends in a TLS handshake: above all its certificates,
	// which crypto/tls parses before it verifies any, and keeps with the connection.
	maxHandshakeBytes = 64 << 10
	// smallHandshakeBytes is what the handshakes of most servers stay below.
	smallHandshakeBytes = 8 << 10
	// maxLargeHandshakes bounds the handshakes above that at a time. Each may take 4 MiB.
	maxLargeHandshakes = 4
	// maxServerNames bounds the names, extensions and the like in the certificates of a server.
	maxServerNames = 1000
)

var (
	errHandshakeTooLarge = fmt.Errorf("its TLS handshake has more than %d KiB", maxHandshakeBytes>>10)
	errTooManyNames      = fmt.Errorf("its certificates have more than %d names and extensions together", maxServerNames)
)

// handshakes bounds what servers send in TLS handshakes.
type handshakes struct {
	large *fairshare.Slots
}

func newHandshakes() handshakes { return handshakes{large: fairshare.NewSlots(maxLargeHandshakes)} }

// dialer returns a dialer that makes the handshake, too.
func (h handshakes) dialer(dial dialContext, config *tls.Config) dialContext {
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
		measured := &measured{Conn: connection, takeLarge: func() (leave func()) { return h.large.Enter(ctx, askerOf(ctx).Tenant) }, leave: func() {}}
		defer measured.end()
		encrypted := tls.Client(measured, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			_ = connection.Close()
			return nil, err
		}
		return encrypted, nil
	}
}

// checkNames refuses certificates that take too much memory for as long as the connection is open.
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
	takeLarge func() (leave func())

	received int
	isLarge  bool
	leave    func()
	hasEnded bool
}

// Read reads from the connection.
func (m *measured) Read(into []byte) (int, error) {
	n, err := m.Conn.Read(into)
	if m.hasEnded {
		return n, err
	}
	m.received += n
	if m.received > maxHandshakeBytes {
		return 0, errHandshakeTooLarge
	}
	if m.received > smallHandshakeBytes && !m.isLarge {
		m.isLarge = true
		m.leave = m.takeLarge()
	}
	return n, err
}

// end says that the handshake is over.
func (m *measured) end() {
	m.hasEnded = true
	m.leave()
}
