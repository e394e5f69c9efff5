package tokenendpoint_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// Types and flags of frames (RFC 9113 section 6).
const (
	dataFrame, headersFrame, settingsFrame, pingFrame, continuationFrame = 0, 1, 4, 6, 9
	endHeaders                                                           = 4
)

// frame returns an HTTP/2 frame.
func frame(kind, flags byte, stream uint32, payload string) string {
	header := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind)) //nolint:gosec // Payloads are short.
	header = binary.BigEndian.AppendUint32(append(header, flags), stream)
	return string(header) + payload
}

// ok is the header block ":status: 200" (RFC 7541 appendix A).
const ok = "\x88"

// overHTTP2 serves HTTP/2 connections. answer writes the frames after the settings.
func overHTTP2(answer func(net.Conn)) (url string, trust func(*tokenendpoint.Options)) {
	GinkgoHelper()
	// This server only provides its certificate.
	lender := httptest.NewUnstartedServer(nil)
	lender.StartTLS()
	DeferCleanup(lender.Close)
	config := &tls.Config{Certificates: lender.TLS.Certificates, NextProtos: []string{"h2"}} //nolint:gosec // It is for a test.
	url = accepting(func(connection net.Conn) {
		encrypted := tls.Server(connection, config)
		_, err := io.WriteString(encrypted, frame(settingsFrame, 0, 0, ""))
		if err != nil {
			return
		}
		received := &bytes.Buffer{}
		for !strings.Contains(received.String(), bodySent) {
			if _, err := io.CopyN(received, encrypted, 1); err != nil {
				return
			}
		}
		go func() { _, _ = io.Copy(io.Discard, encrypted) }()
		answer(encrypted)
	})
	return strings.Replace(url, "http:", "https:", 1), func(options *tokenendpoint.Options) {
		options.RootCAs = x509.NewCertPool()
		options.RootCAs.AddCert(lender.Certificate())
	}
}

var _ = Describe("an endless response over HTTP/2", func() {
	patient := func(options *tokenendpoint.Options) { options.Timeout = time.Second }

	DescribeTable("is abandoned when the request times out, if it consists",
		func(begin, more string) {
			url, trust := overHTTP2(trickled(begin, more))
			Expect(failureOf(client(patient, trust), url).Reason).To(Equal(v1alpha1.ReasonTimeout))
		},
		Entry("only of pings", "", frame(pingFrame, 0, 0, "12345678")),
		Entry("only of settings", "", frame(settingsFrame, 0, 0, "")),
		Entry("of frames of an unknown kind", "", frame(0xfa, 0, 0, "x")),
		Entry("of a body, one byte at a time", frame(headersFrame, endHeaders, 1, ok), frame(dataFrame, 0, 1, "x")),
		Entry("of a stream that does not end", frame(headersFrame, endHeaders, 1, ok), frame(pingFrame, 0, 0, "12345678")),
	)

	DescribeTable("is abandoned before the timeout, if it consists of too much data:",
		func(begin, more, said string) {
			url, trust := overHTTP2(trickled(begin, more))
			Expect(failureOf(client(trust), url).Message).To(ContainSubstring(said))
		},
		Entry("continuations", frame(headersFrame, 0, 1, ok), frame(continuationFrame, 0, 1, strings.Repeat("\x00\x01a\x01b", 3000)), "no HTTP response"),
		Entry("data frames", frame(headersFrame, endHeaders, 1, ok), frame(dataFrame, 0, 1, strings.Repeat("x", 16<<10)), "256 KiB"),
	)
})
