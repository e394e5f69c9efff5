//go:build interop

package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/json"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/interop/provider"
)

func TestProvider(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "OpenID provider")
}

const (
	// secret contains characters that RFC 6749 requires to be encoded in a Basic header.
	secret      = "s3cret: 100% +/&= and long enough for HS256"
	jwtOrders   = "https://orders.example.com"
	opaqueStock = "https://stock.example.com"
)

var (
	op         *provider.Provider
	subject    = pkix.Name{Organization: []string{"Example, Inc."}, CommonName: "mtls"}
	selfSigned *provider.Certificate
	rsaKey     *rsa.PrivateKey
	ecKey      *ecdsa.PrivateKey
)

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	selfSigned, err = provider.SelfSigned(provider.Identity{Subject: pkix.Name{CommonName: "self"}})
	Expect(err).NotTo(HaveOccurred())
	rsaKey, err = rsa.GenerateKey(rand.Reader, 2048)
	Expect(err).NotTo(HaveOccurred())
	ecKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())

	start := time.Now()
	op, err = provider.Start(ctx, provider.Options{Clients: clients(), Resources: resources(), Log: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	AddReportEntry("started", time.Since(start).Round(time.Millisecond).String())
	DeferCleanup(func() { Expect(op.Close()).To(Succeed()) })
}, NodeTimeout(5*time.Minute))

func clients() []provider.Client {
	return []provider.Client{
		{
			ID: "basic", Secret: secret, AuthMethod: "client_secret_basic",
			Scopes: []string{"read", "write"}, Resources: []string{jwtOrders, opaqueStock},
		},
		{ID: "post", Secret: secret, AuthMethod: "client_secret_post", Scopes: []string{"read"}},
		{ID: "short", Secret: secret, AuthMethod: "client_secret_basic", Lifetime: 2 * time.Second},
		{ID: "hs256", Secret: secret, AuthMethod: "client_secret_jwt"},
		{ID: "rs256", AuthMethod: "private_key_jwt", SigningAlg: "RS256", JWKS: jwks(rsaKey.Public(), "rsa")},
		{ID: "es256", AuthMethod: "private_key_jwt", SigningAlg: "ES256", JWKS: jwks(ecKey.Public(), "ec")},
		{ID: "mtls", AuthMethod: "tls_client_auth", TLSSubjectDN: subject.String(), CertificateBound: true},
		{ID: "spiffe", AuthMethod: "tls_client_auth", TLSSANURI: "spiffe://example.com/orders"},
		{ID: "self", AuthMethod: "self_signed_tls_client_auth", JWKS: selfSignedJWKS()},
		{ID: "public", AuthMethod: "none"},
		{ID: "dpop", Secret: secret, AuthMethod: "client_secret_basic", DPoPBound: true},
	}
}

func resources() []provider.Resource {
	return []provider.Resource{
		{URI: jwtOrders, Scopes: []string{"orders:read"}, JWT: true, Lifetime: 5 * time.Minute},
		{URI: opaqueStock, Scopes: []string{"stock:read"}},
	}
}

func jwks(key crypto.PublicKey, id string) json.RawMessage {
	GinkgoHelper()
	set, err := provider.JWKS(provider.Key{Public: key, ID: id})
	Expect(err).NotTo(HaveOccurred())
	return set
}

func selfSignedJWKS() json.RawMessage {
	GinkgoHelper()
	set, err := selfSigned.JWKS()
	Expect(err).NotTo(HaveOccurred())
	return set
}
