package tokenendpoint_test

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

var _ = Describe("a token request", func() {
	It("arrives as it was built", func() {
		requests, bodies := make(chan *http.Request, 1), make(chan []byte, 1)
		server := plain(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			requests <- r
			bodies <- body
		})
		request := requestTo(server.URL + "/oauth2/token?tenant=1")
		_, err := client(func(o *tokenendpoint.Options) { o.UserAgent = "tokensync/1" }).Send(GinkgoT().Context(), request)
		Expect(err).NotTo(HaveOccurred())
		received := <-requests
		Expect(received.Method).To(Equal(http.MethodPost))
		Expect(received.URL.String()).To(Equal("/oauth2/token?tenant=1"))
		Expect(received.Header).To(And(
			HaveKeyWithValue("Authorization", []string{authorizationSent}),
			HaveKeyWithValue("Content-Type", []string{"application/x-www-form-urlencoded"}),
			HaveKeyWithValue("Accept", []string{"application/json"}),
			HaveKeyWithValue("User-Agent", []string{"tokensync/1"})))
		Expect(string(<-bodies)).To(Equal(bodySent))
		Expect(request.Header).To(HaveLen(3), "the request is unchanged")
	})

	It("without client authentication in a header has no Authorization header", func() {
		header := make(chan http.Header, 1)
		server := plain(func(_ http.ResponseWriter, r *http.Request) { header <- r.Header })
		request := requestTo(server.URL)
		delete(request.Header, "Authorization")
		_, err := client().Send(GinkgoT().Context(), request)
		Expect(err).NotTo(HaveOccurred())
		Expect(<-header).NotTo(HaveKey("Authorization"))
	})

	It("over TLS reaches a server whose certificate is trusted", func() {
		server := encrypted(answering("hello"))
		response, err := send(client(trusting(server)), server.URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Reveal()).To(Equal("hello"))
	})

	It("over TLS uses HTTP/2 if the server supports it", func() {
		server := serve(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }, func(server *httptest.Server) {
			server.EnableHTTP2 = true
			server.StartTLS()
		})
		response, err := send(client(trusting(server)), server.URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Reveal()).To(Equal("HTTP/2.0"))
	})

	It("returns the status, the header and the body of any response", func() {
		server := plain(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, "slow down")
		})
		response, err := send(client(), server.URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.StatusCode).To(Equal(http.StatusTooManyRequests))
		Expect(response.Header.Get("Retry-After")).To(Equal("7"))
		Expect(response.Body.Reveal()).To(Equal("slow down"))
	})

	It("returns the decompressed body if the server compressed it", func() {
		server := plain(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
			zipped := gzip.NewWriter(w)
			_, _ = io.WriteString(zipped, "hello")
			_ = zipped.Close()
		})
		response, err := send(client(), server.URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Reveal()).To(Equal("hello"))
	})

	It("reuses the connection of the previous request", func() {
		var connections atomic.Int32
		server := serve(answering("hello"), func(server *httptest.Server) {
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			server.StartTLS()
		})
		c := client(trusting(server))
		for range 5 {
			_, err := send(c, server.URL)
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(connections.Load()).To(BeEquivalentTo(1))
	})

	DescribeTable("does not follow a redirect",
		func(status int) {
			var elsewhere atomic.Int32
			other := plain(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
			server := plain(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/token", status) })
			response, err := send(client(), server.URL)
			Expect(err).NotTo(HaveOccurred())
			Expect(response.StatusCode).To(Equal(status))
			Expect(response.Header.Get("Location")).To(Equal(other.URL + "/token"))
			Expect(elsewhere.Load()).To(BeZero())
		},
		Entry("301", http.StatusMovedPermanently), Entry("302", http.StatusFound), Entry("303", http.StatusSeeOther),
		Entry("307, which would send the body again", http.StatusTemporaryRedirect),
		Entry("308, which would send the body again", http.StatusPermanentRedirect),
	)

	It("ends when its context ends", func() {
		arrived := make(chan struct{})
		server := plain(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			close(arrived)
			<-r.Context().Done()
		})
		ctx, cancel := context.WithCancel(GinkgoT().Context())
		go func() {
			<-arrived
			cancel()
		}()
		_, err := client().Send(ctx, requestTo(server.URL))
		Expect(err).To(MatchError(context.Canceled))
	})

	It("ends at the deadline of its context without a failure of the server", func() {
		server := plain(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		})
		ctx, cancel := context.WithTimeout(GinkgoT().Context(), 50*time.Millisecond)
		defer cancel()
		_, err := client().Send(ctx, requestTo(server.URL))
		Expect(err).To(MatchError(context.DeadlineExceeded))
	})
})
