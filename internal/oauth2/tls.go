package oauth2

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// TLS is the client's side of a connection.
type TLS struct {
	// RootCAs stand instead of the system's; nil for those.
	RootCAs *x509.CertPool
	// Certificate is shown to the server; nil for none. It holds its private key.
	Certificate *tls.Certificate `json:"-"`
	// Key tells one configuration from another; empty for the usual one.
	Key string
}

// tlsOf makes the client's certificate.
func tlsOf(credentials Credentials, now time.Time) (TLS, error) {
	if credentials.Certificate.IsEmpty() {
		return TLS{}, nil
	}
	certificate, err := tls.X509KeyPair([]byte(credentials.Certificate.Reveal()), []byte(credentials.CertificateKey.Reveal()))
	if err != nil {
		return TLS{}, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"%s and %s of the credentials Secret are no certificate and its private key, both in PEM: correct them",
			v1alpha1.CertificateKey, v1alpha1.CertificatePrivateKeyKey)
	}
	switch leaf := certificate.Leaf; {
	case isTooLarge(certificate.PrivateKey):
		return TLS{}, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"the key of the client certificate in the credentials Secret has more than %d bits: use a smaller one", largestModulus)
	case now.After(leaf.NotAfter):
		return TLS{}, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"the client certificate %s of the credentials Secret expired at %s: put a new one there",
			v1alpha1.CertificateKey, leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return TLS{}, &Error{Reason: v1alpha1.ReasonCredentialsInvalid, Class: MayPass, Message: fmt.Sprintf(
			"the client certificate %s of the credentials Secret is not valid before %s: wait, or check the clocks",
			v1alpha1.CertificateKey, leaf.NotBefore.UTC().Format(time.RFC3339))}
	}
	digest := sha256.Sum256([]byte(credentials.Certificate.Reveal() + credentials.CertificateKey.Reveal()))
	return TLS{Certificate: &certificate, Key: hex.EncodeToString(digest[:])}, nil
}

// Trusting makes the authorities of a bundle, in PEM, those to trust. ok is false
// when there are none in it.
func (t TLS) Trusting(bundle string) (trusting TLS, ok bool) {
	t.RootCAs = x509.NewCertPool()
	ok = t.RootCAs.AppendCertsFromPEM([]byte(bundle))
	digest := sha256.Sum256([]byte(t.Key + "\x00" + bundle))
	t.Key = hex.EncodeToString(digest[:])
	return t, ok
}
