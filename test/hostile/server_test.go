package hostile_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/authserver"
)

// newHonestServer starts an authorization server that knows the given clients.
func newHonestServer(clients ...string) *authserver.Server {
	GinkgoHelper()
	server := authserver.New(authserver.Options{})
	server.Config.ErrorLog = log.New(GinkgoWriter, "authserver: ", 0)
	for _, name := range clients {
		server.Register(authserver.Client{ID: name, Secret: secretOf(name)})
	}
	DeferCleanup(server.Close)
	return server
}

// tokenEndpoint returns the token endpoint of an honest server.
func tokenEndpoint(server *authserver.Server) string { return server.URL + authserver.RFC6749Path }

// hostileServer answers as a spec tells it to.
type hostileServer struct {
	URL      string
	requests atomic.Int64
}

// newHostileServer starts a server that speaks HTTP.
func newHostileServer(answer http.HandlerFunc) *hostileServer {
	GinkgoHelper()
	s := &hostileServer{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		answer(rw, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	// All addresses of this machine reach it.
	Expect(server.Listener.Close()).To(Succeed())
	var err error
	server.Listener, err = net.Listen("tcp4", ":0") //nolint:noctx // The server closes it.
	Expect(err).NotTo(HaveOccurred())
	server.Start()
	DeferCleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", server.Listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // It is TCP.
	return s
}

// newRawServer starts a server that reads a request and then calls answer to write to the connection.
// The connection stays open until the spec ends, unless answer closes it.
func newRawServer(answer func(net.Conn)) *hostileServer {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // The spec closes it.
	Expect(err).NotTo(HaveOccurred())
	s := &hostileServer{URL: "http://" + listener.Addr().String()}
	serveConnections(listener, func(connection net.Conn) {
		if n, err := connection.Read(make([]byte, 64<<10)); n == 0 || err != nil {
			return
		}
		s.requests.Add(1)
		answer(connection)
	})
	return s
}

// serveConnections calls serve with each connection. A connection that serve leaves open is closed
// when the spec ends.
func serveConnections(listener net.Listener, serve func(net.Conn)) {
	DeferCleanup(listener.Close)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			DeferCleanup(func() { _ = connection.Close() })
			go serve(connection)
		}
	}()
}

// answers responds with a status and a JSON body.
func answers(status int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
	}
}

// hangs sends no response until the client gives up.
func hangs(_ http.ResponseWriter, r *http.Request) {
	// The context ends when the connection closes, but only if the body was read.
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case <-r.Context().Done():
	case <-time.After(time.Minute):
	}
}
