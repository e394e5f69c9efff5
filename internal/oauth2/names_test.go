package oauth2_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func named(name v1alpha1.ParameterName) *v1alpha1.ParameterName { return &name }

func withNames(names v1alpha1.ParameterNames) func(*server) {
	return func(s *server) { s.Request.ParameterNames = &names }
}

var _ = Describe("the names of parameters", func() {
	everything := oauth2.Grant{Credentials: credentials, Scopes: []string{"s"}, Audience: "aud", Resources: []string{"urn:r"}}

	DescribeTable("are those of RFC 6749, or the declared names:",
		func(method v1alpha1.ClientAuthenticationMethod, names v1alpha1.ParameterNames, sent string) {
			Expect(requestTo(rfc6749(authenticatedBy(method), withNames(names)), everything).Body.Reveal()).To(Equal(sent))
		},
		Entry("nothing renamed", v1alpha1.ClientSecretPost, v1alpha1.ParameterNames{},
			"audience=aud&client_id=shop&client_secret=s3cr3t-value&grant_type=client_credentials&resource=urn%3Ar&scope=s"),
		Entry("all renamed", v1alpha1.ClientSecretPost, v1alpha1.ParameterNames{
			ClientID: named("1"), ClientSecret: named("2"), GrantType: named("3"), Scope: named("4"), Audience: named("5"), Resource: named("6"),
		}, "1=shop&2=s3cr3t-value&3=client_credentials&4=s&5=aud&6=urn%3Ar"),
		Entry("all left out, because an empty name is not the same as an unset name", v1alpha1.ClientSecretPost, v1alpha1.ParameterNames{
			ClientID: named(""), ClientSecret: named(""), GrantType: named(""), Scope: named(""), Audience: named(""), Resource: named(""),
		}, ""),
		Entry("basic sends the client ID as a parameter too if its name is declared", v1alpha1.ClientSecretBasic,
			v1alpha1.ParameterNames{ClientID: named("app")},
			"app=shop&audience=aud&grant_type=client_credentials&resource=urn%3Ar&scope=s"),
		Entry("in a form, a slash has no special meaning", v1alpha1.ClientAuthenticationNone,
			v1alpha1.ParameterNames{ClientID: named("/a/b"), Audience: named(""), Resource: named("")},
			"%2Fa%2Fb=shop&grant_type=client_credentials&scope=s"),
	)

	It("may be JSON Pointers in JSON", func() {
		s := rfc6749(encodedAs(v1alpha1.JSONEncoding), authenticatedBy(v1alpha1.ClientSecretPost), withNames(v1alpha1.ParameterNames{
			ClientID: named("/credentials/name"), ClientSecret: named("/credentials/secret"), GrantType: named(""),
			Scope: named("/a~1b"), Audience: named("/for/aud"), Resource: named("/for/these"),
		}), withTyped("/credentials/site/contentUrl", "", ""))
		grant := everything
		grant.Resources = []string{"urn:1", "urn:2"}
		Expect(requestTo(s, grant).Body.Reveal()).To(MatchJSON(`{
			"credentials": {"name": "shop", "secret": "s3cr3t-value", "site": {"contentUrl": ""}},
			"a/b": "s", "for": {"aud": "aud", "these": ["urn:1", "urn:2"]}}`))
	})

	It("that fields use override declared parameters", func() {
		s := rfc6749(authenticatedBy(v1alpha1.ClientSecretPost), withNames(v1alpha1.ParameterNames{ClientID: named("user")}),
			withParameters("user", "x", "client_secret", "x", "audience", "x", "resource", "x", "scope", "x", "other", "y"))
		Expect(requestTo(s, everything).Body.Reveal()).To(
			Equal("audience=aud&client_secret=s3cr3t-value&grant_type=client_credentials&other=y&resource=urn%3Ar&scope=s&user=shop"))
	})

	It("that no field uses are free for declared parameters", func() {
		s := rfc6749(withNames(v1alpha1.ParameterNames{GrantType: named("")}), withParameters("scope", "x", "audience", "y", "client_id", "z", "grant_type", "g"))
		Expect(requestTo(s, oauth2.Grant{Credentials: credentials}).Body.Reveal()).To(Equal("audience=y&client_id=z&grant_type=g&scope=x"))
	})

	It("can also be declared for assertions", func() {
		s := rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT), withAssertion(v1alpha1.Assertion{ServiceAccountToken: federated}),
			func(s *server) { s.Request.Assertion = &v1alpha1.Assertion{ServiceAccountToken: federated} },
			withNames(v1alpha1.ParameterNames{
				Assertion: named("jwt"), ClientAssertion: named("ca"), ClientAssertionType: named("cat"), GrantType: named(""), ClientID: named("")}))
		Expect(requestTo(s, oauth2.Grant{ServiceAccountToken: oauth2.NewSensitive("eyJ.sa.t")}).Body.Reveal()).To(
			Equal("ca=eyJ.sa.t&cat=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&jwt=eyJ.sa.t"))
	})
})

var federated = &v1alpha1.ServiceAccountToken{Audience: "api://AzureADTokenExchange"}

func withAssertion(assertion v1alpha1.Assertion) func(*server) {
	return func(s *server) { s.ClientAuthentication.Assertion = &assertion }
}
