package oauth2_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func withSecretKeys(pairs ...string) func(*server) {
	return func(s *server) {
		for i := 0; i < len(pairs); i += 2 {
			s.Request.Parameters = append(s.Request.Parameters, v1alpha1.Parameter{Name: pairs[i], SecretKey: pairs[i+1]})
		}
	}
}

func withTemplates(pairs ...string) func(*server) {
	return func(s *server) {
		for i := 0; i < len(pairs); i += 2 {
			s.Request.Parameters = append(s.Request.Parameters, v1alpha1.Parameter{Name: pairs[i], Template: pairs[i+1]})
		}
	}
}

func noClientID(s *server) { s.Request.ParameterNames = &v1alpha1.ParameterNames{ClientID: named("")} }

func grantAssertion(assertion v1alpha1.Assertion) func(*server) {
	return func(s *server) { s.Request.Assertion = &assertion }
}

func clientCertificate(s *server) {
	s.TLS = &v1alpha1.TLSClient{ClientCertificate: v1alpha1.ClientCertificateFromCredentials}
}

// wholeSecret has a value for every key that a request may use.
var wholeSecret = map[string]string{
	"client_id": "id", "client_secret": "secret", "private_key": "key", "tls.crt": "crt", "tls.key": "tlskey", "apikey": "k3y", "unused": "not\x00valid",
}

// parts returns the content of the credentials in a form that can be compared.
func parts(c oauth2.Credentials) map[string]string {
	found := map[string]string{}
	for name, value := range map[string]string{
		"id": c.ClientID.Reveal(), "secret": c.ClientSecret.Reveal(), "key": c.PrivateKey.Reveal(),
		"crt": c.Certificate.Reveal(), "tlskey": c.CertificateKey.Reveal(),
	} {
		if value != "" {
			found[name] = value
		}
	}
	for key, value := range c.Values {
		found["value "+key] = value.Reveal()
	}
	return found
}

