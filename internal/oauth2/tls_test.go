package oauth2_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// certificateOf returns a self-signed certificate for a key, and the key, in PEM.
func certificateOf(key *ecdsa.PrivateKey, from, to time.Time) (certificate, private string) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop"}, NotBefore: from, NotAfter: to}
	der := must(x509.CreateCertificate(rand.Reader, template, template, crypto.Signer(key).Public(), key))
	return inPEM("CERTIFICATE", der), pkcs8(key)
}

func derOf(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

func showing(certificate, key string) oauth2.Credentials {
	return oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, Certificate: oauth2.NewSensitive(certificate), CertificateKey: oauth2.NewSensitive(key)}
}

var _ = It("a bundle of trusted CA certificates must be in PEM", func() {
	_, err := oauth2.ReadAuthorities("no PEM")
	Expect(err).To(MatchError(ContainSubstring("no certificate in PEM")))
})

var _ = Describe("a client certificate", func() {
	before, after := startedAt.AddDate(0, -1, 0), startedAt.AddDate(0, 1, 0)
	certificate, key := certificateOf(p256Key, before, after)
	other, otherKey := certificateOf(otherP256, before, after)
	mutual := rfc6749(authenticatedBy(v1alpha1.TLSClientAuth))

	It("is presented to the server, and the request has the client ID", func() {
		request := requestTo(mutual, oauth2.Grant{Credentials: showing(certificate, key)})
		Expect(request.TLS.Certificate.Certificate).To(Equal([][]byte{derOf(certificate)}))
		Expect(request.Body.Reveal()).To(Equal("client_id=shop&grant_type=client_credentials"))
		Expect(revealed(request)).NotTo(HaveKey("Authorization"))
	})

	It("may be part of a chain", func() {
		request := requestTo(mutual, oauth2.Grant{Credentials: showing(certificate+other, key)})
		Expect(request.TLS.Certificate.Certificate).To(HaveLen(2))
	})

	It("may be used with a client secret", func() {
		held := showing(certificate, key)
		held.ClientSecret = oauth2.NewSensitive("s3cr3t-value")
		request := requestTo(rfc6749(clientCertificate), oauth2.Grant{Credentials: held})
		Expect(request.TLS.Certificate).NotTo(BeNil())
		Expect(revealed(request)).To(HaveKey("Authorization"))
	})

	It("is not used by default", func() {
		Expect(requestTo(rfc6749(), oauth2.Grant{Credentials: credentials}).TLS).To(Equal(oauth2.TLS{}))
	})

	const notValidYet = "not valid before 2026-03-01T12:01:00Z"
	DescribeTable("is refused",
		func(certificate, key, said string) {
			failure := buildFailure(mutual, oauth2.Grant{Credentials: showing(certificate, key)})
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
			if said == notValidYet {
				// The certificate becomes valid with time.
				Expect(failure.Class).To(Equal(problem.MayPass))
			} else {
				Expect(failure.Class).To(Equal(problem.ObjectNotReady))
			}
			Expect(failure.Message).To(And(ContainSubstring("tls.crt"), ContainSubstring(said), Not(ContainSubstring("MARK"))))
		},
		expired("when it has expired", before.AddDate(-1, 0, 0), startedAt.Add(-time.Second), "expired at 2026-03-01T11:59:59Z"),
		expired("when it is not valid yet", startedAt.Add(time.Minute), after, notValidYet),
		Entry("if the key belongs to another certificate", certificate, otherKey, "both in PEM"),
		Entry("if it is not PEM", "MARK", key, "both in PEM"),
		Entry("if its key is not PEM", certificate, "MARK", "both in PEM"),
		Entry("if there is no key", certificate, "", "both in PEM"),
		Entry("if both are swapped", key, certificate, "both in PEM"),
	)

	DescribeTable("is valid in its first and last second",
		func(from, to time.Time) {
			certificate, key := certificateOf(p256Key, from, to)
			Expect(requestTo(mutual, oauth2.Grant{Credentials: showing(certificate, key)}).TLS.Certificate).NotTo(BeNil())
		},
		Entry("the first second", startedAt, after), Entry("the last second", before, startedAt),
	)

	It("has its own connections, and so does each set of trusted CA certificates", func() {
		build := func(certificate, key string) *oauth2.Request {
			return requestTo(mutual, oauth2.Grant{Credentials: showing(certificate, key)})
		}
		keys := map[string]bool{"": true}
		for _, request := range []*oauth2.Request{build(certificate, key), build(other, otherKey)} {
			keys[request.TLS.Key] = true
			trusting := request.TLS.Trusting(must(oauth2.ReadAuthorities(certificate)))
			Expect(trusting.RootCAs).NotTo(BeNil())
			Expect(trusting.Certificate).To(Equal(request.TLS.Certificate))
			keys[trusting.Key] = true
		}
		Expect(keys).To(HaveLen(5))
		Expect(build(certificate, key).TLS.Key).To(Equal(build(certificate, key).TLS.Key))
	})

	It("is not printed with its key when the request is printed", func() {
		request := requestTo(mutual, oauth2.Grant{Credentials: showing(certificate, key)})
		private := must(p256Key.Bytes())
		var logged string
		funcr.NewJSON(func(line string) { logged += line }, funcr.Options{}).Info("x", "request", request, "tls", request.TLS)
		for _, printed := range []string{
			fmt.Sprintf("%v %+v %#v", request, *request, request.TLS), string(must(json.Marshal(request))),
			string(must(json.Marshal(request.TLS))), string(must(yaml.Marshal(request))), logged,
		} {
			Expect(printed).NotTo(ContainSubstring("PrivateKey"))
			Expect(printed).NotTo(ContainSubstring(new(big.Int).SetBytes(private).String()))
			Expect(strings.ToLower(printed)).NotTo(ContainSubstring(hex.EncodeToString(private)))
		}
	})
})

func expired(text string, from, to time.Time, said string) TableEntry {
	certificate, key := certificateOf(p256Key, from, to)
	return Entry(text, certificate, key, said)
}
