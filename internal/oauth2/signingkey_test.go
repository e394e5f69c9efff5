package oauth2_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

var _ = Describe("the key of a JWT", func() {
	DescribeTable("signs with every algorithm:",
		func(algorithm v1alpha1.AssertionAlgorithm, key any) {
			method, held := v1alpha1.PrivateKeyJWT, oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true}
			if secret, symmetric := key.([]byte); symmetric {
				method, held.ClientSecret = v1alpha1.ClientSecretJWT, oauth2.NewSensitive(string(secret))
			} else {
				held.PrivateKey = oauth2.NewSensitive(pkcs8(key))
			}
			s := rfc6749(authenticatedBy(method), withAssertion(v1alpha1.Assertion{Algorithm: algorithm, KeyID: "key-1"}))
			header, _ := verified(sentForm(s, oauth2.Grant{Credentials: held}).Get("client_assertion"), key)
			Expect(header).To(Equal(map[string]any{"alg": string(algorithm), "typ": "JWT", "kid": "key-1"}))
		},
		Entry("HS256", v1alpha1.AssertionAlgorithm("HS256"), []byte(longSecret)),
		Entry("HS384", v1alpha1.AssertionAlgorithm("HS384"), []byte(longSecret)),
		Entry("HS512", v1alpha1.AssertionAlgorithm("HS512"), []byte(longSecret)),
		Entry("RS256", v1alpha1.AssertionAlgorithm("RS256"), rsaKey),
		Entry("RS384", v1alpha1.AssertionAlgorithm("RS384"), rsaKey),
		Entry("RS512", v1alpha1.AssertionAlgorithm("RS512"), rsaKey),
		Entry("PS256", v1alpha1.AssertionAlgorithm("PS256"), rsaKey),
		Entry("PS384", v1alpha1.AssertionAlgorithm("PS384"), rsaKey),
		Entry("PS512", v1alpha1.AssertionAlgorithm("PS512"), rsaKey),
		Entry("ES256", v1alpha1.AssertionAlgorithm("ES256"), p256Key),
		Entry("ES384", v1alpha1.AssertionAlgorithm("ES384"), p384Key),
		Entry("ES512", v1alpha1.AssertionAlgorithm("ES512"), p521Key),
		Entry("EdDSA", v1alpha1.AssertionAlgorithm("EdDSA"), edKey),
	)

	// signedBy returns the header of a JWT that is signed with a key in the given form.
	signedBy := func(form string, assertion v1alpha1.Assertion, key any) map[string]any {
		GinkgoHelper()
		s := rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), withAssertion(assertion))
		header, _ := verified(sentForm(s, oauth2.Grant{Credentials: withKey(form)}).Get("client_assertion"), key)
		return header
	}
	ecParameters := inPEM("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7})
	const aCertificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

	DescribeTable("is read in every form, and its kind determines the algorithm",
		func(form string, key any, algorithm string) {
			Expect(signedBy(form, v1alpha1.Assertion{}, key)).To(HaveKeyWithValue("alg", algorithm))
		},
		Entry("RSA in PKCS#1", pkcs1(rsaKey), rsaKey, "RS256"),
		Entry("RSA in PKCS#8", pkcs8(rsaKey), rsaKey, "RS256"),
		Entry("RSA in a JWK", inJWK(rsaKey, nil), rsaKey, "RS256"),
		Entry("P-256 in SEC1", sec1(p256Key), p256Key, "ES256"),
		Entry("P-256 in PKCS#8", pkcs8(p256Key), p256Key, "ES256"),
		Entry("P-256 in a JWK", inJWK(p256Key, nil), p256Key, "ES256"),
		Entry("P-384 in SEC1", sec1(p384Key), p384Key, "ES384"),
		Entry("P-521 in PKCS#8", pkcs8(p521Key), p521Key, "ES512"),
		Entry("P-521 in a JWK", inJWK(p521Key, nil), p521Key, "ES512"),
		Entry("Ed25519 in PKCS#8", pkcs8(edKey), edKey, "EdDSA"),
		Entry("Ed25519 in a JWK", inJWK(edKey, nil), edKey, "EdDSA"),
		Entry("after the parameters of its curve, as openssl writes them", ecParameters+sec1(p256Key), p256Key, "ES256"),
		Entry("next to a certificate", aCertificate+pkcs8(rsaKey), rsaKey, "RS256"),
		Entry("before a certificate", pkcs8(rsaKey)+aCertificate, rsaKey, "RS256"),
		Entry("after lines that openssl pkcs12 writes", "Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n"+pkcs8(rsaKey), rsaKey, "RS256"),
		Entry("with white space around it", "\n  \n"+pkcs8(rsaKey)+"\n\n", rsaKey, "RS256"),
		Entry("with Windows line ends", strings.ReplaceAll(pkcs8(rsaKey), "\n", "\r\n"), rsaKey, "RS256"),
		Entry("in a JWK that names its algorithm", inJWK(rsaKey, map[string]any{"alg": "PS384"}), rsaKey, "PS384"),
		Entry("in a JWK for signatures", inJWK(rsaKey, map[string]any{"use": "sig"}), rsaKey, "RS256"),
		Entry("in a JWK with white space around it", "\n "+inJWK(p256Key, nil)+"\n", p256Key, "ES256"),
		Entry("in a JWK Set of one key", `{"keys": [`+inJWK(rsaKey, map[string]any{"kid": "a"})+`]}`, rsaKey, "RS256"),
	)

	set := fmt.Sprintf(`{"keys": [%s, %s, {"kty": "of tomorrow", "kid": "c"}]}`,
		inJWK(rsaKey, map[string]any{"kid": "a"}), inJWK(p256Key, map[string]any{"kid": "b", "alg": "ES256"}))

	DescribeTable("is named to the server",
		func(form, keyID string, key any, kid string) {
			header := signedBy(form, v1alpha1.Assertion{KeyID: keyID}, key)
			Expect(header).To(HaveKeyWithValue("kid", kid))
		},
		Entry("by keyID", pkcs8(rsaKey), "mine", rsaKey, "mine"),
		Entry("by the ID of the JWK", inJWK(rsaKey, map[string]any{"kid": "jwk-1"}), "", rsaKey, "jwk-1"),
		Entry("by keyID, which overrides that of the JWK", inJWK(rsaKey, map[string]any{"kid": "jwk-1"}), "mine", rsaKey, "mine"),
		Entry("by the ID that selects it from a set", set, "a", rsaKey, "a"),
		Entry("by the ID that selects another key from the set", set, "b", p256Key, "b"),
	)

	It("uses the declared algorithm instead of that of the JWK", func() {
		Expect(signedBy(inJWK(rsaKey, map[string]any{"alg": "RS256"}), v1alpha1.Assertion{Algorithm: "PS512"}, rsaKey)).To(HaveKeyWithValue("alg", "PS512"))
	})

	encrypted := must(x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), []byte("pw"), x509.PEMCipherAES256)) //nolint:staticcheck // Users have such keys.
	damaged := x509.MarshalPKCS1PrivateKey(rsaKey)
	damaged[len(damaged)/2] ^= 0xff

	DescribeTable("that cannot be used is refused, with a helpful message that does not contain the key:",
		func(form string, assertion v1alpha1.Assertion, said string) {
			s := rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), withAssertion(assertion))
			failure := buildFailure(s, oauth2.Grant{Credentials: withKey(form)})
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
			Expect(failure.Class).To(Equal(problem.ObjectNotReady))
			Expect(failure.Message).To(ContainSubstring(said))
			Expect(len(failure.Message)).To(BeNumerically("<", 300))
			for line := range strings.Lines(form) {
				if line = strings.TrimSpace(line); len(line) > 40 {
					Expect(failure.Message).NotTo(ContainSubstring(line[:16]))
				}
			}
			Expect(failure.Message).NotTo(ContainSubstring("MARK"))
		},
		Entry("PEM with a passphrase, PKCS#8", inPEM("ENCRYPTED PRIVATE KEY", []byte("MARK")), v1alpha1.Assertion{}, "encrypted with a passphrase"),
		Entry("PEM with a passphrase, PKCS#1", string(pem.EncodeToMemory(encrypted)), v1alpha1.Assertion{}, "encrypted with a passphrase"),
		Entry("OpenSSH", inPEM("OPENSSH PRIVATE KEY", []byte("MARK")), v1alpha1.Assertion{}, "ssh-keygen"),
		Entry("a public key in PEM", inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(rsaKey.Public()))), v1alpha1.Assertion{}, "no private key in it"),
		Entry("only a certificate", aCertificate, v1alpha1.Assertion{}, "no private key in it"),
		Entry("a public key in a JWK", inJWK(rsaKey.Public(), nil), v1alpha1.Assertion{}, "is a public key"),
		Entry("a public key of a curve in a JWK", inJWK(p256Key.Public(), nil), v1alpha1.Assertion{}, "is a public key"),
		Entry("a public Ed25519 key in a JWK", inJWK(edKey.Public(), nil), v1alpha1.Assertion{}, "is a public key"),
		Entry("a symmetric key in a JWK", inJWK([]byte(longSecret), nil), v1alpha1.Assertion{}, "is a symmetric key"),
		Entry("a key for encryption in a JWK, by its use", inJWK(rsaKey, map[string]any{"use": "enc"}), v1alpha1.Assertion{}, "is a key for encryption"),
		Entry("a key for encryption in a JWK, by RSA-OAEP", inJWK(rsaKey, map[string]any{"alg": "RSA-OAEP-256"}), v1alpha1.Assertion{}, "is a key for encryption"),
		Entry("a key for encryption in a JWK, by ECDH", inJWK(p256Key, map[string]any{"alg": "ECDH-ES+A128KW"}), v1alpha1.Assertion{}, "is a key for encryption"),
		Entry("a JWE, which is an encrypted JWK", "eyJhbGciOiJkaXIi."+strings.Repeat("MARK", 20)+".a.b.c", v1alpha1.Assertion{}, "is encrypted (a JWE)"),
		Entry("an RSA key with ES256", pkcs8(rsaKey), v1alpha1.Assertion{Algorithm: "ES256"}, "cannot sign with ES256"),
		Entry("a P-256 key with ES384", pkcs8(p256Key), v1alpha1.Assertion{Algorithm: "ES384"}, "cannot sign with ES384"),
		Entry("an Ed25519 key with RS256", pkcs8(edKey), v1alpha1.Assertion{Algorithm: "RS256"}, "cannot sign with RS256"),
		Entry("a JWK whose algorithm is unknown, which is not quoted", inJWK(rsaKey, map[string]any{"alg": "c4nary"}), v1alpha1.Assertion{}, "cannot sign with the algorithm that its JWK names"),
		Entry("a JWK whose algorithm is of another kind", inJWK(rsaKey, map[string]any{"alg": "ES256"}), v1alpha1.Assertion{}, "cannot sign with ES256"),
		Entry("an RSA key of 512 bits", shortRSA(), v1alpha1.Assertion{}, "cannot sign with RS256"),
		Entry("a damaged key", inPEM("RSA PRIVATE KEY", damaged), v1alpha1.Assertion{}, "cannot be read"),
		Entry("a key that is not what its first line says", inPEM("EC PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), v1alpha1.Assertion{}, "not what its first line says"),
		Entry("PEM whose lines were joined", strings.ReplaceAll(pkcs8(rsaKey), "\n", " "), v1alpha1.Assertion{}, "lines"),
		Entry("PEM whose line ends are a backslash and an n, as in JSON", strings.ReplaceAll(pkcs8(rsaKey), "\n", `\n`), v1alpha1.Assertion{}, "lines"),
		Entry("PEM that was cut off", pkcs8(rsaKey)[:800], v1alpha1.Assertion{}, "holds PEM"),
		Entry("a key of a curve that cannot sign a JWT", p224(), v1alpha1.Assertion{}, "cannot sign a JWT"),
		Entry("a key for key agreement only", x25519(), v1alpha1.Assertion{}, "cannot sign a JWT"),
		Entry("a text", "MARK", v1alpha1.Assertion{}, "neither PEM nor a JWK"),
		Entry("base64 of PEM", base64.StdEncoding.EncodeToString([]byte(pkcs8(rsaKey))), v1alpha1.Assertion{}, "neither PEM nor a JWK"),
		Entry("broken JSON", `{"kty": "RSA", "MARK`, v1alpha1.Assertion{}, "not valid JSON"),
		Entry("JSON that is not a JWK", `{"type": "service_account", "private_key": "MARK"}`, v1alpha1.Assertion{}, "not a valid JWK"),
		Entry("a JWK whose parts do not belong together, RSA", mixedJWK(rsaKey, otherRSA, "d"), v1alpha1.Assertion{}, "not a valid JWK"),
		Entry("a JWK whose parts do not belong together, P-256", mixedJWK(p256Key, otherP256, "d"), v1alpha1.Assertion{}, "another key"),
		Entry("a JWK whose parts do not belong together, Ed25519", mixedJWK(edKey, otherEd, "d"), v1alpha1.Assertion{}, "not a valid JWK"),
		Entry("a JWK whose length is not that of its curve", inJWK(p256Key, map[string]any{"d": "AA"}), v1alpha1.Assertion{}, "not a valid JWK"),
		Entry("an empty set", `{"keys": []}`, v1alpha1.Assertion{}, "set of 0 keys"),
		Entry("a set of several keys without a keyID", set, v1alpha1.Assertion{}, "set of 3 keys"),
		Entry("a set without the key of the keyID", set, v1alpha1.Assertion{KeyID: "z"}, "keyID"),
		Entry("a set whose key of the keyID has an unknown type", set, v1alpha1.Assertion{KeyID: "c"}, "keyID"),
	)

	DescribeTable("that is the client secret is refused",
		func(secret string, algorithm v1alpha1.AssertionAlgorithm, reason, said string) {
			class := problem.ObjectNotReady
			if reason == v1alpha1.ReasonAuthorizationServerInvalid {
				class = problem.Invalid
			}
			s := rfc6749(authenticatedBy(v1alpha1.ClientSecretJWT), withAssertion(v1alpha1.Assertion{Algorithm: algorithm}))
			failure := buildFailure(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}})
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(class))
			Expect(failure.Message).To(And(ContainSubstring(said), Not(ContainSubstring(secret))))
		},
		Entry("if it is too short for HS256", "s3cr3t-value", v1alpha1.AssertionAlgorithm(""), v1alpha1.ReasonCredentialsInvalid, "32 bytes"),
		Entry("if it is too short for HS512", longSecret[:63], v1alpha1.AssertionAlgorithm("HS512"), v1alpha1.ReasonCredentialsInvalid, "64 bytes"),
		Entry("with an algorithm for keys", longSecret, v1alpha1.AssertionAlgorithm("RS256"), v1alpha1.ReasonAuthorizationServerInvalid, "HS256, HS384 or HS512"),
	)
})

// mixedJWK returns the JWK of a key with a member of another key.
func mixedJWK(key, other any, member string) string {
	object := map[string]any{}
	if err := json.Unmarshal([]byte(inJWK(other, nil)), &object); err != nil {
		panic(err)
	}
	return inJWK(key, map[string]any{member: object[member]})
}

func p224() string { return pkcs8(must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))) }

func x25519() string { return pkcs8(must(ecdh.X25519().GenerateKey(rand.Reader))) }

// shortRSA returns an RSA key that is too short for signatures.
func shortRSA() string {
	p, q, one := must(rand.Prime(rand.Reader, 256)), must(rand.Prime(rand.Reader, 256)), big.NewInt(1)
	order := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(65537), order)
	if d == nil {
		return shortRSA()
	}
	return pkcs1(&rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: d, Primes: []*big.Int{p, q}})
}
