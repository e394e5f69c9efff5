package oauth2

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"iter"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// TLS is the client's side of a connection.
type TLS struct {
	// RootCAs are the trusted authorities; nil for the system's authorities.
	RootCAs *x509.CertPool
	// Certificate is presented to the server; nil if there is none. It holds its private key.
	Certificate *tls.Certificate `json:"-"`
	// Key identifies the configuration; empty for the default.
	Key string
	// Bytes is the approximate maximum memory of the configuration.
	Bytes int
}

const (
	// maxChain bounds two texts, in bytes: a client certificate with its chain, and its private key.
	// maxChainLength bounds the number of certificates.
	maxChain       = 64 << 10
	maxChainLength = 10
	// maxKeyBytes bounds a private key in DER before it is parsed, because the time to parse it
	// grows with the square of its length. A key of 8192 bits takes 4.6 KiB.
	maxKeyBytes = 6 << 10
)

// tlsOf returns the TLS configuration with the client certificate of the credentials.
func tlsOf(credentials Credentials, now time.Time) (TLS, error) {
	if credentials.Certificate.IsEmpty() {
		return TLS{}, nil
	}
	if err := checkKeyPair(credentials); err != nil {
		return TLS{}, err
	}
	certificate, err := tls.X509KeyPair([]byte(credentials.Certificate.Reveal()), []byte(credentials.CertificateKey.Reveal()))
	if err != nil {
		return TLS{}, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"%s and %s of the credentials Secret are not a certificate and its private key, both in PEM: correct them",
			v1alpha1.CertificateKey, v1alpha1.CertificatePrivateKeyKey)
	}
	switch leaf := certificate.Leaf; {
	case isTooLarge(certificate.PrivateKey):
		return TLS{}, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"the key of the client certificate in the credentials Secret has more than %d bits: use a smaller one", maxModulus)
	case now.After(leaf.NotAfter):
		return TLS{}, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"the client certificate %s of the credentials Secret expired at %s: put a new one there",
			v1alpha1.CertificateKey, leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return TLS{}, problem.Retry(problem.MayPass, v1alpha1.ReasonCredentialsInvalid,
			"the client certificate %s of the credentials Secret is not valid before %s: wait, or check the clocks",
			v1alpha1.CertificateKey, leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	// A connection needs only the DER. A certificate of 48 KiB may take 2 MiB once it is parsed.
	certificate.Leaf = nil
	digest := sha256.Sum256([]byte(credentials.Certificate.Reveal() + credentials.CertificateKey.Reveal()))
	return TLS{
		Certificate: &certificate, Key: hex.EncodeToString(digest[:]),
		Bytes: 2 * (len(credentials.Certificate.Reveal()) + len(credentials.CertificateKey.Reveal())),
	}, nil
}

// checkKeyPair checks the sizes before anything is parsed.
func checkKeyPair(credentials Credentials) error {
	for _, part := range []struct {
		key  string
		text Sensitive
	}{
		{v1alpha1.CertificateKey, credentials.Certificate}, {v1alpha1.CertificatePrivateKeyKey, credentials.CertificateKey},
	} {
		if len(part.text.Reveal()) > maxChain {
			return credentialsError(v1alpha1.ReasonCredentialsInvalid,
				"%s of the credentials Secret is longer than %d KiB: put only the client's certificate, its chain and its key there", part.key, maxChain>>10)
		}
	}
	certificates := 0
	for block := range blocks(credentials.Certificate.Reveal()) {
		if block.Type == "CERTIFICATE" {
			certificates++
		}
	}
	if certificates > maxChainLength {
		return credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"%s of the credentials Secret holds %d certificates, more than %d: put only the client's certificate and its chain there",
			v1alpha1.CertificateKey, certificates, maxChainLength)
	}
	for block := range blocks(credentials.CertificateKey.Reveal()) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") && len(block.Bytes) > maxKeyBytes {
			return credentialsError(v1alpha1.ReasonCredentialsInvalid,
				"%s of the credentials Secret, the key of the client certificate %s, is larger than a key of %d bits: use a smaller one",
				v1alpha1.CertificatePrivateKeyKey, v1alpha1.CertificateKey, maxModulus)
		}
	}
	return nil
}

// blocks yields the PEM blocks of a text.
func blocks(text string) iter.Seq[*pem.Block] {
	return func(yield func(*pem.Block) bool) {
		block, rest := pem.Decode([]byte(text))
		for ; block != nil; block, rest = pem.Decode(rest) {
			if !yield(block) {
				return
			}
		}
	}
}
