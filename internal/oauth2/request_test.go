package oauth2_test

import (
	"encoding/base64"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	asForm = "application/x-www-form-urlencoded"
	asJSON = "application/json"
)

var _ = Describe("a token request", func() {
	awkward := oauth2.Credentials{ClientID: oauth2.NewSensitive("shop:é 1"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(`s+/ &=%"<`)}

	DescribeTable("has the credentials in the form of the client authentication:",
		func(encoding v1alpha1.RequestEncoding, method v1alpha1.ClientAuthenticationMethod, contentType, authorization string, body types.GomegaMatcher) {
			request := requestTo(rfc6749(encodedAs(encoding), authenticatedBy(method)), oauth2.Grant{Credentials: awkward})
			headers := map[string]string{"Accept": "application/json", "Content-Type": contentType}
			if authorization != "" {
				headers["Authorization"] = authorization
			}
			Expect(revealed(request)).To(Equal(headers))
			Expect(request.Query.IsEmpty()).To(BeTrue())
			Expect(request.Body.Reveal()).To(body)
		},
		Entry("form and basic: ID and secret are form-encoded before they are joined",
			v1alpha1.FormEncoding, v1alpha1.ClientSecretBasic, asForm,
			basic("shop%3A%C3%A9+1:s%2B%2F+%26%3D%25%22%3C"),
			Equal("grant_type=client_credentials")),
		Entry("form and post: they are parameters and not in a header",
			v1alpha1.FormEncoding, v1alpha1.ClientSecretPost, asForm, "",
			Equal("client_id=shop%3A%C3%A9+1&client_secret=s%2B%2F+%26%3D%25%22%3C&grant_type=client_credentials")),
		Entry("JSON and post: they are members, and their characters do not break the JSON",
			v1alpha1.JSONEncoding, v1alpha1.ClientSecretPost, asJSON, "",
			MatchJSON(`{"grant_type": "client_credentials", "client_id": "shop:é 1", "client_secret": "s+/ &=%\"<"}`)),
		Entry("JSON and basic: they are not in the body",
			v1alpha1.JSONEncoding, v1alpha1.ClientSecretBasic, asJSON,
			basic("shop%3A%C3%A9+1:s%2B%2F+%26%3D%25%22%3C"),
			MatchJSON(`{"grant_type": "client_credentials"}`)),
		Entry("form and none: no secret is sent, even if there is one",
			v1alpha1.FormEncoding, v1alpha1.ClientAuthenticationNone, asForm, "",
			Equal("client_id=shop%3A%C3%A9+1&grant_type=client_credentials")),
		Entry("JSON and none: no secret is sent, even if there is one",
			v1alpha1.JSONEncoding, v1alpha1.ClientAuthenticationNone, asJSON, "",
			MatchJSON(`{"grant_type": "client_credentials", "client_id": "shop:é 1"}`)),
	)

	DescribeTable("has the parameters of the spec:",
		func(s server, grant oauth2.Grant, body string) {
			grant.Credentials = credentials
			Expect(requestTo(s, grant).Body.Reveal()).To(Equal(body))
		},
		Entry("scopes are joined by spaces", rfc6749(), oauth2.Grant{Scopes: []string{"market:all", "read"}},
			"grant_type=client_credentials&scope=market%3Aall+read"),
		Entry("without scopes there is no parameter for them", rfc6749(), oauth2.Grant{Scopes: []string{}},
			"grant_type=client_credentials"),
		Entry("an audience is a parameter", rfc6749(), oauth2.Grant{Audience: "https://api.example.com/"},
			"audience=https%3A%2F%2Fapi.example.com%2F&grant_type=client_credentials"),
		Entry("the server's own grant type is sent unchanged",
			rfc6749(func(s *server) { s.Request.GrantType = "account_credentials" }), oauth2.Grant{},
			"grant_type=account_credentials"),
		Entry("further parameters are sent too, even if they are empty",
			rfc6749(withParameters("account_id", "a b", "resource", "")), oauth2.Grant{},
			"account_id=a+b&grant_type=client_credentials&resource="),
		Entry("a further parameter does not replace another",
			rfc6749(withParameters("grant_type", "password", "scope", "admin", "audience", "other")),
			oauth2.Grant{Scopes: []string{"read"}, Audience: "api"},
			"audience=api&grant_type=client_credentials&scope=read"),
	)

	It("is a POST to the token endpoint", func() {
		request := requestTo(rfc6749(), oauth2.Grant{Credentials: credentials})
		Expect(request.Method).To(Equal(http.MethodPost))
		Expect(request.URL).To(Equal("https://idp.example.com/token"))
	})

	DescribeTable("is not built from a declaration that this version does not understand:",
		func(change func(*server), named string) {
			_, err := oauth2.BuildRequest(rfc6749(change), oauth2.Grant{Credentials: credentials}, startedAt)
			Expect(err).To(MatchError(ContainSubstring(named)))
		},
		Entry("an unknown encoding is named", encodedAs("XML"), "XML"),
		Entry("an unknown client authentication is named", authenticatedBy("kerberos"), "kerberos"),
	)
})

func basic(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
