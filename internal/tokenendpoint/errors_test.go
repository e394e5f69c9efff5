package tokenendpoint_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

var _ = Describe("the URL of a token endpoint", func() {
	DescribeTable("is refused before anything is sent",
		func(url, reason, said string) {
			failure := failureOf(client(func(o *tokenendpoint.Options) { o.AllowHTTP = false }), url)
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(problem.Invalid))
			Expect(failure.Message).To(And(ContainSubstring(said), Not(ContainSubstring("MARK"))))
		},
		Entry("http, unless it is allowed", "http://idp.example.com/token?key=MARK", v1alpha1.ReasonTokenEndpointInsecure, "http://idp.example.com/token is not https"),
		Entry("http in capitals", "HTTP://idp.example.com/", v1alpha1.ReasonTokenEndpointInsecure, "--allow-http"),
		Entry("another scheme", "ftp://idp.example.com/", v1alpha1.ReasonTokenEndpointInsecure, "not https"),
		Entry("no scheme", "idp.example.com/MARK", v1alpha1.ReasonTokenEndpointMissing, "not an absolute URL"),
		Entry("no host", "https:///MARK", v1alpha1.ReasonTokenEndpointMissing, "not an absolute URL"),
		Entry("no URL", "https://%zz/MARK", v1alpha1.ReasonTokenEndpointMissing, "not an absolute URL"),
		Entry("nothing", "", v1alpha1.ReasonTokenEndpointMissing, "not an absolute URL"),
	)

	It("must not have another scheme, even if http is allowed", func() {
		Expect(failureOf(client(), "file://host/etc/passwd").Reason).To(Equal(v1alpha1.ReasonTokenEndpointInsecure))
	})

	It("is shown without a query and without a user", func() {
		failure := failureOf(client(), closedPort()+"/token?key=MARK")
		Expect(failure.Message).To(And(ContainSubstring("/token cannot be reached"), Not(ContainSubstring("MARK"))))
		failure = failureOf(client(), strings.Replace(closedPort(), "http://", "http://user:MARK@", 1))
		Expect(failure.Message).NotTo(ContainSubstring("MARK"))
	})
})

var _ = DescribeTable("a server with a large handshake is accepted",
	func(change func(*x509.Certificate)) {
		response, err := send(certified(change))
		Expect(err).NotTo(HaveOccurred())
		Expect(response.StatusCode).To(Equal(http.StatusOK))
	},
	Entry("with many names", named(900)),
	Entry("with a long extension", func(certificate *x509.Certificate) {
		certificate.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: make([]byte, 50<<10)}}
	}),
)

var _ = Describe("a server that cannot be used", func() {
	DescribeTable("is reported, and the request is retried",
		func(open func() (*tokenendpoint.Client, string), reason, said string) {
			c, url := open()
			failure := failureOf(c, url)
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(problem.Unavailable))
			Expect(failure.Message).To(And(ContainSubstring(url), ContainSubstring(said)))
		},
		Entry("a certificate of an unknown authority", func() (*tokenendpoint.Client, string) {
			return client(func(o *tokenendpoint.Options) { o.RootCAs = x509.NewCertPool() }), encrypted(answering("")).URL
		}, v1alpha1.ReasonTLSFailed, "authority that the operator does not know"),
		Entry("a certificate for another host", func() (*tokenendpoint.Client, string) {
			server := encrypted(answering(""))
			return client(trusting(server)), strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
		}, v1alpha1.ReasonTLSFailed, "for another host name"),
		Entry("a certificate that has expired", func() (*tokenendpoint.Client, string) {
			return certified(func(certificate *x509.Certificate) { certificate.NotAfter = certificate.NotBefore.Add(time.Second) })
		}, v1alpha1.ReasonTLSFailed, "has expired"),
		Entry("a certificate that is not for servers", func() (*tokenendpoint.Client, string) {
			return certified(func(certificate *x509.Certificate) {
				certificate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
			})
		}, v1alpha1.ReasonTLSFailed, "it is not valid"),
		Entry("certificates that are too large", func() (*tokenendpoint.Client, string) { return certified(named(25_000)) },
			v1alpha1.ReasonTLSFailed, "more than 64 KiB"),
		Entry("a certificate with too many names", func() (*tokenendpoint.Client, string) { return certified(named(1000)) },
			v1alpha1.ReasonTLSFailed, "more than 1000 names and extensions"),
		Entry("http on a port for https", func() (*tokenendpoint.Client, string) {
			return client(), strings.Replace(plain(answering("")).URL, "http:", "https:", 1)
		}, v1alpha1.ReasonTLSFailed, "does not speak TLS"),
		Entry("another protocol on a port for https", func() (*tokenendpoint.Client, string) {
			return client(), "https://" + banner("220 mail.example.com\r\n")
		}, v1alpha1.ReasonTLSFailed, "does not speak TLS"),
		Entry("a server that wants a client certificate", func() (*tokenendpoint.Client, string) {
			server := serve(answering(""), func(server *httptest.Server) {
				server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
				server.StartTLS()
			})
			return client(trusting(server)), server.URL
		}, v1alpha1.ReasonTLSFailed, "certificate required"),
		Entry("a server with an old TLS version", func() (*tokenendpoint.Client, string) {
			server := serve(answering(""), func(server *httptest.Server) {
				server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11} //nolint:gosec // The test expects its refusal.
				server.StartTLS()
			})
			return client(trusting(server)), server.URL
		}, v1alpha1.ReasonTLSFailed, "TLS handshake failed"),
		Entry("a port without a listener", func() (*tokenendpoint.Client, string) {
			return client(), closedPort()
		}, v1alpha1.ReasonTokenEndpointUnreachable, "connection refused"),
		Entry("a host that does not exist", func() (*tokenendpoint.Client, string) {
			// An invalid name causes no DNS query.
			return client(), "https://no..such.host"
		}, v1alpha1.ReasonTokenEndpointUnreachable, "https://no..such.host: there is no such host"),
	)
})

