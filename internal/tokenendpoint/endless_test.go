package tokenendpoint_test

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// trickled writes a text, and then repeats another text until the client closes the connection.
func trickled(begin, more string) func(net.Conn) {
	return func(connection net.Conn) {
		_, err := io.WriteString(connection, begin)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for err == nil {
			<-ticker.C
			_, err = io.WriteString(connection, more)
		}
	}
}

// held writes a text, and leaves the connection open.
func held(text string) func(net.Conn) {
	return func(connection net.Conn) {
		_, _ = io.WriteString(connection, text)
		_, _ = io.Copy(io.Discard, connection)
	}
}

// listening accepts connections. It reads the request of each connection, and then calls answer.
func listening(answer func(net.Conn)) (url string) {
	return accepting(func(connection net.Conn) {
		if n, err := connection.Read(make([]byte, 64<<10)); n > 0 && err == nil {
			answer(connection)
		}
	})
}

// accepting accepts connections, and calls serve for each connection.
func accepting(serve func(net.Conn)) (url string) {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // The spec closes it.
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = connection.Close() }()
				serve(connection)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

var _ = Describe("an endless response", func() {
	DescribeTable("is abandoned when the request times out, if it consists",
		func(answer func(net.Conn)) {
			failure := failureOf(client(impatient), listening(answer))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTimeout))
			Expect(failure.Class).To(Equal(problem.Unavailable))
		},
		Entry("of 1xx responses that stop", held("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")),
		Entry("of a header, one byte at a time", trickled("HTTP/1.1 200 OK\r\nX-Slow: ", "x")),
		Entry("of a body, one byte at a time", trickled("HTTP/1.1 200 OK\r\n\r\n", "x")),
		Entry("of chunks", trickled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")),
		Entry("of trailers that stop", held("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n0\r\nA: ")),
		Entry("of nothing after the headers", held("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")),
		Entry("of a failure", trickled("HTTP/1.1 503 Service Unavailable\r\n\r\n", "x")),
		Entry("of gzip data that have not begun", held("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")),
	)

	DescribeTable("is abandoned before the timeout, if it consists of too much data:",
		func(answer func(net.Conn), message string) {
			failure := failureOf(client(), listening(answer))
			Expect(failure.Message).To(ContainSubstring(message))
		},
		Entry("1xx responses", trickled("", strings.Repeat("HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n", 1000)), "no HTTP response"),
		Entry("headers", trickled("HTTP/1.1 200 OK\r\n", strings.Repeat("X-A: b\r\n", 1000)), "no HTTP response"),
		Entry("chunk extensions", trickled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("x", 1000)), "no HTTP response"),
		Entry("gzip data that decompress to nothing",
			trickled("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", strings.Repeat(string(zeros(0)), 1000)), "256 KiB"),
	)

	DescribeTable("is refused if it is not a final response:",
		func(statusLine, said string) {
			failure := failureOf(client(), listening(held("HTTP/1.1 "+statusLine+"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonInvalidResponse))
			Expect(failure.Class).To(Equal(problem.MayPass))
			Expect(failure.Message).To(And(ContainSubstring(said), ContainSubstring("check authorizationServer.tokenEndpoint")))
		},
		Entry("101, which hands over the connection", "101 Switching Protocols", "HTTP 101"),
		Entry("an invalid status", "042 Odd", "HTTP 42"),
	)

	It("is abandoned if the handshake does not end", func() {
		url := strings.Replace(accepting(func(connection net.Conn) { _, _ = io.Copy(io.Discard, connection) }), "http:", "https:", 1)
		Expect(failureOf(client(impatient), url).Reason).To(Equal(v1alpha1.ReasonTimeout))
	})

	It("is abandoned if the server does not read the request", func() {
		ends := GinkgoT().Context().Done()
		url := accepting(func(net.Conn) { <-ends })
		request := requestTo(url)
		request.Body = oauth2.NewSensitive(strings.Repeat("x", 16<<20))
		_, err := client(impatient).Send(GinkgoT().Context(), request)
		Expect(err).To(HaveField("Reason", v1alpha1.ReasonTimeout))
	})

	It("is abandoned over HTTP/2", func() {
		server := serve(hang("{"), func(server *httptest.Server) {
			server.EnableHTTP2 = true
			server.StartTLS()
		})
		Expect(failureOf(client(impatient, trusting(server)), server.URL).Reason).To(Equal(v1alpha1.ReasonTimeout))
	})

	It("is abandoned when the context of the caller ends", func() {
		ctx, cancel := context.WithCancel(GinkgoT().Context())
		url := listening(func(connection net.Conn) {
			held("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")(connection)
		})
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := client().Send(ctx, requestTo(url))
		Expect(err).To(MatchError(context.Canceled))
	})
})
