package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// create sends a ClientCredential as a user writes it: name and spec in YAML.
func create(ctx SpecContext, name, spec string) (*unstructured.Unstructured, error) {
	GinkgoHelper()
	object := &unstructured.Unstructured{Object: map[string]any{}}
	Expect(yaml.Unmarshal([]byte("spec: "+strings.TrimSpace(spec)), &object.Object)).To(Succeed())
	object.SetAPIVersion("oauth2.tokensync.dev/v1alpha1")
	object.SetKind("ClientCredential")
	object.SetNamespace("default")
	object.SetName(name)
	return object, apiServer.Create(ctx, object, client.DryRunAll, client.FieldValidation("Strict"))
}

const server = `authorizationServer: {tokenEndpoint: "https://idp.example.com/token"}, credentialsRef: {name: c}`

var _ = DescribeTable("The API server accepts", func(ctx SpecContext, spec string) {
	_, err := create(ctx, "shop", "{"+spec+"}")
	Expect(err).NotTo(HaveOccurred())
},
	Entry("the smallest spec", server),
	Entry("a profile that knows its endpoint", `authorizationServer: {profile: CommerceLayer}, credentialsRef: {name: c}`),
	Entry("a client without a Secret", `authorizationServer: {profile: CommerceLayer, clientAuthentication: {method: none}}, clientID: abc, scopes: ["market:id:xYZkjABcde"]`),
	Entry("http, which the operator may refuse", `authorizationServer: {tokenEndpoint: "http://idp.example.com:8080/token?tenant=a"}, credentialsRef: {name: c}`),
	Entry("an IPv6 address", `authorizationServer: {tokenEndpoint: "https://[2001:db8::1]:8443/token"}, credentialsRef: {name: c}`),
	Entry("everything that can be set", `
  authorizationServer: {
            profile: RFC6749, tokenEndpoint: "https://idp.example.com/token", clientAuthentication: {method: client_secret_post},
            request: {encoding: JSON, grantType: "urn:example:grant", parameters: [{name: tenant, value: ""}, {name: x-y, value: "1"}]},
            response: {accessToken: ["", /a~1b/0/c~0d], tokenType: [], expiresIn: [], expiresAt: [/exp], scope: [], errorCode: [], errorDescription: []},
            defaultTokenLifetime: 1h30m},
  credentialsRef: {name: c, clientIDKey: id, clientSecretKey: SECRET_1.x}, scopes: ["read:all", "a/b#[c]^~"], audience: "https://api.example.com",
  renewBefore: 10m, target: {name: t}, suspend: true`),
	Entry("a percentage", server+`, renewBeforePercentage: 50`),
)

