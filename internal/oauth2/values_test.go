package oauth2_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// otherKeys sets the keys of a Secret whose owner chose other names.
func otherKeys(s *oauth2.CredentialsSource) {
	s.ClientIDKey, s.ClientSecretKey, s.PrivateKeyKey = "user", "pass", "rsa.pem"
}

// sentFrom returns the body of a request whose credentials are read from a source.
func sentFrom(source oauth2.CredentialsSource, s server, change ...func(*oauth2.Grant)) string {
	GinkgoHelper()
	read, _, err := oauth2.ReadCredentials(source, s)
	Expect(err).NotTo(HaveOccurred())
	grant := oauth2.Grant{Credentials: read}
	for _, c := range change {
		c(&grant)
	}
	return requestTo(s, grant).Body.Reveal()
}

var _ = Describe("values of the credentials Secret", func() {
	anonymous := bare(encodedAs(v1alpha1.JSONEncoding))
	with := func(changes ...func(*server)) server {
		s := *anonymous.DeepCopy()
		for _, change := range changes {
			change(&s)
		}
		return s
	}

	DescribeTable("are sent by their keys",
		func(source oauth2.CredentialsSource, s server, sent string) {
			Expect(sentFrom(source, s)).To(MatchJSON(sent))
		},
		Entry("as they are", secretWith(map[string]string{"a.b-c_D": "v"}), with(withSecretKeys("p", "a.b-c_D")), `{"p": "v"}`),
		Entry("of the key for the name client_id, because a profile cannot know that key",
			secretWith(map[string]string{"user": "me"}, otherKeys), with(withSecretKeys("p", "client_id")), `{"p": "me"}`),
		Entry("of the key for the name client_secret",
			secretWith(map[string]string{"pass": "pw"}, otherKeys), with(withSecretKeys("p", "client_secret")), `{"p": "pw"}`),
		Entry("of the key for the name private_key",
			secretWith(map[string]string{"rsa.pem": "k"}, otherKeys), with(withSecretKeys("p", "private_key")), `{"p": "k"}`),
		Entry("of the key itself under its own name", secretWith(map[string]string{"user": "me"}, otherKeys), with(withSecretKeys("p", "user")), `{"p": "me"}`),
		Entry("but spec.clientID overrides that of the Secret", secretWith(pair("id", "s"), inlineID), with(withSecretKeys("p", "client_id")), `{"p": "inline"}`),
		Entry("spec.clientID even without a Secret", secretWith(nil, noSecret, inlineID), with(withSecretKeys("p", "client_id")), `{"p": "inline"}`),
		Entry("without the newline that an editor added", secretWith(map[string]string{"k": "v\n"}), with(withSecretKeys("p", "k")), `{"p": "v"}`),
	)

	DescribeTable("are sent by templates over them",
		func(source oauth2.CredentialsSource, template, sent string) {
			Expect(sentFrom(source, with(withTemplates("p", template)))).To(MatchJSON(sent))
		},
		Entry("by their names", secretWith(map[string]string{"user": "u", "password": "p"}), `{{ printf "%s:%s" .user .password | b64enc }}`, `{"p": "dTpw"}`),
		Entry("by names that are not identifiers", secretWith(map[string]string{"tls.crt": "c"}), `{{ index . "tls.crt" }}`, `{"p": "c"}`),
		Entry("by their roles, whatever their keys", secretWith(map[string]string{"user": "u", "pass": "p", "rsa.pem": "k"}, otherKeys),
			`{{ .client_id }}-{{ .client_secret }}-{{ .private_key }}`, `{"p": "u-p-k"}`),
		Entry("by a role, which overrides a key of that name", secretWith(map[string]string{"user": "u", "client_id": "x"}, otherKeys), `{{ .client_id }}`, `{"p": "u"}`),
		Entry("with spec.clientID for the client ID", secretWith(pair("id", "s"), inlineID), `{{ .client_id }}`, `{"p": "inline"}`),
		Entry("with spec.clientID without a Secret", secretWith(nil, noSecret, inlineID), `{{ .client_id }}`, `{"p": "inline"}`),
		Entry("without the newline that an editor added", secretWith(map[string]string{"k": "\ufeffv\r\n"}), `[{{ .k }}]`, `{"p": "[v]"}`),
		Entry("next to a value that is not a text", secretWith(map[string]string{"k": "v", "jks": "\xfe\xed\xff"}), `{{ .k }}`, `{"p": "v"}`),
		Entry("without a value at all", secretWith(nil), `fixed`, `{"p": "fixed"}`),
	)

	It("are available to templates, and so are scopes, audience and the JWT that is the grant", func() {
		s := with(withTemplates("p", `{{ join "+" .scopes }} {{ .audience }} {{ .assertion }}`), grantAssertion(v1alpha1.Assertion{ServiceAccountToken: federated}),
			withNames(v1alpha1.ParameterNames{ClientID: named(""), GrantType: named(""), Assertion: named(""), Scope: named(""), Audience: named("")}))
		Expect(sentFrom(secretWith(nil), s, func(g *oauth2.Grant) {
			g.Scopes, g.Audience, g.ServiceAccountToken = []string{"a", "b"}, "api", oauth2.NewSensitive("eyJ.sa.t")
		})).To(MatchJSON(`{"p": "a+b api eyJ.sa.t"}`))
	})

	DescribeTable("are missing, or cannot be used:",
		func(source oauth2.CredentialsSource, reason string, said ...string) {
			_, _, err := oauth2.ReadCredentials(source, with(withSecretKeys("tenant", "apikey")))
			failure := failureOf(err)
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(problem.ObjectNotReady))
			for _, words := range said {
				Expect(failure.Message).To(ContainSubstring(words))
			}
			Expect(failure.Message).NotTo(ContainSubstring("MARK"))
		},
		Entry("the message names the missing key, its use and the existing keys", secretWith(map[string]string{"api-key": "MARK"}), v1alpha1.ReasonCredentialsMissing,
			`no key "apikey"`, "parameter tenant", "api-key", "secretKey"),
		Entry("an empty value", secretWith(map[string]string{"apikey": "\n"}), v1alpha1.ReasonCredentialsInvalid, `"apikey"`, "empty"),
		Entry("a NUL", secretWith(map[string]string{"apikey": "MARK\x00"}), v1alpha1.ReasonCredentialsInvalid, `"apikey"`, "control characters"),
		Entry("a value that is not UTF-8", secretWith(map[string]string{"apikey": "MARK\xff"}), v1alpha1.ReasonCredentialsInvalid, `"apikey"`, "UTF-8"),
		Entry("no Secret", secretWith(nil, noSecret), v1alpha1.ReasonCredentialsMissing, "spec.credentialsRef", "parameter tenant"),
	)

	DescribeTable("cause an error that names the key and no value if a template cannot use them:",
		func(template string, said string) {
			s := with(withTemplates("tenant", template))
			source := secretWith(map[string]string{"user": "MARK-user", "pass": "MARK-pass", "list": `["MARK"]`})
			read, _, err := oauth2.ReadCredentials(source, s)
			Expect(err).NotTo(HaveOccurred())
			failure := buildFailure(s, oauth2.Grant{Credentials: read})
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Class).To(Equal(problem.ObjectNotReady))
			Expect(failure.Message).To(And(ContainSubstring("parameter tenant"), ContainSubstring(said), Not(ContainSubstring("MARK"))))
		},
		Entry("a key that is not there", `{{ .passwd }}`, `"passwd"`),
		Entry("a key that is not there, by index", `{{ index . "pass-word" }}`, `"pass-word"`),
		Entry("scopes that are not requested", `{{ join "," .scopes }}`, `"scopes"`),
		Entry("an audience that is not requested", `{{ .audience }}`, `"audience"`),
		Entry("an assertion that is not declared", `{{ .assertion }}`, `"assertion"`),
		Entry("a value as a key", `{{ index . .pass }}`, "no key"),
		Entry("a value that is not base64", `{{ .pass | b64dec }}`, "b64dec"),
		Entry("a value that is not JSON", `{{ (fromJson .pass).a }}`, "fromJson"),
		Entry("a value that is not a certificate", `{{ x5t .pass }}`, "certificate"),
		Entry("a value as a list", `{{ first .pass }}`, "line 1: cannot be rendered at <.pass>: wrong type for value"),
	)

	DescribeTable("are read once, and one notice says that they were trimmed",
		func(changes ...func(*server)) {
			source := secretWith(map[string]string{"client_id": "id", "client_secret": "s\n"})
			_, notices, err := oauth2.ReadCredentials(source, rfc6749(changes...))
			Expect(err).NotTo(HaveOccurred())
			Expect(notices).To(ConsistOf(HaveField("Message", ContainSubstring(`"client_secret"`))))
		},
		Entry("by the client authentication"),
		Entry("by a parameter as well", withSecretKeys("p", "client_secret")),
		Entry("by a template as well", withTemplates("p", "{{ .client_secret }}")),
	)

	DescribeTable("and all other credentials identify a client:",
		func(change func(*oauth2.Credentials), same bool) {
			one := oauth2.Credentials{ClientID: oauth2.NewSensitive("a"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive("b"), Values: map[string]oauth2.Sensitive{"k": oauth2.NewSensitive("v")}}
			other := one
			other.Values = map[string]oauth2.Sensitive{"k": oauth2.NewSensitive("v")}
			change(&other)
			Expect(one.Equal(other)).To(Equal(same))
		},
		Entry("nothing changed", func(*oauth2.Credentials) {}, true),
		Entry("another ID", func(c *oauth2.Credentials) { c.ClientID = oauth2.NewSensitive("x") }, false),
		Entry("another secret", func(c *oauth2.Credentials) { c.ClientSecret = oauth2.NewSensitive("x") }, false),
		Entry("a private key", func(c *oauth2.Credentials) { c.PrivateKey = oauth2.NewSensitive("x") }, false),
		Entry("a certificate", func(c *oauth2.Credentials) { c.Certificate = oauth2.NewSensitive("x") }, false),
		Entry("the key of a certificate", func(c *oauth2.Credentials) { c.CertificateKey = oauth2.NewSensitive("x") }, false),
		Entry("another value", func(c *oauth2.Credentials) { c.Values["k"] = oauth2.NewSensitive("x") }, false),
		Entry("a further value", func(c *oauth2.Credentials) { c.Values["l"] = oauth2.NewSensitive("") }, false),
	)
})
