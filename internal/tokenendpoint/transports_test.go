package tokenendpoint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// selfSigned returns a client certificate with the given name.
func selfSigned(name string) *tls.Certificate {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// naming starts a server that answers with the name in the client's certificate. It requests a certificate
// from an authority that has issued no certificates.
func naming() *httptest.Server {
	return serve(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
		}
	}, func(server *httptest.Server) {
		authorities := x509.NewCertPool()
		foreign, err := x509.ParseCertificate(selfSigned("another client").Certificate[0])
		Expect(err).NotTo(HaveOccurred())
		authorities.AddCert(foreign)
		server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: authorities}
		server.StartTLS()
	})
}

var _ = Describe("the TLS client", func() {
	sendAs := func(c *tokenendpoint.Client, url string, config oauth2.TLS) string {
		GinkgoHelper()
		request := requestTo(url)
		request.TLS = config
		response, err := c.Send(GinkgoT().Context(), request)
		Expect(err).NotTo(HaveOccurred())
		return response.Body.Reveal()
	}

	It("uses a client certificate, even if it is self-signed, only for the requests of its client", func() {
		server := naming()
		c := client(trusting(server))
		one, two := oauth2.TLS{Certificate: selfSigned("one"), Key: "1"}, oauth2.TLS{Certificate: selfSigned("two"), Key: "2"}
		for range 2 {
			Expect(sendAs(c, server.URL, one)).To(Equal("one"))
			Expect(sendAs(c, server.URL, two)).To(Equal("two"))
			Expect(sendAs(c, server.URL, oauth2.TLS{})).To(BeEmpty())
		}
	})

	It("trusts the authorities of a bundle instead of the system's", func() {
		server := encrypted(answering("hello"))
		bundle := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
		trusted := oauth2.TLS{}.Trusting(authoritiesOf(bundle))
		Expect(sendAs(client(), server.URL, trusted)).To(Equal("hello"))

		other := oauth2.TLS{}.Trusting(authoritiesOf(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned("other").Certificate[0]}))))
		request := requestTo(server.URL)
		request.TLS = other
		_, err := client(trusting(server)).Send(GinkgoT().Context(), request)
		Expect(err).To(HaveField("Reason", v1alpha1.ReasonTLSFailed))
	})
})

func authoritiesOf(bundle string) *oauth2.Authorities {
	GinkgoHelper()
	authorities, err := oauth2.ReadAuthorities(bundle)
	Expect(err).NotTo(HaveOccurred())
	return authorities
}
