package hostile_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// namedCertificates returns certificates for 127.0.0.1, each with the given number of names, and the PEM
// of the authority that signed them. All certificates differ, because crypto/tls parses equal
// certificates only once.
func namedCertificates(number, names int) (certificates []tls.Certificate, authority string) {
	GinkgoHelper()
	signing, key := newKey(), newKey()
	validity := x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	signer := validity
	signer.SerialNumber, signer.Subject, signer.IsCA, signer.BasicConstraintsValid = big.NewInt(1), pkix.Name{CommonName: "authority"}, true, true
	leaf := validity
	leaf.IPAddresses, leaf.URIs = []net.IP{net.IPv4(127, 0, 0, 1)}, slices.Repeat([]*url.URL{{Path: "a"}}, names)
	for i := range number {
		leaf.SerialNumber = big.NewInt(int64(i + 2))
		der := must(x509.CreateCertificate(rand.Reader, &leaf, &signer, key.Public(), signing))
		certificates = append(certificates, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	}
	der := must(x509.CreateCertificate(rand.Reader, &signer, &signer, signing.Public(), signing))
	return certificates, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

var _ = DescribeTable("The memory limit holds when the servers of a tenant present 100 certificates concurrently,",
	func(ctx SpecContext, names int, said string) {
		const number, servers = 100, 8
		t := newTenant(ctx)
		certificates, authority := namedCertificates(number, names)
		create(ctx, t.credentials("shared", map[string]string{"client_id": "shop", "client_secret": secretOf("shop")}),
			&corev1.ConfigMap{ObjectMeta: t.metadata("authority"), Data: map[string]string{"ca.crt": authority}})
		answer := lateOrTogether(number, answers(200, `{"access_token": "token", "expires_in": 3600}`))
		var shown atomic.Int64
		urls := make([]string, servers)
		for i := range urls {
			server := httptest.NewUnstartedServer(answer)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { //nolint:gosec // A server of a test.
				one := certificates[int(shown.Add(1))%number]
				return &tls.Config{Certificates: []tls.Certificate{one}}, nil //nolint:gosec // A server of a test.
			}}
			server.StartTLS()
			DeferCleanup(func() {
				server.CloseClientConnections()
				server.Close()
			})
			urls[i] = server.URL
		}
		p := startProcess(t.namespace)
		for i := range number {
			create(ctx, t.clientCredential(fmt.Sprintf("shop-%d", i), urls[i%servers], func(spec *v1alpha1.ClientCredentialSpec) {
				spec.CredentialsRef.Name = "shared"
				spec.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: "authority"}}
			}))
		}
		t.allReport(ctx, number, matchers.HaveCondition("Ready", "False", "TLSFailed", ContainSubstring(said)))
		Expect(shown.Load()).To(BeNumerically(">=", number))
		peak := p.peakMemory()
		AddReportEntry(fmt.Sprintf("%d MiB at most", peak))
		Expect(peak).To(BeNumerically("<", memoryLimit))
	},
	Entry("each of 240 KiB", 80_000, "more than 64 KiB"),
	Entry("each just below the limit of a handshake", 20_000, "more than 1000 names and extensions"),
)
