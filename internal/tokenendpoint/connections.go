package tokenendpoint

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// maxConnections bounds the connections that are open, of all pools together: each takes about
// 60 KiB. Those of requests in flight are far fewer.
const maxConnections = 512

// connections counts the connections that are open.
type connections struct {
	open atomic.Int64
	// closeIdle closes the connections that no request uses. One call at a time is enough.
	closeIdle func()
	closing   atomic.Bool
}

// dialer returns a dialer that counts, and that has idle connections closed when there are too many.
func (c *connections) dialer(dial dialContext) dialContext {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if c.open.Add(1) > maxConnections && c.closing.CompareAndSwap(false, true) {
			go func() {
				defer c.closing.Store(false)
				c.closeIdle()
			}()
		}
		return &counted{Conn: connection, closed: sync.OnceFunc(func() { c.open.Add(-1) })}, nil
	}
}

type dialContext = func(ctx context.Context, network, address string) (net.Conn, error)

// counted is a connection that counts until it is closed.
type counted struct {
	net.Conn
	closed func()
}

// Close closes the connection.
func (c *counted) Close() error {
	c.closed()
	return c.Conn.Close()
}
