package tokenendpoint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/problem"
)

var _ = Describe("a server certificate", func() {
	It("with a huge RSA key is refused without much work", func() {
		signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		Expect(err).NotTo(HaveOccurred())
		modulus := new(big.Int).Lsh(big.NewInt(1), 8*100<<10)
		template := &x509.Certificate{SerialNumber: big.NewInt(1)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &rsa.PublicKey{N: modulus.SetBit(modulus, 0, 1), E: 65537}, signer)
		Expect(err).NotTo(HaveOccurred())
		config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: signer}}} //nolint:gosec // It is for a test.
		url := accepting(func(connection net.Conn) { _, _ = io.Copy(io.Discard, tls.Server(connection, config)) })
		failure := failureOf(client(), strings.Replace(url, "http:", "https:", 1))
		Expect(failure.Class).To(Equal(problem.Unavailable))
		Expect(failure.Message).NotTo(ContainSubstring("did not answer in full"))
	})
})
