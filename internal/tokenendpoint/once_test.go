package tokenendpoint_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// shapes returns token requests that net/http would repeat for different reasons.
func shapes(url string) map[string]*oauth2.Request {
	get := requestTo(url)
	get.Method, get.Body = http.MethodGet, oauth2.NewSensitive("")
	keyed := requestTo(url)
	keyed.Header["Idempotency-Key"] = oauth2.NewSensitive("4711")
	alsoKeyed := requestTo(url)
	alsoKeyed.Header["X-Idempotency-Key"] = oauth2.NewSensitive("4711")
	empty := requestTo(url)
	empty.Body = oauth2.NewSensitive("")
	empty.Header["Idempotency-Key"] = oauth2.NewSensitive("4711")
	return map[string]*oauth2.Request{
		"POST": requestTo(url), "GET": get, "POST with Idempotency-Key": keyed,
		"POST with X-Idempotency-Key": alsoKeyed, "POST without a body": empty,
	}
}

var shapeNames = []string{"POST", "GET", "POST with Idempotency-Key", "POST with X-Idempotency-Key", "POST without a body"}

func forEachShape(test func(name string)) {
	for _, name := range shapeNames {
		It("is sent once as "+name, func() { test(name) })
	}
}

// endingServer answers the first request of each connection, and closes the connection at the
// second request. It counts requests, even if it has received only a part of them.
type endingServer struct {
	url      string
	requests atomic.Int64
}

// newEndingServer starts an endingServer. reads makes it read the second request completely.
func newEndingServer(reads bool) *endingServer {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // The spec closes it.
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	s := &endingServer{url: "http://" + listener.Addr().String()}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(connection, reads)
		}
	}()
	return s
}

func (s *endingServer) serve(connection net.Conn, reads bool) {
	defer func() { _ = connection.Close() }()
	reader := bufio.NewReader(connection)
	if request, err := http.ReadRequest(reader); err != nil || drain(request) != nil {
		return
	}
	s.requests.Add(1)
	_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	if _, err := reader.Peek(1); err != nil {
		return
	}
	s.requests.Add(1)
	if reads {
		if request, err := http.ReadRequest(reader); err == nil {
			_ = drain(request)
		}
	}
}

func drain(request *http.Request) error {
	_, err := io.Copy(io.Discard, request.Body)
	return err
}

var _ = Describe("a request over a connection that the server closes", func() {
	for _, when := range []struct {
		name  string
		reads bool
	}{{"before reading the request", false}, {"after reading the request", true}} {
		Describe(when.name, func() {
			forEachShape(func(name string) {
				server := newEndingServer(when.reads)
				c := client()
				_, err := c.Send(GinkgoT().Context(), shapes(server.url)[name])
				Expect(err).NotTo(HaveOccurred())
				response, err := c.Send(GinkgoT().Context(), shapes(server.url)[name])
				Expect(server.requests.Load()).To(BeEquivalentTo(2))
				if err == nil {
					// The request used its own connection.
					Expect(response.StatusCode).To(Equal(http.StatusOK))
				}
			})
		})
	}

	It("for the metadata of an issuer is sent once", func() {
		server := newEndingServer(true)
		c := client()
		_, err := c.Send(GinkgoT().Context(), requestTo(server.url))
		Expect(err).NotTo(HaveOccurred())
		_, _ = c.Send(GinkgoT().Context(), oauth2.DiscoveryRequest(server.url))
		Expect(server.requests.Load()).To(BeEquivalentTo(2))
	})
})

// answersStreams starts an HTTP/2 server that answers the first request of each connection, and
// refuses later requests with refuse. It answers all requests over HTTP/1.1. requests counts all
// requests.
func answersStreams(refuse func(*http2.Framer, uint32)) (url string, requests *atomic.Int64, trust func(*tokenendpoint.Options)) {
	GinkgoHelper()
	requests = &atomic.Int64{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = io.WriteString(w, "{}")
	}))
	server.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}} //nolint:gosec // A server of this test.
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, connection *tls.Conn, _ http.Handler) { serveStreams(connection, requests, refuse) },
	}
	server.StartTLS()
	DeferCleanup(server.Close)
	return server.URL, requests, trusting(server)
}

func serveStreams(connection net.Conn, requests *atomic.Int64, refuse func(*http2.Framer, uint32)) {
	if _, err := io.ReadFull(connection, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	framer := http2.NewFramer(connection, connection)
	_ = framer.WriteSettings()
	isFirst := true
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = framer.WriteSettingsAck()
			}
		case *http2.DataFrame, *http2.HeadersFrame:
			if !frame.Header().Flags.Has(http2.FlagDataEndStream) {
				continue
			}
			requests.Add(1)
			if isFirst {
				answerStream(framer, frame.Header().StreamID)
				isFirst = false
				continue
			}
			refuse(framer, frame.Header().StreamID)
		}
	}
}

func answerStream(framer *http2.Framer, stream uint32) {
	var block bytes.Buffer
	_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	_ = framer.WriteData(stream, true, []byte("{}"))
}

var _ = Describe("a request over HTTP/2 that the server refuses after reading the request", func() {
	for name, refuse := range map[string]func(*http2.Framer, uint32){
		"by REFUSED_STREAM": func(f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream) },
		"by PROTOCOL_ERROR": func(f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, http2.ErrCodeProtocol) },
		"by GOAWAY":         func(f *http2.Framer, stream uint32) { _ = f.WriteGoAway(stream-2, http2.ErrCodeNo, nil) },
	} {
		Describe(name, func() {
			forEachShape(func(shape string) {
				url, requests, trust := answersStreams(refuse)
				c := client(trust)
				_, err := c.Send(GinkgoT().Context(), shapes(url)[shape])
				Expect(err).NotTo(HaveOccurred())
				_, _ = c.Send(GinkgoT().Context(), shapes(url)[shape])
				Expect(requests.Load()).To(BeEquivalentTo(2))
			})
		})
	}
})

var _ = It("a request without a body uses its own connection, and requests with a body share a connection", func() {
	var mutex sync.Mutex
	connections := map[string]bool{}
	server := plain(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		connections[strings.TrimSpace(r.RemoteAddr)] = true
		_, _ = io.WriteString(w, "{}")
	})
	c := client()
	for range 3 {
		_, err := send(c, server.URL)
		Expect(err).NotTo(HaveOccurred())
		_, err = c.Send(GinkgoT().Context(), oauth2.DiscoveryRequest(server.URL))
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(connections).To(HaveLen(4))
})
