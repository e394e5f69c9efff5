//go:build interop

package interop_test

import (
	"crypto/x509/pkix"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/interop/provider"
	"github.com/tokensync/tokensync/test/matchers"
)

// refused is a login that cannot work, and the conditions that report it.
type refused struct {
	// client is the client whose login is correct before spoil changes it.
	client string
	spoil  func(l *login)
	// reason is the expected reason of the conditions, and says are parts of their message.
	reason string
	says   []string
	// unsent is set if no request reaches the token endpoint.
	unsent bool
	// detail is the reason that the provider reports only to the test. It proves that spoil caused the
	// refusal.
	detail string
}

// classes are the failure classes of the reasons. They decide when the operator retries.
var classes = map[string]v1alpha1.FailureClass{
	"InvalidClient":      problem.CredentialsRefused,
	"InvalidRequest":     problem.MayPass,
	"InvalidGrant":       problem.MayPass,
	"InvalidScope":       problem.MayPass,
	"InvalidTarget":      problem.MayPass,
	"DiscoveryFailed":    problem.MayPass,
	"CABundleUnusable":   problem.MayPass,
	"TLSFailed":          problem.Unavailable,
	"CredentialsInvalid": problem.ObjectNotReady,
}

// expectRefused is the body of the tables. Each of the problems may resolve itself, so none becomes
// Stalled within a spec.
func expectRefused(ctx SpecContext, row refused) {
	namespace := newNamespace(ctx)
	l := loginOf(row.client, namespace, op)
	row.spoil(l)
	sent := len(running.requests())
	l.put(ctx)

	By("reporting the problem, and what to do")
	says := []OmegaMatcher{}
	for _, part := range row.says {
		says = append(says, ContainSubstring(part))
	}
	Eventually(func(g Gomega) {
		status := l.now(ctx, g).Status
		g.Expect(status.Conditions).To(And(
			matchers.HaveCondition("Ready", "False", row.reason, says...),
			matchers.HaveCondition("Reconciling", "True", row.reason, says...),
			Not(matchers.HaveConditionType("Stalled"))))
		g.Expect(status.Failure).To(HaveValue(And(
			HaveField("Reason", row.reason), HaveField("Class", classes[row.reason]))))
		g.Expect(l.events(ctx, g)).To(ContainElement(And(
			HaveField("Type", "Warning"), HaveField("Reason", row.reason), HaveField("Note", And(says...)))))
		if row.detail != "" {
			g.Expect(l.at.Exchanges("")).To(ContainElement(HaveField("Detail", ContainSubstring(row.detail))))
		}
	}).Should(Succeed())
	if row.unsent {
		Expect(running.requests()).To(HaveLen(sent))
	}
	l.expectNothingSecretShown(ctx)

	By("getting a token once the problem is fixed")
	right := loginOf(row.client, namespace, op)
	right.put(ctx)
	right.requestRenewal(ctx)
	right.expectActive(ctx, right.eventuallyReady(ctx))
}

