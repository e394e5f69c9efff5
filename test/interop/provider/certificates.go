package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Identity describes the owner of a certificate.
type Identity struct {
	// Subject is the distinguished name. Its String is the value for Client.TLSSubjectDN.
	Subject  pkix.Name
	DNSNames []string
	URIs     []*url.URL
	IPs      []net.IP
	// NotBefore and NotAfter limit the validity. By default, it began an hour ago and lasts a day.
	NotBefore, NotAfter time.Time
}

// Certificate is a certificate with its private key.
type Certificate struct {
	TLS tls.Certificate
	// CertificatePEM and KeyPEM are the values of tls.crt and tls.key in a kubernetes.io/tls Secret.
	CertificatePEM, KeyPEM []byte
}

// NewAuthority returns a new authority, which no server trusts yet.
func NewAuthority(name string) (*Authority, error) {
	template := Identity{Subject: pkix.Name{CommonName: name}}.template(x509.ExtKeyUsageAny)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	template.ExtKeyUsage = nil
	certificate, err := sign(template, nil)
	if err != nil {
		return nil, err
	}
	return &Authority{certificate: certificate.TLS.Leaf, key: certificate.TLS.PrivateKey.(*ecdsa.PrivateKey)}, nil
}

// PEM returns the authority's certificate.
func (a *Authority) PEM() []byte { return encode("CERTIFICATE", a.certificate.Raw) }

// Pool returns a pool that contains only the authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Issue issues a client certificate.
func (a *Authority) Issue(identity Identity) (*Certificate, error) {
	return sign(identity.template(x509.ExtKeyUsageClientAuth), a)
}

func (a *Authority) issueServer(identity Identity) (*Certificate, error) {
	return sign(identity.template(x509.ExtKeyUsageServerAuth), a)
}

// SelfSigned returns a self-signed client certificate.
func SelfSigned(identity Identity) (*Certificate, error) {
	return sign(identity.template(x509.ExtKeyUsageClientAuth), nil)
}

// JWKS returns the JWK Set that registers the certificate for self_signed_tls_client_auth.
func (c *Certificate) JWKS() (json.RawMessage, error) {
	return JWKS(Key{Public: c.TLS.Leaf.PublicKey, Chain: c.TLS.Certificate})
}

// HTTPClient returns a client that trusts the provider and presents the certificate, unless it is nil.
// The client keeps no connection open.
func (p *Provider) HTTPClient(certificate *Certificate) *http.Client {
	config := &tls.Config{RootCAs: p.Authority.Pool(), MinVersion: tls.VersionTLS12}
	if certificate != nil {
		// The provider names its authorities, so a self-signed certificate in Certificates would not be
		// sent.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &certificate.TLS, nil
		}
	}
	return &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}
}

func (i Identity) template(usage x509.ExtKeyUsage) *x509.Certificate {
	if i.NotBefore.IsZero() {
		i.NotBefore = time.Now().Add(-time.Hour)
	}
	if i.NotAfter.IsZero() {
		i.NotAfter = i.NotBefore.Add(24 * time.Hour)
	}
	return &x509.Certificate{
		Subject: i.Subject, DNSNames: i.DNSNames, URIs: i.URIs, IPAddresses: i.IPs,
		NotBefore: i.NotBefore, NotAfter: i.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
}

// sign returns a new key with a certificate. The authority signs the certificate; if it is nil, the
// certificate is self-signed.
func sign(template *x509.Certificate, authority *Authority) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	issuer, signer := template, key
	if authority != nil {
		issuer, signer = authority.certificate, authority.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificate := &Certificate{CertificatePEM: encode("CERTIFICATE", der), KeyPEM: encode("PRIVATE KEY", pkcs8)}
	certificate.TLS, err = tls.X509KeyPair(certificate.CertificatePEM, certificate.KeyPEM)
	return certificate, err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
