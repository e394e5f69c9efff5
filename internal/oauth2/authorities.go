package oauth2

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
)

// maxBundle bounds a bundle of authorities. That of a whole distribution takes 200 to 250 KiB.
const maxBundle = 512 << 10

// Authorities are the certificates of a bundle, parsed once.
type Authorities struct {
	pool   *x509.CertPool
	bundle string
}

// ReadAuthorities reads a bundle in PEM. The error says what is wrong with the bundle.
func ReadAuthorities(bundle string) (*Authorities, error) {
	if len(bundle) > maxBundle {
		return nil, fmt.Errorf("is longer than %d KiB: put only the authorities' certificates there", maxBundle>>10)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(bundle)) {
		return nil, errNoAuthority
	}
	return &Authorities{pool: pool, bundle: bundle}, nil
}

// PEM returns the bundle.
func (a *Authorities) PEM() string { return a.bundle }

var errNoAuthority = errors.New("holds no certificate in PEM: put the authorities' certificates there")

// Trusting makes the authorities those to trust. Nil stands for the system's.
func (t TLS) Trusting(authorities *Authorities) TLS {
	if authorities == nil {
		return t
	}
	digest := sha256.Sum256([]byte(t.Key + "\x00" + authorities.bundle))
	t.RootCAs, t.Key = authorities.pool, hex.EncodeToString(digest[:])
	t.Bytes += len(authorities.bundle)
	return t
}
