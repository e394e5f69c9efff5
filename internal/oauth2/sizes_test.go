package oauth2_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/url"
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// hugeKey returns the DER of an RSA key (RFC 8017 appendix A.1.2) whose modulus has the given
// number of bits.
func hugeKey(bits uint) []byte {
	number := new(big.Int).Lsh(big.NewInt(1), bits-1)
	number.SetBit(number, 0, 1)
	part := big.NewInt(3)
	return must(asn1.Marshal(struct {
		Version                   int
		N                         *big.Int
		E                         int
		D, P, Q, DP, DQ, QInverse *big.Int
	}{0, number, 65537, number, part, part, part, part, part}))
}

// inPKCS8 wraps the DER of an RSA key (RFC 5208).
func inPKCS8(der []byte) []byte {
	return must(asn1.Marshal(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}, der}))
}

// withURIs returns a certificate with the given number of URIs of one letter.
func withURIs(number int) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop"}}
	for range number {
		template.URIs = append(template.URIs, &url.URL{Path: "a"})
	}
	return inPEM("CERTIFICATE", must(x509.CreateCertificate(rand.Reader, template, template, p256Key.Public(), p256Key)))
}

// allocated returns the number of bytes that a call allocates.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

var _ = Describe("a size", func() {
	certificate, key := certificateOf(p256Key, startedAt.AddDate(0, -1, 0), startedAt.AddDate(0, 1, 0))
	mutual := rfc6749(authenticatedBy(v1alpha1.TLSClientAuth))
	huge := hugeKey(128 << 10)

	DescribeTable("of a client certificate or its key is checked before it is parsed:",
		func(certificate, key, said string) {
			grant := oauth2.Grant{Credentials: showing(certificate, key)}
			failure := buildFailure(mutual, grant)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
			Expect(failure.Class).To(Equal(problem.ObjectNotReady))
			Expect(failure.Message).To(ContainSubstring(said))
			// Parsing such a key takes 130 MiB.
			Expect(allocated(func() { _ = buildFailure(mutual, grant) })).To(BeNumerically("<", 1<<20))
		},
		Entry("a key in PKCS#1", certificate, inPEM("RSA PRIVATE KEY", huge), "larger than a key of 8192 bits"),
		Entry("a key in PKCS#8", certificate, inPEM("PRIVATE KEY", inPKCS8(huge)), "larger than a key of 8192 bits"),
		Entry("a key of an unknown kind", certificate, inPEM("ODD PRIVATE KEY", huge), "larger than a key of 8192 bits"),
		Entry("a key after a certificate", certificate, certificate+inPEM("PRIVATE KEY", inPKCS8(huge)), "larger than a key of 8192 bits"),
		Entry("a long text next to the key", certificate, key+strings.Repeat("x", 64<<10), "tls.key of the credentials Secret is longer than 64 KiB"),
		Entry("a long text next to the certificate", certificate+strings.Repeat("x", 64<<10), key, "tls.crt of the credentials Secret is longer than 64 KiB"),
		Entry("a long chain", strings.Repeat(certificate, 11), key, "holds 11 certificates, more than 10"),
	)

	DescribeTable("of a key for assertions is checked before it is parsed",
		func(text, said string) {
			grant := oauth2.Grant{Credentials: withKey(text)}
			s := rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), withAssertion(v1alpha1.Assertion{}))
			Expect(buildFailure(s, grant).Message).To(ContainSubstring(said))
			Expect(allocated(func() { _ = buildFailure(s, grant) })).To(BeNumerically("<", 2<<20))
		},
		Entry("in PKCS#1", inPEM("RSA PRIVATE KEY", huge), "has more than 8192 bits"),
		Entry("in PKCS#8", inPEM("PRIVATE KEY", inPKCS8(huge)), "has more than 8192 bits"),
		Entry("in the key file of a cloud", `{"private_key": "`+strings.ReplaceAll(inPEM("PRIVATE KEY", inPKCS8(huge)), "\n", `\n`)+`"}`, "has more than 8192 bits"),
		Entry("in a JWK", `{"kty":"RSA","e":"AQAB","n":"`+strings.Repeat("B", 40<<10)+`","d":"`+strings.Repeat("B", 20<<10)+`"}`, "is not a valid JWK"),
		Entry("in a set of many keys", `{"keys": [{}`+strings.Repeat(`,{}`, 16<<10)+`]}`, "is a set of 16385 keys, more than 100"),
		Entry("in a long text", strings.Repeat("x", 65<<10), "longer than 64 KiB"),
	)

	It("of a bundle may be 500 KiB, about twice the size of a distribution's bundle", func() {
		_, err := oauth2.ReadAuthorities(strings.Repeat(certificate, 500<<10/len(certificate)))
		Expect(err).NotTo(HaveOccurred())
		_, err = oauth2.ReadAuthorities(certificate + strings.Repeat("x", 512<<10))
		Expect(err).To(MatchError(ContainSubstring("longer than 512 KiB")))
	})

	It("of a bundle includes its parsed certificates", func() {
		bundle := strings.Repeat(certificate, 100)
		authorities := must(oauth2.ReadAuthorities(bundle))
		parsed := allocated(func() {
			for range 100 {
				block, _ := pem.Decode([]byte(certificate))
				must(x509.ParseCertificate(block.Bytes))
			}
		})
		Expect(authorities.Bytes()).To(BeNumerically(">", len(bundle)))
		Expect(authorities.Bytes()).To(BeNumerically("<", int(parsed))) //nolint:gosec // It is small.
		Expect(authorities.PEM()).To(BeEmpty())
		Expect(must(oauth2.ReadAuthorities(certificate)).PEM()).To(Equal(certificate))
	})

	DescribeTable("of the certificates of a bundle is bounded", func(names, number int, said string) {
		bundle := strings.Repeat(withURIs(names), number)
		_, err := oauth2.ReadAuthorities(bundle)
		Expect(err).To(MatchError(ContainSubstring(said)))
		// Parsed, this takes 18 MiB.
		Expect(allocated(func() { _, _ = oauth2.ReadAuthorities(bundle) })).To(BeNumerically("<", 8<<20))
	},
		Entry("of each certificate", 12_000, 1, "a certificate of more than 32 KiB"),
		Entry("of all their names", 2_000, 50, "more than 10000 names and extensions"),
	)

	It("of a client certificate is small, because the parsed certificate is dropped", func() {
		request := requestTo(mutual, oauth2.Grant{Credentials: showing(certificate, key)})
		Expect(request.TLS.Certificate.Leaf).To(BeNil())
	})

	DescribeTable("of the values of a credentials Secret is bounded",
		func(data map[string][]byte, s server, said string) {
			source := oauth2.CredentialsSource{
				SecretName: "shop", ClientIDKey: "client_id", ClientSecretKey: "client_secret", PrivateKeyKey: "private_key", Data: data,
			}
			_, _, err := oauth2.ReadCredentials(source, s)
			Expect(err).To(And(HaveField("Reason", v1alpha1.ReasonCredentialsInvalid), HaveField("Message", ContainSubstring(said))))
		},
		Entry("one value", map[string][]byte{"client_id": []byte("a"), "client_secret": bytes.Repeat([]byte("x"), 65<<10)}, rfc6749(),
			`key "client_secret" of Secret "shop" is longer than 64 KiB`),
		Entry("all values that a template gets", map[string][]byte{
			"client_id": []byte("a"), "client_secret": []byte("b"), "other": bytes.Repeat([]byte("x"), 960<<10),
		}, rfc6749(func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-A", Template: "{{ .client_id }}"}}
		}), `Secret "shop" holds more than 256 KiB`),
	)
})
