package oauth2_test

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
)

// The keys of the tests are new in each run, so that the repository contains no private key.
var (
	rsaKey    = must(rsa.GenerateKey(rand.Reader, 2048))
	otherRSA  = must(rsa.GenerateKey(rand.Reader, 2048))
	p256Key   = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	otherP256 = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384Key   = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521Key   = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	edKey     = ed25519.NewKeyFromSeed([]byte("32 bytes of a seed, for a test!!"))
	otherEd   = ed25519.NewKeyFromSeed([]byte("32 bytes of a seed, for another!"))
)

// longSecret is long enough for HS512.
const longSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs1(key *rsa.PrivateKey) string {
	return inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func sec1(key *ecdsa.PrivateKey) string {
	return inPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))
}

func pkcs8(key any) string {
	return inPEM("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
}

// inJWK writes a key as a JWK with further members.
func inJWK(key any, members map[string]any) string {
	object := map[string]any{}
	if err := json.Unmarshal(must((&jose.JSONWebKey{Key: key}).MarshalJSON()), &object); err != nil {
		panic(err)
	}
	for name, value := range members {
		object[name] = value
	}
	return string(must(json.Marshal(object)))
}

func publicOf(key any) any {
	if signer, ok := key.(crypto.Signer); ok {
		return signer.Public()
	}
	return key
}
