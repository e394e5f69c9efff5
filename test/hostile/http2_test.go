package hostile_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/net/http2"
	corev1 "k8s.io/api/core/v1"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// streamServer speaks HTTP/2 over TLS, and answers a request with arbitrary frames.
type streamServer struct {
	*hostileServer
	// authority is the certificate of the server in PEM.
	authority string
}

// stream is the HTTP/2 stream of a request to a streamServer.
type stream struct {
	*http2.Framer
	id uint32
}

// newStreamServer starts a streamServer. It calls answer with the first frame of a request, and reads
// nothing more on that connection before answer returns.
func newStreamServer(answer func(*stream), settings ...http2.Setting) *streamServer {
	GinkgoHelper()
	lender := httptest.NewUnstartedServer(nil)
	lender.StartTLS()
	DeferCleanup(lender.Close)
	config := &tls.Config{Certificates: lender.TLS.Certificates, NextProtos: []string{http2.NextProtoTLS}} //nolint:gosec // It is for a test.
	s := &streamServer{hostileServer: &hostileServer{}, authority: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: lender.Certificate().Raw}))}
	s.URL = acceptsLittle(func(connection net.Conn) {
		defer func() { _ = connection.Close() }()
		encrypted := tls.Server(connection, config)
		if _, err := io.ReadFull(encrypted, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(encrypted, encrypted)
		_ = framer.WriteSettings(settings...)
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if _, isRequest := frame.(*http2.HeadersFrame); isRequest {
				s.requests.Add(1)
				answer(&stream{Framer: framer, id: frame.Header().StreamID})
			}
		}
	})
	return s
}

// acceptsLittle calls serve with each connection, and returns the URL. The connections have small
// buffers, so a client soon blocks if the server reads nothing.
func acceptsLittle(serve func(net.Conn)) string {
	GinkgoHelper()
	small := func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(socket uintptr) {
			_ = syscall.SetsockoptInt(int(socket), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536)
			_ = syscall.SetsockoptInt(int(socket), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2048)
		})
	}
	listener, err := (&net.ListenConfig{Control: small}).Listen(context.Background(), "tcp4", ":0")
	Expect(err).NotTo(HaveOccurred())
	serveConnections(listener, serve)
	return fmt.Sprintf("https://127.0.0.1:%d", listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // It is TCP.
}

// status returns the header block of a status code (RFC 7541 section 6.2.2 and appendix A).
func status(code int) []byte { return []byte(fmt.Sprintf("\x08\x03%d", code)) }

// manyHeaders is a header block of 16 KiB.
var manyHeaders = []byte(strings.Repeat("\x00\x01a\x01b", 16<<10/5))

func (s *stream) headers(block []byte, isWhole, isLast bool) error {
	return s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: block, EndHeaders: isWhole, EndStream: isLast})
}

// withoutEnd calls write until the client has closed the connection.
func withoutEnd(write func() error) {
	for {
		if err := write(); err != nil {
			return
		}
	}
}

func (s *stream) pings(number int) error {
	for range number {
		if err := s.WritePing(false, [8]byte{}); err != nil {
			return err
		}
	}
	return nil
}

// trusts creates the bundle for a streamServer, and returns a change that declares it.
func (t *tenant) trusts(ctx context.Context, name string, server *streamServer) func(*v1alpha1.ClientCredentialSpec) {
	GinkgoHelper()
	create(ctx, &corev1.ConfigMap{ObjectMeta: t.metadata(name), Data: map[string]string{"ca.crt": server.authority}})
	return func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: name}}
	}
}

