//go:build interop

package provider_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("an assertion", func() {
	DescribeTable("is accepted",
		func(ctx SpecContext, algorithm, clientID, keyID string, audience func() string) {
			Expect(assert(ctx, algorithm, keyID, claims(clientID, audience())).Status).To(Equal(200))
		},
		Entry("with a secret, for the token endpoint", "HS256", "hs256", "", func() string { return op.TokenEndpoint }),
		Entry("with an RSA key, for the token endpoint", "RS256", "rs256", "rsa", func() string { return op.TokenEndpoint }),
		Entry("with an RSA key, for the issuer", "RS256", "rs256", "rsa", func() string { return op.Issuer }),
		Entry("with an EC key, for the issuer", "ES256", "es256", "ec", func() string { return op.Issuer }),
		Entry("with no key ID", "ES256", "es256", "", func() string { return op.Issuer }),
	)

	DescribeTable("is refused",
		func(ctx SpecContext, keyID, claim string, value any) {
			changed := claims("es256", op.Issuer)
			changed[claim] = value
			Expect(assert(ctx, "ES256", keyID, changed)).
				To(And(HaveField("Status", 401), HaveField("Error", "invalid_client")))
		},
		Entry("for another audience", "ec", "aud", "https://other.example.com"),
		Entry("without an ID", "ec", "jti", nil),
		Entry("without an expiry", "ec", "exp", nil),
		Entry("of another issuer", "ec", "iss", "rs256"),
		Entry("after its expiry", "ec", "exp", 1),
		Entry("with the ID of an unknown key", "other", "sub", "es256"),
	)

	It("is refused with an algorithm other than the client's", func(ctx SpecContext) {
		Expect(assert(ctx, "ES256", "", claims("rs256", op.Issuer)).Error).To(Equal("invalid_client"))
	})

	It("is refused the second time", func(ctx SpecContext) {
		once := claims("es256", op.Issuer)
		Expect(assert(ctx, "ES256", "ec", once).Status).To(Equal(200))
		Expect(assert(ctx, "ES256", "ec", once).Error).To(Equal("invalid_client"))
	})
})
