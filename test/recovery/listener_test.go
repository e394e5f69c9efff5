package recovery_test

import (
	"context"
	"net"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// lateListener has an address at which nothing listens until it is opened.
type lateListener struct {
	address net.Addr
	opened  chan struct{}

	// listener is set before opened is closed; nil if Close came before open.
	listener net.Listener
}

// newLateListener reserves an address that no other server gets by chance.
func newLateListener() *lateListener {
	GinkgoHelper()
	reserved, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.83.12.7:0")
	Expect(err).NotTo(HaveOccurred())
	Expect(reserved.Close()).To(Succeed())
	return &lateListener{address: reserved.Addr(), opened: make(chan struct{})}
}

func (l *lateListener) open(ctx context.Context) {
	GinkgoHelper()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.address.String())
	Expect(err).NotTo(HaveOccurred())
	l.set(listener)
}

// set is called once, by open or Close.
func (l *lateListener) set(listener net.Listener) {
	l.listener = listener
	close(l.opened)
}

// Accept implements net.Listener.
func (l *lateListener) Accept() (net.Conn, error) {
	<-l.opened
	if l.listener == nil {
		return nil, net.ErrClosed
	}
	return l.listener.Accept()
}

// Close implements net.Listener.
func (l *lateListener) Close() error {
	select {
	case <-l.opened:
		return l.listener.Close()
	default:
		l.set(nil)
		return nil
	}
}

// Addr implements net.Listener.
func (l *lateListener) Addr() net.Addr { return l.address }