var _ = DescribeTable("The API server refuses", func(ctx SpecContext, spec, message string) {
	_, err := create(ctx, "shop", "{"+spec+"}")
	Expect(err).To(MatchError(ContainSubstring(message)))
},
	Entry("no spec", ``, "spec.authorizationServer: Required value"),
	Entry("a field that does not exist", server+`, issuer: x`, `unknown field "spec.issuer"`),
	Entry("an authorization server without anything", `authorizationServer: {}, credentialsRef: {name: c}`, "should have at least 1 properties"),
	Entry("no token endpoint", `authorizationServer: {profile: RFC6749}, credentialsRef: {name: c}`, "set tokenEndpoint to the URL of the token endpoint, or profile to one that knows its own"),
	Entry("a profile that is no name", `authorizationServer: {profile: "a b"}, credentialsRef: {name: c}`, "letters and digits only"),
	Entry("a token endpoint that is no URL", `authorizationServer: {tokenEndpoint: "idp.example.com/token"}, credentialsRef: {name: c}`, "must be an absolute https URL"),
	Entry("a token endpoint of another scheme", `authorizationServer: {tokenEndpoint: "ftp://idp.example.com/token"}, credentialsRef: {name: c}`, "must be an absolute https URL"),
	Entry("a token endpoint without a host", `authorizationServer: {tokenEndpoint: "https:///token"}, credentialsRef: {name: c}`, "must be an absolute https URL"),
	Entry("a token endpoint with a fragment", `authorizationServer: {tokenEndpoint: "https://idp.example.com/token#a"}, credentialsRef: {name: c}`, "remove '#' and what follows it"),
	Entry("a token endpoint with a password", `authorizationServer: {tokenEndpoint: "https://id:secret@idp.example.com/token"}, credentialsRef: {name: c}`, "put the client ID and secret into the credentials Secret"),
	Entry("a token endpoint that is too long", `authorizationServer: {tokenEndpoint: "https://idp.example.com/`+strings.Repeat("a", 2048)+`"}, credentialsRef: {name: c}`, "may not be more than 2048"),
	Entry("an unknown client authentication method", `authorizationServer: {profile: Fabric, clientAuthentication: {method: basic}}, credentialsRef: {name: c}`, `supported values: "client_secret_basic", "client_secret_post", "none"`),
	Entry("an unknown encoding", `authorizationServer: {profile: Fabric, request: {encoding: XML}}, credentialsRef: {name: c}`, `supported values: "Form", "JSON"`),
	Entry("a grant type with a space", `authorizationServer: {profile: Fabric, request: {grantType: "client credentials"}}, credentialsRef: {name: c}`, "grantType must be printable ASCII without spaces"),
	Entry("a client secret in plain sight", `authorizationServer: {profile: Fabric, request: {parameters: [{name: client_secret, value: x}]}}, credentialsRef: {name: c}`, "never write client_secret here"),
	Entry("a parameter that has its own field", `authorizationServer: {profile: Fabric, request: {parameters: [{name: scope, value: x}]}}, credentialsRef: {name: c}`, "has a field of its own"),
	Entry("a parameter twice", `authorizationServer: {profile: Fabric, request: {parameters: [{name: a, value: x}, {name: a, value: y}]}}, credentialsRef: {name: c}`, "Duplicate value"),
	Entry("a parameter without a value", `authorizationServer: {profile: Fabric, request: {parameters: [{name: a}]}}, credentialsRef: {name: c}`, "value: Required value"),
	Entry("a parameter whose name has a space", `authorizationServer: {profile: Fabric, request: {parameters: [{name: "a b", value: x}]}}, credentialsRef: {name: c}`, "a parameter's name must be printable ASCII"),
	Entry("a pointer without a slash", `authorizationServer: {profile: Fabric, response: {accessToken: [access_token]}}, credentialsRef: {name: c}`, "must be a JSON Pointer (RFC 6901): start it with '/'"),
	Entry("a pointer with a bare tilde", `authorizationServer: {profile: Fabric, response: {expiresIn: ["/a~b"]}}, credentialsRef: {name: c}`, "write '~' as ~0"),
	Entry("no place for the token", `authorizationServer: {profile: Fabric, response: {accessToken: []}}, credentialsRef: {name: c}`, "should have at least 1 items"),
	Entry("a default lifetime that is no duration", `authorizationServer: {profile: Fabric, defaultTokenLifetime: "3600"}, credentialsRef: {name: c}`, "such as 30m or 1h"),
	Entry("a default lifetime that is too short", `authorizationServer: {profile: Fabric, defaultTokenLifetime: 9s}, credentialsRef: {name: c}`, "from 10s to 8760h"),
	Entry("a duration that would not be read", server+`, renewBefore: 99999999999999h`, "renewBefore"),
	Entry("a renewBefore that is no duration", server+`, renewBefore: soon`, "renewBefore must be a duration from 10s to 8760h, such as 10m"),
	Entry("a negative renewBefore", server+`, renewBefore: "-5m"`, "renewBefore must be a duration"),
	Entry("both ways to say when to renew", server+`, renewBefore: 10m, renewBeforePercentage: 33`, "set renewBefore or renewBeforePercentage, not both"),
	Entry("a percentage of 0", server+`, renewBeforePercentage: 0`, "should be greater than or equal to 1"),
	Entry("a percentage of 100", server+`, renewBeforePercentage: 100`, "should be less than or equal to 99"),
	Entry("no credentials at all", `authorizationServer: {profile: Fabric}`, "set credentialsRef to the Secret that holds client_id and client_secret"),
	Entry("credentials in another namespace", `authorizationServer: {profile: Fabric}, credentialsRef: {name: other/secret}`, "must be the name of a Secret of this namespace"),
	Entry("a key that no Secret can have", `authorizationServer: {profile: Fabric}, credentialsRef: {name: c, clientIDKey: "a b"}`, "clientIDKey must be a key of a Secret"),
	Entry("a secret key that no Secret can have", `authorizationServer: {profile: Fabric}, credentialsRef: {name: c, clientSecretKey: "a/b"}`, "clientSecretKey must be a key of a Secret"),
	Entry("a client ID with a newline", `authorizationServer: {profile: Fabric}, clientID: "a\nb"`, "clientID must be printable ASCII"),
	Entry("two scopes in one", server+`, scopes: ["read write"]`, "write each scope as an item of its own"),
	Entry("a scope with a quote", server+`, scopes: ['a"b']`, "no spaces, quotes or backslashes"),
	Entry("a scope with a backslash", server+`, scopes: ['a\b']`, "no spaces, quotes or backslashes"),
	Entry("no scope in a list of scopes", server+`, scopes: []`, "should have at least 1 items"),
	Entry("too many scopes", server+`, scopes: [`+strings.Repeat("a,", 101)+`]`, "must have at most 100 items"),
	Entry("an empty audience", server+`, audience: ""`, "should be at least 1 chars long"),
	Entry("a target that is no name", server+`, target: {name: Shop_Token}`, "target.name must be a valid name for a Secret"),
	Entry("an empty target", server+`, target: {}`, "should have at least 1 properties"),
	Entry("the credentials as target", server+`, target: {name: c}`, "the token must not overwrite the credentials"),
	Entry("the credentials as target by default", `authorizationServer: {profile: Fabric}, credentialsRef: {name: shop-token}`, "the token must not overwrite the credentials"),
)

var _ = Describe("A name that is too long for the default target", func() {
	long := strings.Repeat("a", 248)

	It("is refused", func(ctx SpecContext) {
		_, err := create(ctx, long, "{"+server+"}")
		Expect(err).To(MatchError(ContainSubstring("shorten it to 247 characters, or set spec.target.name")))
	})

	It("is accepted with a target of its own", func(ctx SpecContext) {
		_, err := create(ctx, long, "{"+server+", target: {name: t}}")
		Expect(err).NotTo(HaveOccurred())
	})
})

var _ = It("A new ClientCredential counts as not yet observed", func(ctx SpecContext) {
	object, err := create(ctx, "shop", "{"+server+"}")
	Expect(err).NotTo(HaveOccurred())
	Expect(object.Object["status"]).To(Equal(map[string]any{"observedGeneration": int64(-1)}))
})