var _ = Describe("a key that the request does not use is not required:", func() {
	none, post := v1alpha1.ClientAuthenticationNone, v1alpha1.ClientSecretPost

	DescribeTable("only the needed keys are read from a whole Secret:",
		func(s server, used ...string) {
			source := secretWith(wholeSecret)
			read, _, err := oauth2.ReadCredentials(source, s)
			Expect(err).NotTo(HaveOccurred())
			found := []string{}
			for name := range parts(read) {
				found = append(found, name)
			}
			Expect(found).To(ConsistOf(used))
			Expect(oauth2.UsesSecret(s, "")).To(Equal(len(used) > 0))

			By("with a Secret that lacks these keys")
			_, _, err = oauth2.ReadCredentials(secretWith(map[string]string{"unused": "x"}), s)
			if len(used) > 0 {
				Expect(failureOf(err).Reason).To(Equal(v1alpha1.ReasonCredentialsMissing))
			} else {
				Expect(err).NotTo(HaveOccurred())
			}
		},
		Entry("basic", rfc6749(), "id", "secret"),
		Entry("basic, whose header needs the client ID regardless of the name of the parameter", rfc6749(noClientID), "id", "secret"),
		Entry("post", rfc6749(authenticatedBy(post)), "id", "secret"),
		Entry("post without a name for the client ID", rfc6749(authenticatedBy(post), noClientID), "secret"),
		Entry("post without a name for the secret", rfc6749(authenticatedBy(post), withNames(v1alpha1.ParameterNames{ClientSecret: named("")})), "id"),
		Entry("none", rfc6749(authenticatedBy(none)), "id"),
		Entry("none without a name for the client ID", rfc6749(authenticatedBy(none), noClientID)),
		Entry("none without a client ID, but with a key in a header", rfc6749(authenticatedBy(none), noClientID, func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-Key", SecretKey: "apikey"}}
		}), "value apikey"),
		Entry("none with a parameter", rfc6749(authenticatedBy(none), withSecretKeys("k", "apikey")), "id", "value apikey"),
		Entry("a JWT signed with the secret", rfc6749(authenticatedBy(v1alpha1.ClientSecretJWT)), "id", "secret"),
		Entry("a JWT signed with the key", rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT)), "id", "key"),
		Entry("a JWT that names the client in its claims", rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), noClientID), "id", "key"),
		Entry("a JWT with a declared issuer and subject", rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), noClientID,
			withAssertion(v1alpha1.Assertion{Issuer: text("i"), Subject: text("")})), "key"),
		Entry("a JWT that has issuer and subject as claims", rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), noClientID,
			withAssertion(v1alpha1.Assertion{Claims: []v1alpha1.Parameter{{Name: "iss", Value: text("i")}, {Name: "sub", SecretKey: "apikey"}}})), "key", "value apikey"),
		Entry("a JWT that has issuer and subject as claims, by pointers", rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), noClientID,
			withAssertion(v1alpha1.Assertion{Claims: []v1alpha1.Parameter{{Name: "/iss", Value: text("i")}, {Name: "/sub", Value: text("s")}}})), "key"),
		Entry("a token of a ServiceAccount", rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), noClientID, withAssertion(v1alpha1.Assertion{ServiceAccountToken: federated}))),
		Entry("a grant that is a JWT signed with the key", rfc6749(authenticatedBy(none), noClientID, grantAssertion(v1alpha1.Assertion{Issuer: text("i"), Subject: text("s")})), "key"),
		Entry("a grant that is a JWT signed with the secret", rfc6749(authenticatedBy(none), noClientID, grantAssertion(v1alpha1.Assertion{Algorithm: "HS256", Issuer: text("i"), Subject: text("s")})), "secret"),
		Entry("a grant whose JWT names the client", rfc6749(authenticatedBy(none), noClientID, grantAssertion(v1alpha1.Assertion{})), "id", "key"),
		Entry("a header of a JWT", rfc6749(authenticatedBy(none), noClientID, grantAssertion(v1alpha1.Assertion{
			Issuer: text(""), Subject: text(""), Headers: []v1alpha1.Parameter{{Name: "x", SecretKey: "apikey"}}})), "key", "value apikey"),
		Entry("a certificate for tls_client_auth", rfc6749(authenticatedBy(v1alpha1.TLSClientAuth)), "id", "crt", "tlskey"),
		Entry("a certificate for self_signed_tls_client_auth", rfc6749(authenticatedBy(v1alpha1.SelfSignedTLSClientAuth), noClientID), "crt", "tlskey"),
		Entry("a certificate and the client secret", rfc6749(clientCertificate), "id", "secret", "crt", "tlskey"),
		Entry("no certificate if clientCertificate is None", rfc6749(authenticatedBy(none), noClientID, func(s *server) { s.TLS = &v1alpha1.TLSClient{ClientCertificate: "None"} })),
	)

	DescribeTable("the audience of a ServiceAccount's token:",
		func(s server, audience string) { Expect(oauth2.ServiceAccountAudience(s)).To(Equal(audience)) },
		Entry("is empty by default", rfc6749(), ""),
		Entry("is that of the client's JWT", rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), withAssertion(v1alpha1.Assertion{ServiceAccountToken: federated})), "api://AzureADTokenExchange"),
		Entry("is that of the grant", rfc6749(grantAssertion(v1alpha1.Assertion{ServiceAccountToken: federated})), "api://AzureADTokenExchange"),
		Entry("is empty if the method sends no JWT", rfc6749(withAssertion(v1alpha1.Assertion{ServiceAccountToken: federated})), ""),
	)

	It("spec.clientID is enough for a client without a secret", func() {
		Expect(oauth2.UsesSecret(rfc6749(authenticatedBy(none)), "shop")).To(BeFalse())
		Expect(oauth2.UsesSecret(rfc6749(), "shop")).To(BeTrue())
		Expect(oauth2.UsesSecret(rfc6749(authenticatedBy(none), withTemplates("a", "{{ .x }}")), "shop")).To(BeTrue())
	})

	It("a request of a client without an ID has no ID", func() {
		s := rfc6749(authenticatedBy(none), noClientID, withSecretKeys("apikey", "apikey"))
		read, _, err := oauth2.ReadCredentials(secretWith(map[string]string{"apikey": "k3y"}), s)
		Expect(err).NotTo(HaveOccurred())
		Expect(requestTo(s, oauth2.Grant{Credentials: read}).Body.Reveal()).To(Equal("apikey=k3y&grant_type=client_credentials"))
	})
})

func text(s string) *string { return &s }
