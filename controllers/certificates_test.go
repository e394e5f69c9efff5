package controllers_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	. "github.com/onsi/gomega"
)

// certificate is a certificate with its private key.
type certificate struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

func selfSigned(name string, from, until time.Time) certificate {
	return issue(name, from, until, nil)
}

// issue returns a certificate for the client shop that c signed.
func (c certificate) issue(from, until time.Time) certificate {
	return issue("shop", from, until, &c)
}

func issue(name string, from, until time.Time, authority *certificate) certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	Expect(err).NotTo(HaveOccurred())
	certified := certificate{key: key, Certificate: &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true,
		IsCA: authority == nil, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}}
	signer := certified
	if authority != nil {
		signer = *authority
	}
	raw, err := x509.CreateCertificate(rand.Reader, certified.Certificate, signer.Certificate, &key.PublicKey, signer.key)
	Expect(err).NotTo(HaveOccurred())
	certified.Certificate, err = x509.ParseCertificate(raw)
	Expect(err).NotTo(HaveOccurred())
	return certified
}

func certificatePEM(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}

func privateKeyPEM(key any) string {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	Expect(err).NotTo(HaveOccurred())
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// secretData returns the data of a Secret of type kubernetes.io/tls.
func (c certificate) secretData() map[string]string {
	return map[string]string{"tls.crt": certificatePEM(c.Certificate), "tls.key": privateKeyPEM(c.key)}
}
