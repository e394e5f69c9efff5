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

// hugeKey is an RSA key in PEM (RFC 8017 appendix A.1.2) whose modulus has so many bytes.
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

var _ = Describe("A tenant who has the operator compute", func() {
	showsCertificate := func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.TLSClientAuth}
	}

	DescribeTable("costs other tenants nothing",
		func(ctx SpecContext, size uint, said string) {
			w := newWorld(ctx)
			certificate := "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
			for i := range 20 {
				name := fmt.Sprintf("large-%d", i)
				create(ctx,
					w.attacker.credentials(name+"-credentials", map[string]string{"client_id": name, "tls.crt": certificate, "tls.key": hugeKey(size)}),
					w.attacker.clientCredential(name, "http://127.0.0.1:1", showsCertificate))
			}
			w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
			for i := range 20 {
				w.attacker.says(ctx, fmt.Sprintf("large-%d", i), matchers.HaveCondition("Ready", "False", "CredentialsInvalid", ContainSubstring(said)))
			}
		},
		Entry("by a private key of 390 KiB", uint(140<<10), `"tls.key"`),
		Entry("by a private key that fits into the bound of a value", uint(20<<10), "8192 bits"),
	)

	It("is told of a CA bundle that is too large", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.attacker.credentials("authorities", map[string]string{"ca.crt": strings.Repeat("x", 600<<10)}))
		w.attacker.asks(ctx, "bundled", "http://127.0.0.1:1", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Kind: "Secret", Name: "authorities"}}
		})
		w.attacker.says(ctx, "bundled", matchers.HaveCondition("Ready", "False", "CABundleUnusable", ContainSubstring("longer than 512 KiB")))
	})
})
