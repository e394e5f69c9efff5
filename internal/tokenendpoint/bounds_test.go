package tokenendpoint_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// zeros returns a compressed body of zeros with the given length.
func zeros(length int64) []byte {
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, _ = io.CopyN(writer, zeroReader{}, length)
	_ = writer.Close()
	return zipped.Bytes()
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// hang writes a text, and then nothing until the client closes the connection.
func hang(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if text != "" {
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

var _ = Describe("a response", func() {
	It("of a failure is reported by its status, even if its body is too large", func() {
		response, err := send(client(), plain(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(strings.Repeat("x", tokenendpoint.MaxBodyBytes+1)))
		}).URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.StatusCode).To(Equal(http.StatusServiceUnavailable))
		Expect(response.Header.Get("Retry-After")).To(Equal("7"))
	})

	DescribeTable("that is too large is refused",
		func(handler http.HandlerFunc) {
			failure := failureOf(client(), plain(handler).URL)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonInvalidResponse))
			Expect(failure.Class).To(Equal(problem.MayPass))
			Expect(failure.Message).To(ContainSubstring("256 KiB"))
		},
		Entry("a body one byte too long", answering(strings.Repeat("x", tokenendpoint.MaxBodyBytes+1))),
		Entry("an endless body", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, zeroReader{})
		})),
		Entry("a body that is too large after decompression", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zeros(16 * tokenendpoint.MaxBodyBytes))
		})),
	)

	DescribeTable("of a failure is reported by its status, even if its body is endless",
		func(status int) {
			server := plain(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.Copy(w, zeroReader{})
			})
			response, err := send(client(), server.URL)
			Expect(err).NotTo(HaveOccurred())
			Expect(response.StatusCode).To(Equal(status))
			Expect(response.Body.Reveal()).To(BeEmpty())
		},
		Entry("a redirect", http.StatusTemporaryRedirect),
		Entry("a refusal", http.StatusUnauthorized),
		Entry("a page of a proxy", http.StatusBadGateway),
	)

	It("that never ends has its connection closed", func() {
		ended := make(chan struct{})
		server := plain(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, zeroReader{})
			close(ended)
		})
		Expect(failureOf(client(), server.URL).Reason).To(Equal(v1alpha1.ReasonInvalidResponse))
		Eventually(ended).WithTimeout(10 * time.Second).Should(BeClosed())
	})

	It("of the maximum size is returned completely", func() {
		server := plain(answering(strings.Repeat("x", tokenendpoint.MaxBodyBytes)))
		response, err := send(client(), server.URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Reveal()).To(HaveLen(tokenendpoint.MaxBodyBytes))
	})

	DescribeTable("that is broken is not shown, and the request is retried",
		func(handler http.HandlerFunc) {
			failure := failureOf(client(), plain(handler).URL)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTokenEndpointUnreachable))
			Expect(failure.Class).To(Equal(problem.Unavailable))
			Expect(failure.Message).NotTo(ContainSubstring("MARK"))
		},
		Entry("headers that are too large", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("MARK", tokenendpoint.MaxHeaderBytes))
		})),
		Entry("a response that is not HTTP", raw("MARK\r\n\r\n")),
		Entry("an invalid header that echoes the credentials", raw("HTTP/1.1 200 OK\r\nMARK "+bodySent+"\r\n\r\n")),
		Entry("nothing at all", raw("")),
		Entry("a body that is shorter than its Content-Length", raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nMARK")),
		Entry("invalid gzip", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "MARK")
		})),
	)

	DescribeTable("that does not arrive in time is abandoned",
		func(text string) {
			failure := failureOf(client(impatient), plain(hang(text)).URL)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTimeout))
			Expect(failure.Class).To(Equal(problem.Unavailable))
			Expect(failure.Message).To(ContainSubstring("100ms"))
		},
		Entry("no header", ""),
		Entry("a body that stops", `{"access_token": "`),
	)
})

// raw writes bytes as the response, and closes the connection.
func raw(bytes string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		connection, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = buffer.WriteString(bytes)
		_ = buffer.Flush()
		_ = connection.Close()
	}
}
