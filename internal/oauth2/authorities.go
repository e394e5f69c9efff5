package oauth2

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	// maxBundle bounds a CA bundle, in bytes. The bundle of a distribution takes 200 to 250 KiB.
	maxBundle = 512 << 10
	// maxAuthority bounds each certificate of a bundle, in bytes of DER. The largest certificates of a
	// distribution take 2 KiB.
	maxAuthority = 32 << 10
	// maxAuthorityParts bounds the parts (see PartsOf) of all certificates of a bundle. The bundle of a
	// distribution has 1,600 parts. A URI of 3 bytes takes 150 bytes once it is parsed.
	maxAuthorityParts = 10_000
	// maxKeptBundle bounds the bundles whose PEM stays in memory, in bytes. A few private
	// authorities fit; the bundle of a distribution does not.
	maxKeptBundle = 16 << 10
)

const (
	// certificateBytes is the approximate memory of a parsed certificate besides its DER and its parts.
	// partBytes is the approximate memory of each part.
	certificateBytes = 2500
	partBytes        = 150
)

// Authorities are the certificates of a bundle, parsed once.
type Authorities struct {
	pool   *x509.CertPool
	digest string
	bytes  int
	pem    string
}

// ReadAuthorities reads a bundle in PEM. The error says what is wrong with the bundle, and its text
// starts with a verb: the caller names the bundle.
func ReadAuthorities(bundle string) (*Authorities, error) {
	if len(bundle) > maxBundle {
		return nil, fmt.Errorf("is longer than %d KiB: put only the authorities' certificates there", maxBundle>>10)
	}
	size, err := sizeOfAuthorities(bundle)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(bundle)) {
		return nil, errNoAuthority
	}
	authorities := &Authorities{pool: pool, digest: BundleDigest(bundle), bytes: size}
	if len(bundle) <= maxKeptBundle {
		authorities.pem = bundle
	}
	return authorities, nil
}

// sizeOfAuthorities returns the approximate memory of the certificates of a bundle, in bytes, after
// a connection has used all of them. A pool parses a certificate when it is added, and again when
// it is used, and keeps the result.
func sizeOfAuthorities(bundle string) (size int, err error) {
	parts := 0
	for block := range blocks(bundle) {
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			// The pool skips it too.
			continue
		}
		if len(block.Bytes) > maxAuthority {
			return 0, fmt.Errorf("holds a certificate of more than %d KiB: put only the authorities' certificates there", maxAuthority>>10)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue
		}
		parts += PartsOf(certificate)
		if parts > maxAuthorityParts {
			return 0, fmt.Errorf("holds certificates with more than %d names and extensions together: put only the authorities' certificates there", maxAuthorityParts)
		}
		size += len(block.Bytes) + certificateBytes
	}
	return size + partBytes*parts, nil
}

// PartsOf returns the number of names, extensions and other repeatable parts of a certificate.
func PartsOf(c *x509.Certificate) int {
	return len(c.Subject.Names) + len(c.Issuer.Names) + len(c.Extensions) + len(c.UnhandledCriticalExtensions) +
		len(c.ExtKeyUsage) + len(c.UnknownExtKeyUsage) + len(c.Policies) + len(c.PolicyMappings) +
		len(c.DNSNames) + len(c.EmailAddresses) + len(c.IPAddresses) + len(c.URIs) +
		len(c.OCSPServer) + len(c.IssuingCertificateURL) + len(c.CRLDistributionPoints) +
		len(c.PermittedDNSDomains) + len(c.ExcludedDNSDomains) + len(c.PermittedIPRanges) + len(c.ExcludedIPRanges) +
		len(c.PermittedEmailAddresses) + len(c.ExcludedEmailAddresses) + len(c.PermittedURIDomains) + len(c.ExcludedURIDomains)
}

// BundleDigest returns the SHA-256 of a bundle, in hex. It identifies the bundle.
func BundleDigest(bundle string) string {
	digest := sha256.Sum256([]byte(bundle))
	return hex.EncodeToString(digest[:])
}

// Digest returns the BundleDigest of the bundle.
func (a *Authorities) Digest() string { return a.digest }

// Bytes returns the approximate maximum memory of the authorities, in bytes.
func (a *Authorities) Bytes() int { return a.bytes }

// PEM returns the bundle, or an empty string if the bundle is longer than 16 KiB.
func (a *Authorities) PEM() string { return a.pem }

var errNoAuthority = errors.New("holds no certificate in PEM: put the authorities' certificates there")

// Trusting returns a TLS that trusts the authorities instead of the system's authorities. If
// authorities is nil, it returns t unchanged.
func (t TLS) Trusting(authorities *Authorities) TLS {
	if authorities == nil {
		return t
	}
	digest := sha256.Sum256([]byte(t.Key + "\x00" + authorities.digest))
	t.RootCAs, t.Key = authorities.pool, hex.EncodeToString(digest[:])
	t.Bytes += authorities.bytes
	return t
}
