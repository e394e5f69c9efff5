package tokenendpoint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/oauth2"
)

// largeBundle returns about 250 KiB of different certificates. The bundle of a Linux distribution has a
// similar size.
func largeBundle() string {
	GinkgoHelper()
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	var bundle strings.Builder
	for serial := int64(1); bundle.Len() < 250<<10; serial++ {
		template := &x509.Certificate{SerialNumber: big.NewInt(serial)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
		Expect(err).NotTo(HaveOccurred())
		bundle.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return bundle.String()
}

// inUse returns the bytes of memory in use.
func inUse() int {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc) //nolint:gosec // It is less than the machine has.
}

var _ = Describe("the memory of a client", func() {
	It("does not grow with the number of versions of a bundle", func() {
		server := encrypted(answering("hello"))
		c, bundle := client(), largeBundle()
		own := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
		before := inUse()
		for version := range 100 {
			request := requestTo(server.URL)
			request.TLS = oauth2.TLS{}.Trusting(authoritiesOf(fmt.Sprintf("version %d\n", version) + own + bundle))
			_, err := c.Send(GinkgoT().Context(), request)
			Expect(err).NotTo(HaveOccurred())
		}
		grown := inUse() - before
		GinkgoWriter.Printf("100 versions of a bundle: %d MiB\n", grown>>20)
		Expect(grown).To(BeNumerically("<", 20<<20))
		runtime.KeepAlive(c)
	})

	It("does not grow with the number of issuers", func() {
		var server *httptest.Server
		names := `["` + strings.Repeat(strings.Repeat("x", 64)+`","`, 127) + `"]`
		server = plain(func(w http.ResponseWriter, r *http.Request) {
			issuer := server.URL + strings.TrimPrefix(r.URL.Path, "/.well-known/oauth-authorization-server")
			_, _ = fmt.Fprintf(w, `{"issuer": %q, "token_endpoint": "https://idp.example.com/token", "scopes_supported": %[2]s,
				"grant_types_supported": %[2]s, "token_endpoint_auth_methods_supported": %[2]s}`, issuer, names)
		})
		c := client()
		before := inUse()
		for number := range 600 {
			_, err := c.Discover(GinkgoT().Context(), fmt.Sprintf("%s/%d", server.URL, number), oauth2.TLS{})
			Expect(err).NotTo(HaveOccurred())
		}
		grown := inUse() - before
		GinkgoWriter.Printf("600 issuers: %d MiB\n", grown>>20)
		Expect(grown).To(BeNumerically("<", 10<<20))
		runtime.KeepAlive(c)
	})
})
