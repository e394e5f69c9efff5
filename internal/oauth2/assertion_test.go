package oauth2_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

var allAlgorithms = []jose.SignatureAlgorithm{
	jose.HS256, jose.HS384, jose.HS512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

func withKey(key string) oauth2.Credentials {
	return oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(longSecret), PrivateKey: oauth2.NewSensitive(key)}
}

// verified returns the header and the claims of a JWT, after it checks the signature.
func verified(compact string, key any) (header, claims map[string]any) {
	GinkgoHelper()
	signed, err := jose.ParseSignedCompact(compact, allAlgorithms)
	Expect(err).NotTo(HaveOccurred())
	payload, err := signed.Verify(publicOf(key))
	Expect(err).NotTo(HaveOccurred())
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[0])
	Expect(err).NotTo(HaveOccurred())
	Expect(json.Unmarshal(raw, &header)).To(Succeed())
	Expect(json.Unmarshal(payload, &claims)).To(Succeed())
	return header, claims
}

// sentForm returns the parameters of a form-encoded request.
func sentForm(s server, grant oauth2.Grant) url.Values {
	GinkgoHelper()
	form, err := url.ParseQuery(requestTo(s, grant).Body.Reveal())
	Expect(err).NotTo(HaveOccurred())
	return form
}

// clientJWT returns the header and the claims of the JWT that authenticates a client by its key.
func clientJWT(assertion v1alpha1.Assertion, held oauth2.Credentials) (header, claims map[string]any) {
	GinkgoHelper()
	s := rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), withAssertion(assertion))
	held.Values = map[string]oauth2.Sensitive{"k": oauth2.NewSensitive("v")}
	grant := oauth2.Grant{Credentials: held, Scopes: []string{"s", "t"}, Audience: "api"}
	return verified(sentForm(s, grant).Get("client_assertion"), rsaKey)
}