var _ = Describe("a denied address", func() {
	denying := func(o *tokenendpoint.Options) { o.AllowedCIDRs = nil }

	DescribeTable("is refused by default",
		func(host, shown string) {
			failure := failureOf(client(denying), "https://"+host+"/token")
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAddressDenied))
			Expect(failure.Class).To(Equal(problem.MayPass))
			Expect(failure.Message).To(ContainSubstring("--allowed-cidrs=" + shown))
		},
		Entry("loopback", "127.0.0.1", "127.0.0.1/32"),
		Entry("another address of loopback", "127.8.9.10:8443", "127.8.9.10/32"),
		Entry("this host", "0.0.0.0", "0.0.0.0/32"),
		Entry("the metadata service of most clouds", "169.254.169.254", "169.254.169.254/32"),
		Entry("loopback by its name, after the DNS lookup", "localhost", ""),
	)

	It("gets no connection", func() {
		listener := listen()
		Expect(failureOf(client(denying), "http://"+listener.Addr().String()).Reason).To(Equal(v1alpha1.ReasonAddressDenied))
		// The first connection that arrives is the test's own.
		own, err := (&net.Dialer{}).DialContext(GinkgoT().Context(), "tcp", listener.Addr().String())
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(own.Close)
		first, err := listener.Accept()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(first.Close)
		Expect(first.RemoteAddr().String()).To(Equal(own.LocalAddr().String()))
	})

	It("can be allowed", func() {
		server := plain(answering("hello"))
		_, err := send(client(func(o *tokenendpoint.Options) {
			o.AllowedCIDRs = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		}), server.URL)
		Expect(err).NotTo(HaveOccurred())
	})
})

// certified starts a server with a certificate after the given change. It returns a client that trusts the
// certificate, and the URL of the server.
func certified(change func(*x509.Certificate)) (*tokenendpoint.Client, string) {
	GinkgoHelper()
	public, private, err := ed25519.GenerateKey(nil)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Date(2006, time.January, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2126, time.January, 1, 0, 0, 0, 0, time.UTC),
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	Expect(err).NotTo(HaveOccurred())
	server := serve(answering(""), func(server *httptest.Server) {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}} //nolint:gosec // A server of a test.
		server.StartTLS()
	})
	return client(trusting(server)), server.URL
}

// named adds the given number of names to a certificate.
func named(number int) func(*x509.Certificate) {
	return func(certificate *x509.Certificate) {
		certificate.URIs = slices.Repeat([]*url.URL{{Path: "a"}}, number)
	}
}

// closedPort returns the URL of a server that has stopped.
func closedPort() string {
	server := httptest.NewServer(answering(""))
	defer server.Close()
	return server.URL
}

func listen() net.Listener {
	GinkgoHelper()
	listener, err := (&net.ListenConfig{}).Listen(GinkgoT().Context(), "tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	return listener
}

// banner returns the address of a server that sends a text immediately, and does not speak TLS.
func banner(text string) string {
	GinkgoHelper()
	listener := listen()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Write([]byte(text))
			_, _ = connection.Read(make([]byte, 1024))
			_ = connection.Close()
		}
	}()
	return listener.Addr().String()
}
