package profile_test

import (
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/profile"
)

var _ = Describe("a profile", func() {
	It("is one of the profiles that the API documents", func() {
		Expect(profile.Names()).To(Equal([]string{
			"AdobeIMS", "Auth0", "Cognito", "CommerceLayer", "Commercetools", "ElasticPath", "ElasticPathImplicit", "EntraID",
			"EntraIDFederated", "Fabric", "FabricIdentity", "Jamf", "JamfAPIClient", "Keycloak", "Marketo", "Okta", "OroCommerce",
			"PayPal", "Personio", "PersonioV2", "RFC6749", "SAPAriba", "Salesforce", "Shopify", "Tableau", "Toast", "Twilio",
			"Workday", "Zoom",
		}))
	})

	It("sets no unknown field", func() {
		raw, err := os.ReadFile("profiles.yaml")
		Expect(err).NotTo(HaveOccurred())
		var declared map[string]profile.Profile
		Expect(yaml.UnmarshalStrict(raw, &declared)).To(Succeed())
		Expect(declared).To(HaveLen(len(profile.Names())))
	})

	It("is completed with every field that a token request needs", func() {
		for _, name := range profile.Names() {
			completed := complete(of(name))
			Expect(completed.Profile).To(Equal(name))
			Expect(completed.ClientAuthentication.Method).NotTo(BeEmpty(), name)
			Expect(completed.Request.Encoding).NotTo(BeEmpty(), name)
			Expect(completed.Request.GrantType).NotTo(BeEmpty(), name)
			Expect(completed.Response.AccessToken).NotTo(BeEmpty(), name)
			Expect(completed.Response.ErrorCode).NotTo(BeEmpty(), name)
			Expect(completed.DefaultTokenLifetime.Duration).To(BeNumerically(">", 0), name)
		}
	})

	It("has no endpoint if the user names another server: credentials must go nowhere else", func() {
		completed := complete(server{Profile: "CommerceLayer", Issuer: "https://mine.example.com"})
		Expect(completed.TokenEndpoint).To(BeEmpty())
		Expect(completed.Revocation.Endpoint).To(BeEmpty())
		elsewhere := complete(server{Profile: "CommerceLayer", TokenEndpoint: "https://mine.example.com/token"})
		Expect(elsewhere.Revocation.Endpoint).To(BeEmpty())
		own := complete(server{
			Profile: "CommerceLayer", Issuer: "https://mine.example.com",
			Revocation: &v1alpha1.Revocation{Endpoint: "https://mine.example.com/revoke"},
		})
		Expect(own.Revocation.Endpoint).To(Equal("https://mine.example.com/revoke"))
	})

	It("is RFC6749 by default", func() {
		Expect(complete(of(""))).To(Equal(complete(of("RFC6749"))))
		Expect(profile.Default).To(Equal("RFC6749"))
	})

	DescribeTable("cannot be completed",
		func(s server, reason string, said ...string) {
			_, err := profile.Complete(s, nil)
			failure := problem.Of(err)
			Expect(failure).To(HaveOccurred())
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Class).To(Equal(problem.Invalid))
			for _, words := range said {
				Expect(failure.Message).To(ContainSubstring(words))
			}
		},
		Entry("that does not exist; the message lists the existing profiles", of("Fabrik"), v1alpha1.ReasonProfileUnknown, `"Fabrik"`, "ElasticPathImplicit, EntraID", "Fabric", "spec.authorizationServer.profile"),
		Entry("with a name in the wrong case", of("fabric"), v1alpha1.ReasonProfileUnknown, "Fabric"),
		Entry("RFC6749 without a token endpoint", server{}, v1alpha1.ReasonTokenEndpointMissing, "RFC6749", "spec.authorizationServer.tokenEndpoint"),
		Entry("OroCommerce, whose customers have their own token endpoint", server{Profile: "OroCommerce"}, v1alpha1.ReasonTokenEndpointMissing, "OroCommerce", "https://{application}/oauth2-token"),
		Entry("whose fields contradict the user's fields", of("EntraIDFederated", func(s *server) {
			s.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.ClientSecretPost}
		}), v1alpha1.ReasonAuthorizationServerInvalid, "client_secret_post"),
		Entry("ElasticPath, whose customers have their own token endpoint", server{Profile: "ElasticPath"}, v1alpha1.ReasonTokenEndpointMissing, "ElasticPath"),
	)

	none := []v1alpha1.JSONPointer{}
	DescribeTable("is overridden by the user's setting of",
		func(change func(*server)) {
			wanted := complete(of("ElasticPath"))
			change(&wanted)
			Expect(complete(of("ElasticPath", func(s *server) {
				// Only the change is declared, so the profile must fill the other fields.
				s.ClientAuthentication, s.Request, s.Response = &v1alpha1.ClientAuthentication{}, &v1alpha1.TokenRequest{}, &v1alpha1.TokenResponse{}
				change(s)
			}))).To(Equal(wanted))
		},
		Entry("the token endpoint", func(s *server) { s.TokenEndpoint = "https://other.example.com/" }),
		Entry("the client authentication", func(s *server) { s.ClientAuthentication.Method = v1alpha1.ClientSecretBasic }),
		Entry("the encoding", func(s *server) { s.Request.Encoding = v1alpha1.JSONEncoding }),
		Entry("the grant type", func(s *server) { s.Request.GrantType = "implicit" }),
		Entry("a list of pointers, as a whole", func(s *server) { s.Response.AccessToken = at("/token") }),
		Entry("an empty list, which disables a field", func(s *server) { s.Response.ExpiresAt = none }),
		Entry("an empty list for a field of RFC 6749", func(s *server) { s.Response.Scope = none }),
		Entry("the default lifetime", func(s *server) { s.DefaultTokenLifetime = &metav1.Duration{Duration: 90 * time.Second} }),
		Entry("parameters", func(s *server) { s.Request.Parameters = parameters("account_id", "1") }),
		Entry("empty parameters", func(s *server) { s.Request.Parameters = parameters("resource", "") }),
	)

	It("takes precedence over RFC 6749, which fills the remaining fields", func() {
		completed := complete(of("ElasticPath"))
		Expect(completed.ClientAuthentication.Method).To(Equal(v1alpha1.ClientSecretPost))
		Expect(completed.Response.ExpiresAt).To(Equal(at("/data/expires", "/expires")))
		Expect(completed.Request.Encoding).To(Equal(v1alpha1.FormEncoding))
		Expect(completed.Request.GrantType).To(Equal("client_credentials"))
		Expect(completed.Response.Scope).To(Equal(at("/scope")))
		Expect(completed.DefaultTokenLifetime.Duration).To(Equal(time.Hour))
	})

	It("is never changed by a user's declaration or by edits of a result", func() {
		before := complete(of("ElasticPath"))
		changed := complete(of("ElasticPath", func(s *server) {
			s.Request = &v1alpha1.TokenRequest{GrantType: "implicit", Parameters: parameters("a", "1")}
		}))
		changed.Response.AccessToken[0] = "/mine"
		changed.ClientAuthentication.Method = v1alpha1.ClientAuthenticationNone
		Expect(complete(of("ElasticPath"))).To(Equal(before))
	})

	It("adds its parameters after those of the server, which come after those of the client", func() {
		completed, err := profile.Complete(of("Tableau", func(s *server) {
			s.Request = &v1alpha1.TokenRequest{Parameters: parameters("a", "server", "b", "server")}
		}), parameters("b", "client"))
		Expect(err).NotTo(HaveOccurred())
		Expect(completed.Request.Parameters).To(Equal(parameters("b", "client", "a", "server", "/credentials/site/contentUrl", "")))

		completed, err = profile.Complete(of("Tableau"), parameters("/credentials/site/contentUrl", "client"))
		Expect(err).NotTo(HaveOccurred())
		Expect(completed.Request.Parameters).To(Equal(parameters("/credentials/site/contentUrl", "client")))
	})

	DescribeTable("is overridden by values that follow from",
		func(request v1alpha1.TokenRequest, encoding v1alpha1.RequestEncoding, grantType string) {
			completed := complete(of("", func(s *server) { s.Request = &request }))
			Expect(completed.Request.Encoding).To(Equal(encoding))
			Expect(completed.Request.GrantType).To(Equal(grantType))
		},
		Entry("a GET request, which has no body", v1alpha1.TokenRequest{Method: "GET"}, v1alpha1.QueryEncoding, "client_credentials"),
		Entry("a PUT request, which has a body", v1alpha1.TokenRequest{Method: "PUT"}, v1alpha1.FormEncoding, "client_credentials"),
		Entry("a JWT as the grant", v1alpha1.TokenRequest{Assertion: &v1alpha1.Assertion{}}, v1alpha1.FormEncoding, "urn:ietf:params:oauth:grant-type:jwt-bearer"),
		Entry("a JWT as the grant, with another grant type", v1alpha1.TokenRequest{Assertion: &v1alpha1.Assertion{}, GrantType: "jwt"}, v1alpha1.FormEncoding, "jwt"),
	)

	It("does not change the declaration of the user", func() {
		declared := of("OroCommerce", func(s *server) { s.Response = &v1alpha1.TokenResponse{Scope: at("/rights")} })
		unchanged := declared.DeepCopy()
		complete(declared)
		Expect(&declared).To(Equal(unchanged))
	})
})

// parameters returns parameters from pairs of names and values.
func parameters(pairs ...string) (list []v1alpha1.Parameter) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, v1alpha1.Parameter{Name: pairs[i], Value: &pairs[i+1]})
	}
	return list
}