var _ = Describe("a signed JWT", func() {
	keyJWT := authenticatedBy(v1alpha1.PrivateKeyJWT)
	rsaClient := withKey(pkcs8(rsaKey))

	It("authenticates a client by its key", func() {
		form := sentForm(rfc6749(keyJWT), oauth2.Grant{Credentials: rsaClient})
		Expect(form).To(And(HaveLen(4), HaveKeyWithValue("grant_type", []string{"client_credentials"}),
			HaveKeyWithValue("client_id", []string{"shop"}), HaveKeyWithValue("client_assertion_type", []string{jwtBearer})))
		header, claims := verified(form.Get("client_assertion"), rsaKey)
		Expect(header).To(Equal(map[string]any{"alg": "RS256", "typ": "JWT"}))
		now := float64(startedAt.Unix())
		Expect(claims).To(And(HaveLen(6), HaveKeyWithValue("iss", "shop"), HaveKeyWithValue("sub", "shop"),
			HaveKeyWithValue("aud", "https://idp.example.com/token"), HaveKeyWithValue("iat", now-10), HaveKeyWithValue("exp", now+50),
			HaveKeyWithValue("jti", MatchRegexp("^[A-Z2-7]{26,}$"))))
	})

	It("authenticates a client by its secret", func() {
		s := rfc6749(authenticatedBy(v1alpha1.ClientSecretJWT))
		form := sentForm(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(longSecret)}})
		header, claims := verified(form.Get("client_assertion"), []byte(longSecret))
		Expect(header).To(HaveKeyWithValue("alg", "HS256"))
		Expect(claims).To(HaveKeyWithValue("iss", "shop"))
		Expect(form).To(HaveKeyWithValue("client_assertion_type", []string{jwtBearer}))
		Expect(form).NotTo(HaveKey("client_secret"))
	})

	It("is sent without a client ID if the parameter name of the ID is empty", func() {
		form := sentForm(rfc6749(keyJWT, noClientID), oauth2.Grant{Credentials: rsaClient})
		Expect(form).NotTo(HaveKey("client_id"))
	})

	It("is new in each request, because a server may refuse an ID that it has seen", func() {
		_, one := clientJWT(v1alpha1.Assertion{}, rsaClient)
		_, other := clientJWT(v1alpha1.Assertion{}, rsaClient)
		Expect(one["jti"]).NotTo(Equal(other["jti"]))
	})

	It("may be the grant itself", func() {
		s := rfc6749(authenticatedBy(v1alpha1.ClientAuthenticationNone), noClientID, func(s *server) {
			s.Request.GrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"
		}, grantAssertion(v1alpha1.Assertion{Subject: text("user@example.com")}))
		form := sentForm(s, oauth2.Grant{Credentials: rsaClient})
		Expect(form).To(And(HaveLen(2), HaveKeyWithValue("grant_type", []string{"urn:ietf:params:oauth:grant-type:jwt-bearer"})))
		_, claims := verified(form.Get("assertion"), rsaKey)
		Expect(claims).To(And(HaveKeyWithValue("iss", "shop"), HaveKeyWithValue("sub", "user@example.com")))
	})

	It("may be the grant, signed with the client secret", func() {
		s := rfc6749(authenticatedBy(v1alpha1.ClientAuthenticationNone), grantAssertion(v1alpha1.Assertion{Algorithm: "HS384"}))
		header, _ := verified(sentForm(s, oauth2.Grant{Credentials: rsaClient}).Get("assertion"), []byte(longSecret))
		Expect(header).To(HaveKeyWithValue("alg", "HS384"))
	})

	It("may be the grant, while another JWT authenticates the client", func() {
		s := rfc6749(keyJWT, grantAssertion(v1alpha1.Assertion{Audience: text("https://issuer.example.com")}))
		form := sentForm(s, oauth2.Grant{Credentials: rsaClient})
		Expect(form.Get("assertion")).NotTo(Equal(form.Get("client_assertion")))
		_, claims := verified(form.Get("assertion"), rsaKey)
		Expect(claims).To(HaveKeyWithValue("aud", "https://issuer.example.com"))
	})

	It("may be the grant in a header instead of a parameter", func() {
		s := rfc6749(authenticatedBy(v1alpha1.ClientAuthenticationNone), grantAssertion(v1alpha1.Assertion{}), func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "Authorization", Template: "Bearer {{ .assertion }}"}}
		}, withNames(v1alpha1.ParameterNames{Assertion: named("")}))
		request := requestTo(s, oauth2.Grant{Credentials: rsaClient})
		Expect(request.Body.Reveal()).To(Equal("client_id=shop&grant_type=client_credentials"))
		token, found := strings.CutPrefix(request.Header["Authorization"].Reveal(), "Bearer ")
		Expect(found).To(BeTrue())
		_, claims := verified(token, rsaKey)
		Expect(claims).To(HaveKeyWithValue("iss", "shop"))
		Expect(request.Show()).To(ContainSubstring("Authorization: [REDACTED]"))
	})

	It("may be the token of a ServiceAccount, for the client and for the grant", func() {
		s := rfc6749(keyJWT, withAssertion(v1alpha1.Assertion{ServiceAccountToken: federated}), grantAssertion(v1alpha1.Assertion{ServiceAccountToken: federated}))
		form := sentForm(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true}, ServiceAccountToken: oauth2.NewSensitive("eyJ.sa.t")})
		Expect(form).To(And(HaveKeyWithValue("client_assertion", []string{"eyJ.sa.t"}), HaveKeyWithValue("assertion", []string{"eyJ.sa.t"}),
			HaveKeyWithValue("client_assertion_type", []string{jwtBearer})))
	})

	DescribeTable("has the declared claims:",
		func(assertion v1alpha1.Assertion, name string, claimed any) {
			_, claims := clientJWT(assertion, rsaClient)
			Expect(claims).To(HaveKeyWithValue(name, claimed))
		},
		Entry("another issuer", v1alpha1.Assertion{Issuer: text("https://me")}, "iss", "https://me"),
		Entry("another subject", v1alpha1.Assertion{Subject: text("me")}, "sub", "me"),
		Entry("another audience, which is a text and not a list", v1alpha1.Assertion{Audience: text("https://issuer")}, "aud", "https://issuer"),
		Entry("another lifetime", v1alpha1.Assertion{Lifetime: &metav1.Duration{Duration: time.Hour}}, "exp", float64(startedAt.Unix()-10+3600)),
		Entry("a further claim", claims(v1alpha1.Parameter{Name: "scope", Value: text("a b")}), "scope", "a b"),
		Entry("a claim that is empty", claims(v1alpha1.Parameter{Name: "x", Value: text("")}), "x", ""),
		Entry("a claim that is a number", claims(v1alpha1.Parameter{Name: "n", Type: "Number", Value: text("12")}), "n", 12.0),
		Entry("a claim that is a Boolean", claims(v1alpha1.Parameter{Name: "b", Type: "Boolean", Value: text("true")}), "b", true),
		Entry("an audience that is a list", claims(v1alpha1.Parameter{Name: "aud", Type: "JSON", Value: text(`["a"]`)}), "aud", []any{"a"}),
		Entry("an issuer as a claim, which overrides the default", claims(v1alpha1.Parameter{Name: "iss", Value: text("x")}), "iss", "x"),
		Entry("a declared ID", claims(v1alpha1.Parameter{Name: "jti", Value: text("x")}), "jti", "x"),
		Entry("a claim inside another", claims(v1alpha1.Parameter{Name: "/a/b", Value: text("x")}), "a", map[string]any{"b": "x"}),
		Entry("a claim from the credentials Secret", claims(v1alpha1.Parameter{Name: "k", SecretKey: "k"}), "k", "v"),
		Entry("a claim by a template", claims(v1alpha1.Parameter{Name: "k", Template: `{{ .k | upper }}`}), "k", "V"),
		Entry("the scopes by a template", claims(v1alpha1.Parameter{Name: "scp", Template: `{{ join "," .scopes }}`}), "scp", "s,t"),
		Entry("the audience by a template", claims(v1alpha1.Parameter{Name: "target", Template: `{{ .audience }}`}), "target", "api"),
	)

	span := func(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }
	DescribeTable("is issued and expires, in seconds from now,",
		func(assertion v1alpha1.Assertion, issued, expires float64) {
			_, claims := clientJWT(assertion, rsaClient)
			now := float64(startedAt.Unix())
			Expect(claims).To(And(HaveKeyWithValue("iat", now+issued), HaveKeyWithValue("exp", now+expires), Not(HaveKey("nbf"))))
		},
		Entry("with a minute between the two by default", v1alpha1.Assertion{}, -10.0, 50.0),
		Entry("earlier for a server whose clock is further behind", v1alpha1.Assertion{ClockSkew: span(30 * time.Second)}, -30.0, 30.0),
		Entry("now, for a server that rejects a JWT from the past", v1alpha1.Assertion{ClockSkew: span(0)}, 0.0, 60.0),
		Entry("so that it is still valid, even if it is back-dated far", v1alpha1.Assertion{ClockSkew: span(5 * time.Minute)}, -300.0, 300.0),
		Entry("with the declared lifetime between the two, which servers limit", v1alpha1.Assertion{ClockSkew: span(time.Minute), Lifetime: span(10 * time.Minute)}, -60.0, 540.0),
		Entry("with half of a short lifetime ahead", v1alpha1.Assertion{Lifetime: span(10 * time.Second)}, -5.0, 5.0),
		Entry("with half of the lifetime ahead, if the lifetime of a profile is too short", v1alpha1.Assertion{ClockSkew: span(5 * time.Minute), Lifetime: span(time.Minute)}, -30.0, 30.0),
		Entry("with at most its lifetime between the two, in whole seconds", v1alpha1.Assertion{ClockSkew: span(500 * time.Millisecond), Lifetime: span(10500 * time.Millisecond)}, -1.0, 9.0),
	)

	It("has the claim nbf if it is declared", func() {
		_, claims := clientJWT(v1alpha1.Assertion{NotBefore: boolean(true), ClockSkew: span(30 * time.Second)}, rsaClient)
		Expect(claims).To(HaveKeyWithValue("nbf", float64(startedAt.Unix()-30)))
		Expect(claims["nbf"]).To(Equal(claims["iat"]))
		_, claims = clientJWT(v1alpha1.Assertion{NotBefore: boolean(false)}, rsaClient)
		Expect(claims).NotTo(HaveKey("nbf"))
	})

	It("is also back-dated if it is the grant", func() {
		s := rfc6749(authenticatedBy(v1alpha1.ClientAuthenticationNone), grantAssertion(v1alpha1.Assertion{ClockSkew: span(20 * time.Second), NotBefore: boolean(true)}))
		_, claims := verified(sentForm(s, oauth2.Grant{Credentials: rsaClient}).Get("assertion"), rsaKey)
		now := float64(startedAt.Unix())
		Expect(claims).To(And(HaveKeyWithValue("iat", now-20), HaveKeyWithValue("nbf", now-20), HaveKeyWithValue("exp", now+40)))
	})

	DescribeTable("leaves out a claim that is declared to be empty:",
		func(assertion v1alpha1.Assertion, name string) {
			_, claims := clientJWT(assertion, rsaClient)
			Expect(claims).To(And(HaveLen(5), Not(HaveKey(name))))
		},
		Entry("iss", v1alpha1.Assertion{Issuer: text("")}, "iss"),
		Entry("sub", v1alpha1.Assertion{Subject: text("")}, "sub"),
		Entry("aud", v1alpha1.Assertion{Audience: text("")}, "aud"),
	)

	DescribeTable("is not built from an invalid declaration:",
		func(assertion v1alpha1.Assertion, said string) {
			s := rfc6749(keyJWT, withAssertion(assertion))
			failure := buildFailure(s, oauth2.Grant{Credentials: rsaClient})
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Message).To(ContainSubstring(said))
		},
		Entry("two claims that lead to the same place", claims(v1alpha1.Parameter{Name: "a", Value: text("1")}, v1alpha1.Parameter{Name: "/a/b", Value: text("2")}), "same place"),
		Entry("a claim whose template fails", claims(v1alpha1.Parameter{Name: "c", Template: "{{ .x }}"}), "claim c"),
		Entry("a header alg, by a pointer", v1alpha1.Assertion{Headers: []v1alpha1.Parameter{{Name: "/alg", Value: text("none")}}}, "JOSE header alg cannot be set"),
		Entry("a header whose template fails", v1alpha1.Assertion{Headers: []v1alpha1.Parameter{{Name: "h", Template: "{{ .x }}"}}}, "JOSE header h"),
		Entry("a claim whose template uses the assertion itself", claims(v1alpha1.Parameter{Name: "c", Template: "{{ .assertion }}"}), `"assertion"`),
	)

	It("causes an error if it is the grant and cannot be built", func() {
		s := rfc6749(grantAssertion(v1alpha1.Assertion{}))
		Expect(buildFailure(s, oauth2.Grant{Credentials: withKey("no key")}).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
	})
})

func boolean(value bool) *bool { return &value }

func claims(parameters ...v1alpha1.Parameter) v1alpha1.Assertion {
	return v1alpha1.Assertion{Claims: parameters}
}
