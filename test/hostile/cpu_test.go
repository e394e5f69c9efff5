package hostile_test

import (
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// hugeKey returns an RSA key in PEM (RFC 8017 appendix A.1.2) whose modulus has size bytes.
func hugeKey(size uint) string {
	GinkgoHelper()
	number, part := new(big.Int).Lsh(big.NewInt(1), 8*size-1), big.NewInt(3)
	number.SetBit(number, 0, 1)
	der, err := asn1.Marshal(struct {
		Version                   int
		N                         *big.Int
		E                         int
		D, P, Q, DP, DQ, QInverse *big.Int
	}{0, number, 65537, number, part, part, part, part, part})
	Expect(err).NotTo(HaveOccurred())
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
}

// manyWords returns 4,000 short secrets of many lengths. The operator searches for at most 4,096.
func manyWords() string {
	words := make([]string, 4000)
	for i := range words {
		words[i] = fmt.Sprintf("%0*d", 4+i%11, i)
	}
	return strings.Join(words, " ")
}

// manyTexts returns an error with a long text in each JSON member that servers use for explanations.
func manyTexts() string {
	var members []string
	for name := range strings.FieldsSeq(`errormessage errormsg errmsg errordetail errordetails errorsummary message msg description
		faultstring resultmessage resultmsg returnmessage returnmsg responsemessage statusmessage usermessage developermessage
		nonfielderrors reason explanation summary text title`) {
		members = append(members, fmt.Sprintf("%q: %q", name, strings.Repeat(`%41\x41&#65;`, 305)))
	}
	texts := strings.Join(members, ",")
	return "{" + texts + `, "result": {` + texts + "}}"
}

var _ = Describe("A tenant that causes expensive computations", func() {
	showsCertificate := func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.TLSClientAuth}
	}

	DescribeTable("does not delay other tenants",
		func(ctx SpecContext, size uint, said string) {
			w, honest := newWorld(ctx), newHonestServer()
			before := w.victim.firstToken(ctx, "before", honest)
			certificate := "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
			for i := range 20 {
				name := fmt.Sprintf("large-%d", i)
				create(ctx,
					w.attacker.credentials(name+"-credentials", map[string]string{"client_id": name, "tls.crt": certificate, "tls.key": hugeKey(size)}),
					w.attacker.clientCredential(name, "http://127.0.0.1:1", showsCertificate))
			}
			Expect(w.victim.firstToken(ctx, "meanwhile", honest)).To(beAsSoonAs(before))
			for i := range 20 {
				w.attacker.reports(ctx, fmt.Sprintf("large-%d", i), matchers.HaveCondition("Ready", "False", "CredentialsInvalid", ContainSubstring(said)))
			}
		},
		Entry("by declaring a private key of 390 KiB", uint(140<<10), `"tls.key"`),
		Entry("by declaring a private key that is within the size limit of a value", uint(20<<10), "8192 bits"),
	)

	DescribeTable("costs at most 15 times the normal CPU time if thousands of secrets are searched for",
		func(ctx SpecContext, status int, body, reason string) {
			attacker := newTenant(ctx)
			p := startProcess(attacker.namespace)
			create(ctx, attacker.credentials("shared", map[string]string{"client_id": "shop", "client_secret": "another-secret", "words": manyWords()}))
			cost := func(name string, server *hostileServer, reason string) float64 {
				GinkgoHelper()
				before := p.cpuSeconds()
				for i := range 20 {
					create(ctx, attacker.clientCredential(fmt.Sprintf("%s-%d", name, i), server.URL, func(spec *v1alpha1.ClientCredentialSpec) {
						spec.CredentialsRef.Name = "shared"
						spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Parameters: []v1alpha1.Parameter{{Name: "words", SecretKey: "words"}}}
					}))
				}
				for i := range 20 {
					attacker.reports(ctx, fmt.Sprintf("%s-%d", name, i), ContainElement(HaveField("Reason", reason)))
				}
				return p.cpuSeconds() - before
			}
			before := cost("normal", newHostileServer(answers(400, `{"message": "no such client"}`)), v1alpha1.ReasonRequestRefused)
			hostile := cost("hostile", newHostileServer(answers(status, body)), reason)
			AddReportEntry("CPU seconds", fmt.Sprintf("normal %.2f, hostile %.2f", before, hostile))
			Expect(hostile).To(BeNumerically("<=", 15*before))
		},
		Entry("in an error with 50 texts", 400, manyTexts(), v1alpha1.ReasonRequestRefused),
		Entry("in a scope of thousands of words", 200, `{"access_token": "0paque-t0ken", "expires_in": 3600, "scope": "`+strings.Repeat(`%41\\x41&#65;+QUJD `, 12<<10)+`"}`, v1alpha1.ReasonTokenIssued),
	)

	It("sees in a condition that a CA bundle is too large", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.attacker.credentials("authorities", map[string]string{"ca.crt": strings.Repeat("x", 600<<10)}))
		w.attacker.requestsToken(ctx, "bundled", "http://127.0.0.1:1", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Kind: "Secret", Name: "authorities"}}
		})
		w.attacker.reports(ctx, "bundled", matchers.HaveCondition("Ready", "False", "CABundleUnusable", ContainSubstring("longer than 512 KiB")))
	})
})
