package tokenendpoint_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("Connections that no request uses", func() {
	It("are closed when there are too many, whatever pool they belong to", func() {
		var open, most atomic.Int64
		server := httptest.NewUnstartedServer(answering("hello"))
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				if now := open.Add(1); now > most.Load() {
					most.Store(now)
				}
			case http.StateClosed:
				open.Add(-1)
			}
		}
		// All loopback addresses reach it.
		Expect(server.Listener.Close()).To(Succeed())
		var err error
		server.Listener, err = net.Listen("tcp4", ":0") //nolint:noctx // The server closes it.
		Expect(err).NotTo(HaveOccurred())
		server.Start()
		DeferCleanup(server.Close)
		_, port, err := net.SplitHostPort(server.Listener.Addr().String())
		Expect(err).NotTo(HaveOccurred())

		c := client()
		trusts := make([]oauth2.TLS, 4)
		for i := range trusts {
			trusts[i] = oauth2.TLS{Key: fmt.Sprint("pool ", i)}
		}
		for host := range 200 {
			for _, trust := range trusts {
				request := requestTo(fmt.Sprintf("http://127.0.1.%d:%s", host+1, port))
				request.TLS = trust
				_, err := c.Send(GinkgoT().Context(), request)
				Expect(err).NotTo(HaveOccurred())
			}
		}
		Expect(most.Load()).To(And(BeNumerically(">", 400), BeNumerically("<", 600)))
	})
})
