package main

import (
	"bytes"
	"io"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/profile"
)

var now = time.Date(2026, 11, 22, 14, 3, 5, 0, time.UTC)

// good returns the row of a sample whose token was renewed.
func good(name string) row {
	return row{
		name: name, ready: "True", reason: v1alpha1.ReasonTokenIssued, secret: name + "-token",
		issuedAt: now, expiresAt: now.Add(tokenLifetime), renewAt: now.Add(tokenLifetime / 2),
		active: true, requests: 2, renewals: 1,
	}
}

var refused = row{name: wrongSecret, ready: "False", reason: v1alpha1.ReasonInvalidClient, message: "check the secret", requests: 1}

var _ = Describe("the scene", func() {
	var s scene

	BeforeEach(func() {
		var err error
		s, err = readScene("../../" + samplesFolder)
		Expect(err).NotTo(HaveOccurred())
	})

	It("has samples that are complete with their profiles", func() {
		for _, credential := range s.credentials {
			_, err := profile.Complete(*credential.Spec.AuthorizationServer, credential.Spec.Parameters)
			Expect(err).NotTo(HaveOccurred(), credential.Name)
		}
	})

	DescribeTable("has a sample for each client that the README names",
		func(name string, method v1alpha1.ClientAuthenticationMethod) {
			Expect(s.credentials).To(ContainElement(Satisfy(func(credential *v1alpha1.ClientCredential) bool {
				completed, err := profile.Complete(*credential.Spec.AuthorizationServer, credential.Spec.Parameters)
				return err == nil && credential.Name != wrongSecret && completed.Profile == name && completed.ClientAuthentication.Method == method
			})))
		},
		Entry("Commerce Layer, integration", "CommerceLayer", v1alpha1.ClientSecretPost),
		Entry("Commerce Layer, sales channel", "CommerceLayer", v1alpha1.ClientAuthenticationNone),
		Entry("Elastic Path, client credentials", "ElasticPath", v1alpha1.ClientSecretPost),
		Entry("Elastic Path, implicit", "ElasticPathImplicit", v1alpha1.ClientAuthenticationNone),
		Entry("fabric", "Fabric", v1alpha1.ClientSecretPost),
		Entry("OroCommerce", "OroCommerce", v1alpha1.ClientSecretPost),
		Entry("RFC 6749", "RFC6749", v1alpha1.ClientSecretBasic),
	)

	It("points every sample at the server of the demo", func() {
		s.redirect("http://127.0.0.1:1")
		for _, credential := range s.credentials {
			Expect(credential.Spec.AuthorizationServer.TokenEndpoint).To(MatchRegexp("^http://127.0.0.1:1/."), credential.Name)
		}
	})

	It("gives every sample its own client, so that its requests can be counted", func() {
		seen := map[string]bool{}
		for _, client := range s.clients() {
			if client.ID != wrongSecret {
				Expect(seen).NotTo(HaveKey(client.ID))
			}
			seen[client.ID] = true
		}
		Expect(seen).To(HaveLen(len(s.credentials)))
	})

	It("allows the use of every credentials Secret", func() {
		for _, secret := range s.secrets {
			Expect(secret.Labels).To(HaveKeyWithValue(v1alpha1.UsageLabel, v1alpha1.UsageClientCredential), secret.Name)
		}
	})
})

var _ = Describe("the verdict", func() {
	samples := []string{"a", "b"}

	It("is no error if every sample was renewed and the wrong secret was reported", func() {
		Expect(missing([]row{good("a"), good("b"), refused}, samples)).To(Succeed())
	})

	DescribeTable("names what is missing",
		func(change func(*row), expected string) {
			b := good("b")
			change(&b)
			Expect(missing([]row{good("a"), b, refused}, samples)).To(MatchError("b: " + expected))
		},
		Entry("a sample that is not ready", func(r *row) { r.ready, r.reason, r.message = "False", "Timeout", "slow" }, "not ready: Timeout: slow"),
		Entry("a renewal", func(r *row) { r.renewals = 0 }, `its token in Secret "b-token" was not renewed`),
		Entry("a token that the server accepts", func(r *row) { r.active = false }, `the authorization server does not accept the token in Secret "b-token"`),
		Entry("a status that is up to date", func(r *row) { r.renewAt = time.Time{} }, `its status does not describe the token in Secret "b-token"`),
	)

	It("is an error while there is no status", func() {
		Expect(missing(nil, samples)).To(MatchError(ContainSubstring("a: the operator has not written its status yet")))
	})

	It("requires the right reason for the wrong secret", func() {
		r := refused
		r.reason = v1alpha1.ReasonTimeout
		Expect(missing([]row{good("a"), good("b"), r}, samples)).To(MatchError(ContainSubstring(`expected "not ready: InvalidClient"`)))
	})
})

var _ = Describe("the screen", func() {
	It("writes a line for each change, and no other line", func() {
		var output bytes.Buffer
		journal := &journal{output: &output, last: map[string]row{}}
		journal.show([]row{good("a"), refused}, now)
		journal.show([]row{good("a"), refused}, now)
		Expect(strings.Split(strings.TrimSpace(output.String()), "\n")).To(HaveExactElements(
			MatchRegexp("^14:03:05  a +token 2 written to Secret a-token, expires in 30s$"),
			MatchRegexp("^14:03:05  a +ready: TokenIssued$"),
			MatchRegexp("^14:03:05  wrong-secret +not ready: InvalidClient: check the secret$"),
		))
	})

	It("repaints a terminal from the first line of the last table", func() {
		var output bytes.Buffer
		terminal := &terminal{output: &output}
		terminal.show([]row{good("a"), refused}, now)
		output.Reset()
		terminal.show([]row{good("a")}, now)
		Expect(output.String()).To(HavePrefix("\x1b[3A\x1b[J"))
		Expect(output.String()).To(MatchRegexp(`a +True +TokenIssued +a-token +30s +15s +2 +1\n`))
	})
})

var _ = Describe("the flags", func() {
	It("match the Makefile", func() {
		Expect(parse([]string{"--manager", "x", "--once"}, io.Discard)).To(Equal(settings{manager: "x", once: true}))
	})

	It("allow no arguments", func() {
		_, err := parse([]string{"once"}, io.Discard)
		Expect(err).To(MatchError(ContainSubstring("unexpected argument")))
	})
})
