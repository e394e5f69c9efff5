//go:build interop

package interop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"

	"github.com/go-jose/go-jose/v4"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/interop/provider"
)

// key is a private key that can be encoded in all supported formats.
type key struct{ crypto.Signer }

// keys are the keys of the clients. No client has the key foreign.
var keys struct{ rsa, ec, ec521, ed, foreign key }

func makeKeys() {
	GinkgoHelper()
	keys.rsa = made(rsa.GenerateKey(rand.Reader, 2048))
	keys.ec = made(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	keys.ec521 = made(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	keys.foreign = made(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, private, err := ed25519.GenerateKey(rand.Reader)
	keys.ed = made(private, err)
}

func made[K crypto.Signer](private K, err error) key {
	GinkgoHelper()
	Expect(err).NotTo(HaveOccurred())
	return key{private}
}

// public returns the JWK Set that registers the key for a client.
func (k key) public(id string) json.RawMessage {
	GinkgoHelper()
	set, err := provider.JWKS(provider.Key{Public: k.Public(), ID: id})
	Expect(err).NotTo(HaveOccurred())
	return set
}

func (k key) pkcs1() string {
	return inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k.Signer.(*rsa.PrivateKey)))
}

func (k key) sec1() string {
	GinkgoHelper()
	der, err := x509.MarshalECPrivateKey(k.Signer.(*ecdsa.PrivateKey))
	Expect(err).NotTo(HaveOccurred())
	return inPEM("EC PRIVATE KEY", der)
}

func (k key) pkcs8() string {
	GinkgoHelper()
	der, err := x509.MarshalPKCS8PrivateKey(k.Signer)
	Expect(err).NotTo(HaveOccurred())
	return inPEM("PRIVATE KEY", der)
}

func (k key) jwk(id, use string) string {
	GinkgoHelper()
	raw, err := json.Marshal(jose.JSONWebKey{Key: k.Signer, KeyID: id, Use: use})
	Expect(err).NotTo(HaveOccurred())
	return string(raw)
}

// jwe returns the key as a JWK that is encrypted with a password (RFC 7517 section 7).
func (k key) jwe() string {
	GinkgoHelper()
	encrypter, err := jose.NewEncrypter(jose.A128GCM,
		jose.Recipient{Algorithm: jose.PBES2_HS256_A128KW, Key: "password", PBES2Count: 1000},
		(&jose.EncrypterOptions{}).WithContentType("jwk+json"))
	Expect(err).NotTo(HaveOccurred())
	encrypted, err := encrypter.Encrypt([]byte(k.jwk("", "sig")))
	Expect(err).NotTo(HaveOccurred())
	compact, err := encrypted.CompactSerialize()
	Expect(err).NotTo(HaveOccurred())
	return compact
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