var _ = Describe("A server that speaks HTTP/2", func() {
	var w *world
	BeforeEach(func(ctx SpecContext) {
		// The clock stands still, so no request is retried.
		w = newWorld(ctx, withFakeClock(testingclock.NewFakeClock(time.Now())))
	})
	// timeout is the request timeout of the operator, plus some time for a busy machine.
	const timeout = 8 * time.Second

	It("gets each request once, and only until its timeout, while other tenants get tokens", func(ctx SpecContext) {
		started := func(s *stream) { _ = s.headers(status(http.StatusOK), true, false) }
		failures := map[string]string{}
		servers := map[string]*streamServer{}
		answers := func(name, reason string, answer func(*stream), settings ...http2.Setting) {
			failures[name], servers[name] = reason, newStreamServer(answer, settings...)
		}
		answers("pings", "Timeout", func(s *stream) { withoutEnd(func() error { return s.pings(1) }) })
		answers("settings", "Timeout", func(s *stream) { withoutEnd(func() error { return s.WriteSettings() }) })
		answers("no-data", "Timeout", func(s *stream) {
			started(s)
			withoutEnd(func() error { return s.WriteData(s.id, false, nil) })
		})
		answers("no-headers", "Timeout", func(s *stream) {
			_ = s.headers(status(http.StatusOK), false, false)
			withoutEnd(func() error { return s.WriteContinuation(s.id, false, nil) })
		})
		answers("headers", "TokenEndpointUnreachable", func(s *stream) {
			_ = s.headers(status(http.StatusOK), false, false)
			withoutEnd(func() error { return s.WriteContinuation(s.id, false, manyHeaders) })
		})
		answers("trailers", "TokenEndpointUnreachable", func(s *stream) {
			started(s)
			_ = s.headers(manyHeaders, false, true)
			withoutEnd(func() error { return s.WriteContinuation(s.id, false, manyHeaders) })
		})
		answers("interim", "TokenEndpointUnreachable", func(s *stream) {
			withoutEnd(func() error { return s.headers(status(http.StatusEarlyHints), true, false) })
		})
		answers("no-window", "Timeout", func(*stream) {}, http2.Setting{ID: http2.SettingInitialWindowSize})
		answers("no-streams", "Timeout", func(*stream) {}, http2.Setting{ID: http2.SettingMaxConcurrentStreams})
		answers("refused", "TokenEndpointUnreachable", func(s *stream) { _ = s.WriteRSTStream(s.id, http2.ErrCodeRefusedStream) })
		answers("reset", "TokenEndpointUnreachable", func(s *stream) { _ = s.WriteRSTStream(s.id, http2.ErrCodeNo) })
		answers("go-away", "TokenEndpointUnreachable", func(s *stream) { _ = s.WriteGoAway(0, http2.ErrCodeNo, nil) })

		start := time.Now()
		for name, server := range servers {
			w.attacker.requestsToken(ctx, name, server.URL, w.attacker.trusts(ctx, name, server))
		}
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		for name, reason := range failures {
			w.attacker.reports(ctx, name, matchers.HaveCondition("Ready", "False", reason))
		}
		Expect(time.Since(start)).To(BeNumerically("<", timeout))
		for name, server := range servers {
			Expect(server.requests.Load()).To(BeEquivalentTo(1), name)
		}
	})

	It("holds no connection if it reads nothing and keeps sending frames", func(ctx SpecContext) {
		ended := make(chan struct{}, 1)
		server := newStreamServer(func(s *stream) {
			// Allow the client to send the request until the buffers of the connection are full.
			err := cmp.Or(s.WriteWindowUpdate(0, 1<<20), s.WriteWindowUpdate(s.id, 1<<20))
			for err == nil {
				// This acknowledges a ping that was never sent. The client does not answer it.
				err = s.WritePing(true, [8]byte{})
			}
			ended <- struct{}{}
		})
		// The buffers hold at most 68 KiB (measured), so 92 KiB do not fit.
		create(ctx, w.attacker.credentials("large-credentials", map[string]string{"client_id": "large", "client_secret": secretOf("large"), "much": strings.Repeat("m", 46<<10)}))
		create(ctx, w.attacker.clientCredential("large", server.URL, w.attacker.trusts(ctx, "large", server), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Parameters: []v1alpha1.Parameter{
				{Name: "much", SecretKey: "much"}, {Name: "more", SecretKey: "much"},
			}}
		}))
		w.attacker.reports(ctx, "large", matchers.HaveCondition("Ready", "False", "Timeout"))
		Eventually(ended).WithTimeout(20 * time.Second).Should(Receive())
	})

	It("gets a request only until its timeout if it reads no replies to its pings", func(ctx SpecContext) {
		// pings lists how many pings are sent between two parts of the body. Some of these numbers fill
		// the buffers of the connection while the operator is about to acknowledge a part.
		pings := []int{60, 80, 100, 130, 170, 220, 300, 400}
		start := time.Now()
		for _, number := range pings {
			name := fmt.Sprintf("pings-%d", number)
			server := newStreamServer(func(s *stream) {
				err := s.headers(status(http.StatusOK), true, false)
				for err == nil {
					// The client acknowledges this amount of data immediately.
					err = cmp.Or(s.WriteData(s.id, false, make([]byte, 4100)), s.pings(number))
				}
			})
			w.attacker.requestsToken(ctx, name, server.URL, w.attacker.trusts(ctx, name, server))
		}
		for _, number := range pings {
			w.attacker.reports(ctx, fmt.Sprintf("pings-%d", number), matchers.HaveConditionType("Ready"))
		}
		Expect(time.Since(start)).To(BeNumerically("<", timeout))
	})
})
