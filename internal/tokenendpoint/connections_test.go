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

var _ = Describe("idle connections", func() {
	It("are closed if there are too many connections in all pools together", func() {
		var open atomic.Int64
		server := httptest.NewUnstartedServer(answering("hello"))
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			open.Add(map[http.ConnState]int64{http.StateNew: 1, http.StateClosed: -1}[state])
		}
		// The server is reachable at all loopback addresses.
		Expect(server.Listener.Close()).To(Succeed())
		var err error
		server.Listener, err = net.Listen("tcp4", ":0")
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
			// They are closed in the background.
			Eventually(open.Load).Should(BeNumerically("<=", 520))
		}
		Expect(open.Load()).To(BeNumerically(">", 100), "most connections are reused")
	})
})
