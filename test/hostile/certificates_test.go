package hostile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"
)

// must panics on an error, because table entries are built before any spec runs.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

// certificatePEM returns a self-signed certificate with the given number of one-letter URIs.
func certificatePEM(key *ecdsa.PrivateKey, serial int64, uris int) string {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprintf("ca-%d", serial)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	for range uris {
		template.URIs = append(template.URIs, &url.URL{Path: "a"})
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// manyAuthorities returns small certificates of about size bytes in total.
func manyAuthorities(size int) string {
	var bundle strings.Builder
	key := newKey()
	for serial := int64(1); bundle.Len() < size; serial++ {
		bundle.WriteString(certificatePEM(key, serial, 0))
	}
	return bundle.String()
}

// certificateWith returns a client certificate with the given number of names, and its key followed by
// other text.
func certificateWith(names int) map[string]string {
	key := newKey()
	private := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(key))}))
	return map[string]string{"tls.crt": certificatePEM(key, 1, names), "tls.key": private + strings.Repeat("beside\n", (60<<10)/7)}
}

// manyKeys returns a JWK Set with the given number of keys and about size bytes.
func manyKeys(number, size int) string {
	keys := make([]string, number)
	encode := base64.RawURLEncoding.EncodeToString
	for i := range keys {
		key := newKey()
		public := must(key.PublicKey.Bytes())
		keys[i] = fmt.Sprintf(`{"kty": "EC", "crv": "P-256", "kid": "%d", "x": %q, "y": %q, "d": %q, "beside": "`,
			i, encode(public[1:33]), encode(public[33:]), encode(must(key.Bytes())))
		keys[i] += strings.Repeat("x", size/number-len(keys[i])-10) + `"}`
	}
	return `{"keys": [` + strings.Join(keys, ",") + `]}`
}
