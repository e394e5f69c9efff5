//go:build interop

package interop_test

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/interop/provider"
)

// orders is a resource server whose tokens are JWTs.
const orders = "https://orders.example.com"

// longScope is a scope that only the client "scoped" may request.
var longScope = "https://scopes.example.com/" + strings.Repeat("long", 493) + "!"

// registered is a client that is registered at the providers.
type registered struct {
	provider.Client
	// credentials is the data of the client's Secret.
	credentials map[string]string
	// algorithm is the algorithm of its assertions, if it is not the default of the key.
	algorithm v1alpha1.AssertionAlgorithm
}

// authentication returns the client authentication that a ClientCredential declares for the client.
func (r registered) authentication() *v1alpha1.ClientAuthentication {
	declared := &v1alpha1.ClientAuthentication{Method: v1alpha1.ClientAuthenticationMethod(r.AuthMethod)}
	if r.algorithm != "" {
		declared.Assertion = &v1alpha1.Assertion{Algorithm: r.algorithm}
	}
	return declared
}

// clients holds the clients by ID.
var clients = map[string]registered{}

func register(client provider.Client, algorithm v1alpha1.AssertionAlgorithm, credentials map[string]string) {
	credentials["client_id"] = client.ID
	if client.Secret != "" {
		credentials["client_secret"] = client.Secret
	}
	clients[client.ID] = registered{Client: client, credentials: credentials, algorithm: algorithm}
}

func registerClients(authority *provider.Authority) {
	GinkgoHelper()
	makeKeys()
	registerSecrets()
	registerKeys()
	registerCertificates(authority)
}

// newSecret returns a secret with characters that must be encoded in a Basic header and in a form. It
// is long enough for HS512.
func newSecret() string { return "s3cret: 100% +/&=\" " + rand.Text() + rand.Text() }

func registerSecrets() {
	for _, client := range []provider.Client{
		{ID: "basic", AuthMethod: "client_secret_basic", Resources: []string{orders}, Scopes: []string{"read", "write"}},
		{ID: "post", AuthMethod: "client_secret_post", Scopes: []string{"read"}},
		{ID: "scoped", AuthMethod: "client_secret_basic", Scopes: []string{"read", longScope}},
		{ID: "short", AuthMethod: "client_secret_basic", Lifetime: 15 * time.Second},
		{ID: "dpop", AuthMethod: "client_secret_post", DPoPBound: true},
		{ID: "hs256", AuthMethod: "client_secret_jwt", SigningAlg: "HS256"},
	} {
		client.Secret = newSecret()
		register(client, "", map[string]string{})
	}
	register(provider.Client{ID: "hs512", Secret: newSecret(), AuthMethod: "client_secret_jwt", SigningAlg: "HS512"},
		"HS512", map[string]string{})
	register(provider.Client{ID: "public", AuthMethod: "none"}, "", map[string]string{})
}

func registerKeys() {
	GinkgoHelper()
	register(provider.Client{ID: "rs256", AuthMethod: "private_key_jwt", SigningAlg: "RS256", JWKS: keys.rsa.public("")},
		"", map[string]string{"private_key": keys.rsa.pkcs1()})
	register(provider.Client{ID: "ps256", AuthMethod: "private_key_jwt", SigningAlg: "PS256", JWKS: keys.rsa.public("")},
		"PS256", map[string]string{"private_key": keys.rsa.pkcs8()})
	register(provider.Client{ID: "es256", AuthMethod: "private_key_jwt", SigningAlg: "ES256", JWKS: keys.ec.public("")},
		"", map[string]string{"private_key": keys.ec.sec1()})
	register(provider.Client{ID: "es512", AuthMethod: "private_key_jwt", SigningAlg: "ES512", JWKS: keys.ec521.public("")},
		"", map[string]string{"private_key": keys.ec521.pkcs8()})
	register(provider.Client{ID: "eddsa", AuthMethod: "private_key_jwt", SigningAlg: "EdDSA", JWKS: keys.ed.public("")},
		"", map[string]string{"private_key": keys.ed.pkcs8()})
	register(provider.Client{ID: "jwk", AuthMethod: "private_key_jwt", JWKS: keys.ec.public("current")},
		"", map[string]string{"private_key": keys.ec.jwk("current", "sig")})
}

func registerCertificates(authority *provider.Authority) {
	GinkgoHelper()
	subject := pkix.Name{Organization: []string{"Example, Inc."}, CommonName: "mtls"}
	register(provider.Client{ID: "mtls", AuthMethod: "tls_client_auth", TLSSubjectDN: subject.String(), CertificateBound: true},
		"", shown(issued(authority, provider.Identity{Subject: subject})))

	workload := &url.URL{Scheme: "spiffe", Host: "example.com", Path: "/orders"}
	register(provider.Client{ID: "spiffe", AuthMethod: "tls_client_auth", TLSSANURI: workload.String()},
		"", shown(issued(authority, provider.Identity{URIs: []*url.URL{workload}})))

	own := selfSigned("self")
	set, err := own.JWKS()
	Expect(err).NotTo(HaveOccurred())
	register(provider.Client{ID: "self", AuthMethod: "self_signed_tls_client_auth", JWKS: set, CertificateBound: true}, "", shown(own))

	// The certificates of these clients do not authenticate them: they only bind the token.
	register(provider.Client{ID: "bound", Secret: newSecret(), AuthMethod: "client_secret_basic", CertificateBound: true},
		"", shown(selfSigned("bound")))
	credentials := shown(selfSigned("bound-jwt"))
	credentials["private_key"] = keys.ec.pkcs8()
	register(provider.Client{ID: "bound-jwt", AuthMethod: "private_key_jwt", JWKS: keys.ec.public(""), CertificateBound: true},
		"", credentials)
}

func issued(authority *provider.Authority, identity provider.Identity) *provider.Certificate {
	GinkgoHelper()
	certificate, err := authority.Issue(identity)
	Expect(err).NotTo(HaveOccurred())
	return certificate
}

func selfSigned(name string) *provider.Certificate {
	GinkgoHelper()
	certificate, err := provider.SelfSigned(provider.Identity{Subject: pkix.Name{CommonName: name}})
	Expect(err).NotTo(HaveOccurred())
	return certificate
}

// shown returns a certificate as the data of a kubernetes.io/tls Secret.
func shown(certificate *provider.Certificate) map[string]string {
	return map[string]string{"tls.crt": string(certificate.CertificatePEM), "tls.key": string(certificate.KeyPEM)}
}
