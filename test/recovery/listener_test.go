package recovery_test

import (
	"net"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// lateListener has an address at which nothing listens until it is opened.
type lateListener struct {
	address net.Addr
	opened  chan net.Listener
	closed  chan struct{}
	once    sync.Once

	mutex    sync.Mutex
	listener net.Listener
}

// newLateListener takes an address that no other server gets by chance.
func newLateListener() *lateListener {
	GinkgoHelper()
	reserved, err := net.Listen("tcp", "127.83.12.7:0") //nolint:noctx // It listens on a loopback address and is closed at once.
	Expect(err).NotTo(HaveOccurred())
	Expect(reserved.Close()).To(Succeed())
	return &lateListener{address: reserved.Addr(), opened: make(chan net.Listener, 1), closed: make(chan struct{})}
}

func (l *lateListener) open() {
	GinkgoHelper()
	listener, err := net.Listen("tcp", l.address.String()) //nolint:noctx // It listens on a loopback address.
	Expect(err).NotTo(HaveOccurred())
	l.opened <- listener
}

// Accept implements net.Listener.
func (l *lateListener) Accept() (net.Conn, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.listener == nil {
		select {
		case l.listener = <-l.opened:
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
	return l.listener.Accept()
}

// Close implements net.Listener.
func (l *lateListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *lateListener) Addr() net.Addr { return l.address }
