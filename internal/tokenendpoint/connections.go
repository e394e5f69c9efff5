package tokenendpoint

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// maxConnections is the number of open connections in all pools above which idle connections are
// closed. Each connection takes about 60 KiB. Requests in flight use far fewer.
const maxConnections = 512

// connections counts open connections, and closes idle connections if there are too many.
type connections struct {
	open atomic.Int64
	// closeIdle closes the connections that no request uses. One call at a time is enough.
	closeIdle func()
	closing   atomic.Bool
}

// dialer returns a dialer that counts its connections. It closes idle connections in the background
// if more than maxConnections are open.
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

// counted is a connection that counts as open until it is closed.
type counted struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.closed()
	return c.Conn.Close()
}
