package oauth2_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("a request as it is shown", func() {
	held := holding(map[string]string{"key": `v4lue-of "key" & more`, "user": "v4lue-of-user"})
	held.PrivateKey = oauth2.NewSensitive(pkcs8(p256Key))
	grant := oauth2.Grant{Credentials: held, Scopes: []string{"a", "b"}, Resources: []string{"urn:1", "urn:2"}}

	everything := func(s *server) {
		s.TokenEndpoint = "https://idp.example.com/token?tenant=a"
		s.Request.Parameters = []v1alpha1.Parameter{
			{Name: "open", Value: text("to see")}, {Name: "key", SecretKey: "key"}, {Name: "made", Template: `{{ .user | b64enc }}`},
		}
		s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-Key", SecretKey: "user"}, {Name: "X-Open", Value: text("to see")}}
	}

	DescribeTable("has [REDACTED] exactly in place of secrets:",
		func(shown string, changes ...func(*server)) {
			request := requestTo(rfc6749(append([]func(*server){everything}, changes...)...), grant)
			Expect(request.Show()).To(Equal(shown))
		},
		Entry("form and basic", `POST https://idp.example.com/token?tenant=a
Accept: application/json
Authorization: [REDACTED]
Content-Type: application/x-www-form-urlencoded
X-Key: [REDACTED]
X-Open: to see

grant_type=client_credentials&key=[REDACTED]&made=[REDACTED]&open=to+see&resource=urn%3A1&resource=urn%3A2&scope=a+b
`),
		Entry("JSON and post", `POST https://idp.example.com/token?tenant=a
Accept: application/json
Content-Type: application/json
X-Key: [REDACTED]
X-Open: to see

{"client_id":"shop","client_secret":"[REDACTED]","grant_type":"client_credentials","key":"[REDACTED]","made":"[REDACTED]","open":"to see","resource":["urn:1","urn:2"],"scope":"a b"}
`, encodedAs(v1alpha1.JSONEncoding), authenticatedBy(v1alpha1.ClientSecretPost)),
		Entry("a query and post", `GET https://idp.example.com/token?tenant=a&client_id=shop&client_secret=[REDACTED]&grant_type=client_credentials&key=[REDACTED]&made=[REDACTED]&open=to+see&resource=urn%3A1&resource=urn%3A2&scope=a+b
Accept: application/json
X-Key: [REDACTED]
X-Open: to see
`, sentBy("GET"), encodedAs(v1alpha1.QueryEncoding), authenticatedBy(v1alpha1.ClientSecretPost)),
		Entry("a JWT of the client, and another JWT as the grant", `PUT https://idp.example.com/token?tenant=a
Accept: application/json
Content-Type: application/x-www-form-urlencoded
X-Key: [REDACTED]
X-Open: to see

assertion=[REDACTED]&client_assertion=[REDACTED]&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_id=shop&grant_type=client_credentials&key=[REDACTED]&made=[REDACTED]&open=to+see&resource=urn%3A1&resource=urn%3A2&scope=a+b
`, sentBy("PUT"), authenticatedBy(v1alpha1.PrivateKeyJWT), grantAssertion(v1alpha1.Assertion{})),
	)

	DescribeTable("hides secrets of every type:",
		func(kind v1alpha1.ParameterType, value string) {
			s := bare(encodedAs(v1alpha1.JSONEncoding), func(s *server) {
				s.Request.Parameters = []v1alpha1.Parameter{{Name: "/a/b", Type: kind, SecretKey: "v"}, {Name: "/a/c", Value: text("[REDACTED] is a word")}}
			})
			request := requestTo(s, oauth2.Grant{Credentials: holding(map[string]string{"v": value})})
			Expect(request.Show()).To(ContainSubstring(`{"a":{"b":"[REDACTED]","c":"[REDACTED] is a word"}}`))
			Expect(request.Body.Reveal()).To(ContainSubstring(value))
		},
		Entry("a number", v1alpha1.NumberParameter, "123456"),
		Entry("a Boolean", v1alpha1.BooleanParameter, "true"),
		Entry("JSON", v1alpha1.JSONParameter, `["s3cr3t"]`),
		Entry("a text", v1alpha1.StringParameter, "s3cr3t"),
	)

	It("is not built if a pointer leads into a text that only looks like a mask", func() {
		s := bare(encodedAs(v1alpha1.JSONEncoding), withTyped("/a", "", "[REDACTED]", "/a/b", "", "x"))
		Expect(buildFailure(s, oauth2.Grant{}).Message).To(ContainSubstring("same place"))
	})

	DescribeTable("never holds a secret, and neither does the printed request:",
		func(encoding v1alpha1.RequestEncoding, method v1alpha1.ClientAuthenticationMethod) {
			secret := grant
			secret.Credentials.ClientSecret = oauth2.NewSensitive("v4lue-of a client & its secret, of 64 bytes and more: 0123456789abcdef")
			request := requestTo(rfc6749(everything, encodedAs(encoding), authenticatedBy(method), grantAssertion(v1alpha1.Assertion{})), secret)
			shown, err := request.Show()
			Expect(err).NotTo(HaveOccurred())
			for _, printed := range []string{shown, fmt.Sprintf("%v %+v %#v %v", request, *request, request, request.Header)} {
				Expect(printed).NotTo(MatchRegexp(`v4lue|djRsdW|eyJ|PRIVATE`))
				Expect(printed).To(ContainSubstring("[REDACTED]"))
			}
		},
		Entry("form and basic", v1alpha1.FormEncoding, v1alpha1.ClientSecretBasic),
		Entry("form and post", v1alpha1.FormEncoding, v1alpha1.ClientSecretPost),
		Entry("form and a JWT", v1alpha1.FormEncoding, v1alpha1.ClientSecretJWT),
		Entry("JSON and basic", v1alpha1.JSONEncoding, v1alpha1.ClientSecretBasic),
		Entry("JSON and post", v1alpha1.JSONEncoding, v1alpha1.ClientSecretPost),
		Entry("JSON and a JWT", v1alpha1.JSONEncoding, v1alpha1.PrivateKeyJWT),
		Entry("a query and post", v1alpha1.QueryEncoding, v1alpha1.ClientSecretPost),
		Entry("a query and a JWT", v1alpha1.QueryEncoding, v1alpha1.PrivateKeyJWT),
	)
})