var _ = DescribeTable("No token is issued", expectRefused,
	Entry("with the secret of another client", refused{
		client: "basic", spoil: giving("client_secret", newSecret),
		reason: "InvalidClient", says: []string{
			"HTTP 401 invalid_client", `check the client ID and its secret (keys "client_id" and "client_secret" of Secret "credentials")`,
			"set authorizationServer.clientAuthentication.basicEncoding to Raw if both are right", "at most 4 times in the first hour",
		}, detail: "invalid secret provided",
	}),
	Entry("with a secret whose characters are not encoded", refused{
		client: "basic", spoil: func(l *login) { l.server().ClientAuthentication.BasicEncoding = v1alpha1.RawBasic },
		reason: "InvalidRequest", says: []string{
			"HTTP 400 invalid_request", "not properly encoded", "holds characters that form-encoding changes",
			"set authorizationServer.clientAuthentication.basicEncoding to FormURLEncoded if both are right",
		},
	}),
	Entry("without a secret, for a client that has a secret", refused{
		client: "basic", spoil: func(l *login) { l.server().ClientAuthentication.Method = v1alpha1.ClientAuthenticationNone },
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client", "no secret is sent", "method to client_secret_basic"},
	}),
	Entry("with the key of another client", refused{
		client: "es256", spoil: giving("private_key", func() string { return keys.foreign.sec1() }),
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client", "check the client ID"},
	}),
	Entry("with the ID of a key that the provider does not know", refused{
		client: "jwk", spoil: giving("private_key", func() string { return keys.ec.jwk("unknown", "sig") }),
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client"},
	}),
	Entry("with an algorithm other than the client's", refused{
		client: "ps256", spoil: func(l *login) { l.assertion().Algorithm = "RS256" },
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client"}, detail: "alg mismatch",
	}),
	Entry("with an assertion for another server", refused{
		client: "es256", spoil: func(l *login) { l.assertion().Audience = text("https://other.example.com") },
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client"}, detail: "audience (aud) must equal",
	}),

	Entry("with a key that is encrypted (JWE)", refused{
		client: "es256", spoil: giving("private_key", func() string { return keys.ec.jwe() }),
		reason: "CredentialsInvalid", says: []string{"private key", "encrypted (a JWE)", "put the decrypted key there"}, unsent: true,
	}),
	Entry("with a key that is encrypted (PEM)", refused{
		client: "es256", spoil: giving("private_key", func() string { return inPEM("ENCRYPTED PRIVATE KEY", []byte("unreadable")) }),
		reason: "CredentialsInvalid", says: []string{"private key", "encrypted with a passphrase"}, unsent: true,
	}),
	Entry("with a JWK for encryption", refused{
		client: "jwk", spoil: giving("private_key", func() string { return keys.ec.jwk("current", "enc") }),
		reason: "CredentialsInvalid", says: []string{"private key", "for encryption", "put a key for signatures there"}, unsent: true,
	}),

	Entry("with a certificate that has expired", refused{
		client: "mtls", spoil: showing(func() *provider.Certificate {
			return issued(op.Authority, provider.Identity{NotAfter: time.Now().Add(-time.Minute)})
		}),
		reason: "CredentialsInvalid", says: []string{"tls.crt", "expired at", "put a new one there"}, unsent: true,
	}),
	Entry("with a certificate of an authority that the provider does not know", refused{
		client: "mtls", spoil: showing(func() *provider.Certificate {
			foreign, err := provider.NewAuthority("foreign")
			Expect(err).NotTo(HaveOccurred())
			return issued(foreign, provider.Identity{Subject: pkix.Name{Organization: []string{"Example, Inc."}, CommonName: "mtls"}})
		}),
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client"}, detail: "client certificate was not verified",
	}),
	Entry("with the certificate of another client", refused{
		client: "mtls", spoil: showing(func() *provider.Certificate {
			return issued(op.Authority, provider.Identity{Subject: pkix.Name{CommonName: "other"}})
		}),
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client"}, detail: "certificate subject value does not match",
	}),
	Entry("with another self-signed certificate", refused{
		client: "self", spoil: showing(func() *provider.Certificate { return selfSigned("self") }),
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client"}, detail: "unregistered client certificate provided",
	}),
	Entry("at an endpoint that requests no certificate", refused{
		client: "mtls", spoil: func(l *login) { l.at, l.server().TokenEndpoint = apart, apart.TokenEndpoint },
		reason: "InvalidClient", says: []string{"HTTP 401 invalid_client"}, detail: "client certificate was not provided",
	}),

	Entry("for a client that must prove possession of a key (DPoP)", refused{
		client: "post", spoil: func(l *login) { l.as("dpop") },
		reason: "InvalidGrant", says: []string{"HTTP 400 invalid_grant", "the client at the authorization server", "DPoP"},
		detail: "DPoP proof JWT not provided",
	}),
	Entry("for a scope of 2,000 characters that the client may not request", refused{
		client: "post", spoil: func(l *login) { l.clientCredential.Spec.Scopes = []string{longScope} },
		reason: "InvalidScope", says: []string{"HTTP 400 invalid_scope", "spec.scopes"},
	}),
	Entry("for a resource that the client may not request", refused{
		client: "post", spoil: func(l *login) { l.clientCredential.Spec.Resources = []string{orders} },
		reason: "InvalidTarget", says: []string{"HTTP 400 invalid_target", "spec.resources"},
	}),
)

// giving replaces the value under a key of the credentials Secret.
func giving(key string, value func() string) func(*login) {
	return func(l *login) { l.give(map[string]string{key: value()}) }
}

// showing replaces the certificate in the credentials Secret.
func showing(certificate func() *provider.Certificate) func(*login) {
	return func(l *login) { l.give(shown(certificate())) }
}

func text(value string) *string { return &value }
