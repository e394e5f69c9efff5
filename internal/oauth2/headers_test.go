package oauth2_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func withHeaders(pairs ...string) func(*server) {
	return func(s *server) {
		for i := 0; i < len(pairs); i += 2 {
			s.Request.Headers = append(s.Request.Headers, v1alpha1.RequestHeader{Name: pairs[i], Value: &pairs[i+1]})
		}
	}
}

// holding returns credentials with the given values of the Secret.
func holding(values map[string]string) oauth2.Credentials {
	held := oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive("s3cr3t-value"), Values: map[string]oauth2.Sensitive{}}
	for key, value := range values {
		held.Values[key] = oauth2.NewSensitive(value)
	}
	return held
}

var _ = Describe("the headers of a request", func() {
	none := authenticatedBy(v1alpha1.ClientAuthenticationNone)

	DescribeTable("are the default headers and the declared headers:",
		func(change func(*server), sent map[string]string) {
			Expect(revealed(requestTo(rfc6749(none, change), oauth2.Grant{Credentials: credentials}))).To(Equal(sent))
		},
		Entry("a further header", withHeaders("x-api-version", "2"),
			map[string]string{"Accept": asJSON, "Content-Type": asForm, "X-Api-Version": "2"}),
		Entry("a header that replaces Accept, in any case", withHeaders("ACCEPT", "*/*"),
			map[string]string{"Accept": "*/*", "Content-Type": asForm}),
		Entry("a header that replaces Content-Type", withHeaders("content-type", "application/vnd.api+json"),
			map[string]string{"Accept": asJSON, "Content-Type": "application/vnd.api+json"}),
		Entry("an empty header, which is not the same as an unset header", withHeaders("Accept", "", "X-Empty", ""),
			map[string]string{"Accept": "", "Content-Type": asForm, "X-Empty": ""}),
		Entry("the first of two headers that differ only in case, which is the user's", withHeaders("X-Tenant", "user", "x-tenant", "profile"),
			map[string]string{"Accept": asJSON, "Content-Type": asForm, "X-Tenant": "user"}),
		Entry("a declared Authorization header", withHeaders("authorization", "ApiKey abc"),
			map[string]string{"Accept": asJSON, "Content-Type": asForm, "Authorization": "ApiKey abc"}),
		Entry("letters beyond ASCII", withHeaders("X-Shop", "Käse"),
			map[string]string{"Accept": asJSON, "Content-Type": asForm, "X-Shop": "Käse"}),
	)

	It("hold values of the credentials Secret", func() {
		s := rfc6749(none, func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-Api-Key", SecretKey: "key"}, {Name: "X-Pair", Template: `{{ printf "%s:%s" .user .key }}`}}
		})
		request := requestTo(s, oauth2.Grant{Credentials: holding(map[string]string{"key": "k3y-value", "user": "me"})})
		Expect(revealed(request)).To(And(HaveKeyWithValue("X-Api-Key", "k3y-value"), HaveKeyWithValue("X-Pair", "me:k3y-value")))
	})

	It("are overridden by client_secret_basic", func() {
		headers := revealed(requestTo(rfc6749(withHeaders("Authorization", "other")), oauth2.Grant{Credentials: credentials}))
		Expect(headers).To(HaveKeyWithValue("Authorization", basic("shop:s3cr3t-value")))
	})

	DescribeTable("cannot contain control characters, and the message does not show the value:",
		func(value string) {
			s := rfc6749(none, func(s *server) { s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-Key", SecretKey: "key"}} })
			failure := buildFailure(s, oauth2.Grant{Credentials: holding(map[string]string{"key": value})})
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Message).To(And(ContainSubstring("header X-Key"), ContainSubstring("control characters"), Not(ContainSubstring("MARK"))))
			Expect(buildFailure(rfc6749(none, withHeaders("X-Key", value)), oauth2.Grant{Credentials: credentials}).Message).
				To(ContainSubstring("header X-Key"))
		},
		Entry("CR and LF", "MARK\r\nX-Admin: 1"), Entry("LF", "MARK\nX-Admin: 1"), Entry("CR", "MARK\r"),
		Entry("NUL", "MARK\x00"), Entry("DEL", "MARK\x7f"), Entry("a tab", "MARK\t1"), Entry("NEL", "MARK\u0085"),
	)

	It("cannot contain control characters from a template either", func() {
		s := rfc6749(none, func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-Key", Template: `{{ print "a\r\nX-Admin: 1" }}`}}
		})
		Expect(buildFailure(s, oauth2.Grant{Credentials: credentials}).Message).To(ContainSubstring("header X-Key"))
	})

	DescribeTable("authenticate the client by client_secret_basic, as declared",
		func(id, secret string, change func(*v1alpha1.ClientAuthentication), sent string) {
			s := rfc6749(func(s *server) { change(s.ClientAuthentication) })
			grant := oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive(id), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}}
			Expect(revealed(requestTo(s, grant))).To(HaveKeyWithValue("Authorization", sent))
		},
		Entry("form-encoded, as RFC 6749 requires", "id", "a+/= %", func(*v1alpha1.ClientAuthentication) {}, basic("id:a%2B%2F%3D+%25")),
		Entry("form-encoded, if that is declared", "id", "a+/= %", func(a *v1alpha1.ClientAuthentication) { a.BasicEncoding = v1alpha1.FormURLEncodedBasic }, basic("id:a%2B%2F%3D+%25")),
		Entry("raw", "i:d", "a+/= %é", func(a *v1alpha1.ClientAuthentication) { a.BasicEncoding = v1alpha1.RawBasic }, basic("i:d:a+/= %é")),
		Entry("after the server's own scheme", "id", "s", func(a *v1alpha1.ClientAuthentication) { a.AuthorizationScheme = "ID" }, "ID aWQ6cw=="),
	)
})
