package oauth2_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("the headers of a JWT", func() {
	headerOf := func(values map[string]string, headers ...v1alpha1.Parameter) map[string]any {
		GinkgoHelper()
		s := rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), withAssertion(v1alpha1.Assertion{KeyID: "k", Headers: headers}))
		held := holding(values)
		held.PrivateKey = oauth2.NewSensitive(pkcs8(rsaKey))
		header, _ := verified(sentForm(s, oauth2.Grant{Credentials: held}).Get("client_assertion"), rsaKey)
		return header
	}

	DescribeTable("are the declared headers:",
		func(parameter v1alpha1.Parameter, expected any) {
			Expect(headerOf(map[string]string{"v": "secret"}, parameter)).To(HaveKeyWithValue(parameter.Name, expected))
		},
		Entry("a text", v1alpha1.Parameter{Name: "x", Value: text("<&>")}, "<&>"),
		Entry("a number", v1alpha1.Parameter{Name: "x", Type: "Number", Value: text("12")}, 12.0),
		Entry("a Boolean", v1alpha1.Parameter{Name: "x", Type: "Boolean", Value: text("true")}, true),
		Entry("a list", v1alpha1.Parameter{Name: "x", Type: "JSON", Value: text(`["a", 1]`)}, []any{"a", 1.0}),
		Entry("an object with numbers", v1alpha1.Parameter{Name: "x", Type: "JSON", Value: text(`{"n": 12345678901}`)}, map[string]any{"n": 12345678901.0}),
		Entry("a value of the Secret", v1alpha1.Parameter{Name: "x", SecretKey: "v"}, "secret"),
		Entry("another type", v1alpha1.Parameter{Name: "typ", Value: text("client-authentication+jwt")}, "client-authentication+jwt"),
		Entry("another key ID", v1alpha1.Parameter{Name: "kid", Template: "{{ .v }}"}, "secret"),
	)

	It("may be nested", func() {
		Expect(headerOf(nil, v1alpha1.Parameter{Name: "/a/b", Value: text("c")})).To(HaveKeyWithValue("a", map[string]any{"b": "c"}))
	})

	It("may be the thumbprints of a certificate, and the certificate itself", func() {
		certificate, _ := certificateOf(p256Key, startedAt.AddDate(-1, 0, 0), startedAt.AddDate(1, 0, 0))
		der := derOf(certificate)
		one, two := sha1.Sum(der), sha256.Sum256(der)
		Expect(headerOf(map[string]string{"tls.crt": certificate},
			v1alpha1.Parameter{Name: "x5t", Template: `{{ index . "tls.crt" | x5t }}`},
			v1alpha1.Parameter{Name: "x5t#S256", Template: `{{ index . "tls.crt" | x5tS256 }}`},
			v1alpha1.Parameter{Name: "x5c", Type: "JSON", Template: `{{ index . "tls.crt" | x5c }}`},
		)).To(And(
			HaveKeyWithValue("x5t", base64.RawURLEncoding.EncodeToString(one[:])),
			HaveKeyWithValue("x5t#S256", base64.RawURLEncoding.EncodeToString(two[:])),
			HaveKeyWithValue("x5c", []any{base64.StdEncoding.EncodeToString(der)}),
		))
	})
})
