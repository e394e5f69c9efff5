package tokensecret_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

type spec = v1alpha1.ClientCredentialSpec

func hashOf(changes ...func(*spec)) string {
	GinkgoHelper()
	s := spec{
		AuthorizationServer: &v1alpha1.AuthorizationServerSpec{
			Profile: "ElasticPath", TokenEndpoint: "https://idp.example.com/token",
			ClientAuthentication: &v1alpha1.ClientAuthentication{Method: v1alpha1.ClientSecretPost},
			Request:              &v1alpha1.TokenRequest{Parameters: []v1alpha1.Parameter{{Name: "a", Value: ptr.To("1")}}},
			Response:             &v1alpha1.TokenResponse{},
		},
		CredentialsRef: &v1alpha1.CredentialsReference{Name: "client"},
		Scopes:         []string{"read"},
	}
	for _, change := range changes {
		change(&s)
	}
	hash, err := tokensecret.RequestHash(s)
	Expect(err).NotTo(HaveOccurred())
	return hash
}

// refer replaces the declaration with a reference to an authorization server.
func refer(name string, kind v1alpha1.AuthorizationServerKind) func(*spec) {
	return func(s *spec) {
		s.AuthorizationServer = nil
		s.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Kind: kind, Name: name}
	}
}

var _ = Describe("the request hash", func() {
	DescribeTable("changes, so that the token is renewed, with",
		func(change func(*spec)) { Expect(hashOf(change)).NotTo(Equal(hashOf())) },
		Entry("the profile", func(s *spec) { s.AuthorizationServer.Profile = "RFC6749" }),
		Entry("the token endpoint", func(s *spec) { s.AuthorizationServer.TokenEndpoint = "https://other.example.com/" }),
		Entry("the client authentication", func(s *spec) { s.AuthorizationServer.ClientAuthentication.Method = v1alpha1.ClientSecretBasic }),
		Entry("the encoding", func(s *spec) { s.AuthorizationServer.Request.Encoding = v1alpha1.JSONEncoding }),
		Entry("the grant type", func(s *spec) { s.AuthorizationServer.Request.GrantType = "implicit" }),
		Entry("a parameter's value", func(s *spec) { s.AuthorizationServer.Request.Parameters[0].Value = ptr.To("2") }),
		Entry("a parameter's name", func(s *spec) { s.AuthorizationServer.Request.Parameters[0].Name = "b" }),
		Entry("the location of the token in the response", func(s *spec) { s.AuthorizationServer.Response.AccessToken = []v1alpha1.JSONPointer{"/t"} }),
		Entry("a list that becomes empty", func(s *spec) { s.AuthorizationServer.Response.ExpiresAt = []v1alpha1.JSONPointer{} }),
		Entry("the default lifetime", func(s *spec) {
			s.AuthorizationServer.DefaultTokenLifetime = &metav1.Duration{Duration: time.Minute}
		}),
		Entry("the credentials Secret", func(s *spec) { s.CredentialsRef.Name = "other" }),
		Entry("the key of the client ID", func(s *spec) { s.CredentialsRef.ClientIDKey = "id" }),
		Entry("the key of the client secret", func(s *spec) { s.CredentialsRef.ClientSecretKey = "secret" }),
		Entry("the client ID", func(s *spec) { s.ClientID = "inline" }),
		Entry("the scopes", func(s *spec) { s.Scopes = []string{"read", "write"} }),
		Entry("the audience", func(s *spec) { s.Audience = "api" }),
		Entry("the ServiceAccount", func(s *spec) { s.ServiceAccountName = "shop" }),
		Entry("the key of the private key", func(s *spec) { s.CredentialsRef.PrivateKeyKey = "key" }),
		Entry("a resource", func(s *spec) { s.Resources = []string{"https://api.example.com"} }),
		Entry("a parameter for this client", func(s *spec) { s.Parameters = []v1alpha1.Parameter{{Name: "tenant", Value: ptr.To("a")}} }),
		Entry("a parameter of the server that becomes a parameter of this client", func(s *spec) {
			s.Parameters, s.AuthorizationServer.Request.Parameters = s.AuthorizationServer.Request.Parameters, nil
		}),
		Entry("a referenced authorization server", func(s *spec) { refer("idp", "")(s) }),
		Entry("no authorization server", func(s *spec) { s.AuthorizationServer = nil }),
	)

	DescribeTable("of a spec with a referenced authorization server changes with",
		func(change func(*spec)) {
			Expect(hashOf(refer("idp", v1alpha1.AuthorizationServerNamespaced), change)).
				NotTo(Equal(hashOf(refer("idp", v1alpha1.AuthorizationServerNamespaced))))
		},
		Entry("its name", refer("other", v1alpha1.AuthorizationServerNamespaced)),
		Entry("its kind", refer("idp", v1alpha1.AuthorizationServerCluster)),
		Entry("the scopes", func(s *spec) { s.Scopes = nil }),
	)

	It("is the same for an explicit and an implicit default kind", func() {
		Expect(hashOf(refer("idp", ""))).To(Equal(hashOf(refer("idp", v1alpha1.AuthorizationServerNamespaced))))
	})

	It("changes with the order of the resources, because a server may use only the first", func() {
		Expect(hashOf(func(s *spec) { s.Resources = []string{"a", "b"} })).NotTo(Equal(hashOf(func(s *spec) { s.Resources = []string{"b", "a"} })))
	})

	It("changes with the value and the key of a parameter of this client", func() {
		parameter := func(p v1alpha1.Parameter) func(*spec) {
			return func(s *spec) { s.Parameters = []v1alpha1.Parameter{p} }
		}
		hashes := map[string]bool{}
		for _, p := range []v1alpha1.Parameter{
			{Name: "a"}, {Name: "b"}, {Name: "a", Value: ptr.To("")}, {Name: "a", Value: ptr.To("x")}, {Name: "a", SecretKey: "x"}, {Name: "a", Template: "x"},
		} {
			hashes[hashOf(parameter(p))] = true
		}
		Expect(hashes).To(HaveLen(6))
	})

	DescribeTable("stays the same, so that the token is kept, with",
		func(change func(*spec)) { Expect(hashOf(change)).To(Equal(hashOf())) },
		Entry("a suspension", func(s *spec) { s.Suspend = ptr.To(true) }),
		Entry("renewBefore", func(s *spec) { s.RenewBefore = &metav1.Duration{Duration: time.Minute} }),
		Entry("renewBeforePercentage", func(s *spec) { s.RenewBeforePercentage = 10 }),
		Entry("the target", func(s *spec) { s.Target = &v1alpha1.TokenTarget{Name: "other"} }),
		Entry("the template of the target", func(s *spec) { s.Target = wanted.Spec.Target }),
		Entry("the rate limit", func(s *spec) { s.AuthorizationServer.RateLimit = &v1alpha1.RateLimit{Requests: 1} }),
		Entry("the revocation", func(s *spec) {
			s.AuthorizationServer.Revocation = &v1alpha1.Revocation{OnDelete: ptr.To(true)}
		}),
		Entry("the trusted CAs", func(s *spec) {
			s.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: "ca"}}
		}),
		Entry("empty lists, which are the same as no lists", func(s *spec) { s.Resources, s.Parameters = []string{}, []v1alpha1.Parameter{} }),
	)

	It("does not change the spec", func() {
		s := spec{AuthorizationServer: &v1alpha1.AuthorizationServerSpec{Profile: "RFC6749"}, Resources: []string{"b", "a"}, Target: wanted.Spec.Target}
		before := s.DeepCopy()
		_, err := tokensecret.RequestHash(s)
		Expect(err).NotTo(HaveOccurred())
		Expect(&s).To(Equal(before))
	})

	It("is the same in every version, because otherwise an upgrade would renew every token", func() {
		Expect(hashOf()).To(Equal("b3eb2174338c4257fc36b6328fe2fbb5"))
		Expect(hashOf(func(s *spec) {
			s.AuthorizationServer.ClientAuthentication.Assertion = &v1alpha1.Assertion{
				KeyID: "k", Lifetime: &metav1.Duration{Duration: 5 * time.Minute}, Audience: ptr.To("a"),
			}
		})).To(Equal("55bf2a29cee10703255cc0aaceb8abe5"))
	})
})
