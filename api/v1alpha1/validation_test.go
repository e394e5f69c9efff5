package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// create creates a ClientCredential in a dry run, from a name and a spec in YAML.
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
	Entry("a profile that includes the token endpoint", `authorizationServer: {profile: CommerceLayer}, credentialsRef: {name: c}`),
	Entry("a client without a Secret", `authorizationServer: {profile: CommerceLayer, clientAuthentication: {method: none}}, clientID: abc, scopes: ["market:id:xYZkjABcde"]`),
	Entry("http, which the operator may refuse", `authorizationServer: {tokenEndpoint: "http://idp.example.com:8080/token?tenant=a"}, credentialsRef: {name: c}`),
	Entry("an IPv6 address", `authorizationServer: {tokenEndpoint: "https://[2001:db8::1]:8443/token"}, credentialsRef: {name: c}`),
	Entry("all common fields", `
  authorizationServer: {
            profile: RFC6749, tokenEndpoint: "https://idp.example.com/token", clientAuthentication: {method: client_secret_post},
            request: {encoding: JSON, grantType: "urn:example:grant", parameters: [{name: tenant, value: ""}, {name: x-y, value: "1"}]},
            response: {accessToken: ["", /a~1b/0/c~0d], tokenType: [], expiresIn: [], expiresAt: [/exp], scope: [], errorCode: [], errorDescription: []},
            defaultTokenLifetime: 1h30m},
  credentialsRef: {name: c, clientIDKey: id, clientSecretKey: SECRET_1.x}, scopes: ["read:all", "a/b#[c]^~"], audience: "https://api.example.com",
  renewBefore: 10m, target: {name: t}, suspend: true`),
	Entry("every type that a token Secret may have", server+`, target: {template: {type: Opaque}}`),
	Entry("registry credentials", server+`, target: {template: {type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: "{}"}}}`),
	Entry("every field of a target", server+`, target: {name: t, adopt: true, deletionPolicy: Retain, template: {type: kubernetes.io/basic-auth,
    metadata: {labels: {argocd.argoproj.io/secret-type: repository, app.kubernetes.io/part-of: argocd, team: web}, annotations: {example.com/a: b}}, data: {username: x, password: "{{ .access_token }}", .netrc: ""}}}`),
	Entry("a reference to an authorization server", `authorizationServerRef: {kind: ClusterAuthorizationServer, name: a}, clientID: x`),
	Entry("every field for other dialects", `
  authorizationServer: {
            issuer: "https://idp.example.com/realms/shop", tls: {caBundleRef: {kind: Secret, name: ca, key: tls.crt}, clientCertificate: FromCredentials},
            clientAuthentication: {method: private_key_jwt, basicEncoding: Raw, authorizationScheme: ID, assertion: {
              algorithm: PS256, keyID: k, lifetime: 5m, clockSkew: 2m30s, notBefore: true, issuer: i, subject: "", audience: a, claims: [{name: /a/b, value: "1", type: Number}],
              headers: [{name: "x5t#S256", template: '{{ index . "tls.crt" | x5tS256 }}'}]}},
            request: {method: PUT, encoding: JSON, assertion: {subject: ""},
              headers: [{name: X-Api-Key, secretKey: api_key}], parameters: [{name: scope, value: '["a"]', type: JSON}, {name: b, template: "{{ .x }}", type: Boolean}],
              parameterNames: {clientID: /c/id, clientSecret: "", grantType: "", scope: s, audience: a, resource: r, assertion: "", clientAssertion: ca, clientAssertionType: t},
              scopeSeparator: ""},
            response: {accessTokenHeader: X-Subject-Token, expiresInUnit: Milliseconds, expiresAtZone: "+09:00", expiresAtLayout: "MM/DD/YYYY hh:mm:ss A", success: {pointer: "/code", equals: "0"}},
            rateLimit: {requests: 30, per: 1m}},
  credentialsRef: {name: c, privateKeyKey: key.pem}, serviceAccountName: sa, resources: ["https://api.example.com/"],
  parameters: [{name: account, secretKey: account}]`),
	Entry("an assertion with the maximum clock skew", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {clockSkew: 5m}}}, credentialsRef: {name: c}`),
	Entry("an assertion without clock skew", `authorizationServer: {profile: Fabric, request: {assertion: {clockSkew: 0s, notBefore: false}}}, credentialsRef: {name: c}`),
	Entry("a GET request", `authorizationServer: {tokenEndpoint: "https://a.example.com/?x=1", request: {method: GET}}, credentialsRef: {name: c}`),
	Entry("the parameter grant_type if request.grantType is not sent", `authorizationServer: {tokenEndpoint: "https://a.example.com/", request: {parameterNames: {grantType: ""}, parameters: [{name: grant_type, value: x}]}}, credentialsRef: {name: c}`),
	Entry("a percentage", server+`, renewBeforePercentage: 50`),
)

var _ = DescribeTable("The API server refuses", func(ctx SpecContext, spec, message string) {
	_, err := create(ctx, "shop", "{"+spec+"}")
	Expect(err).To(MatchError(ContainSubstring(message)))
},
	Entry("no authorization server", `clientID: x`, "set exactly one of authorizationServer and authorizationServerRef"),
	Entry("a field that does not exist", server+`, issuer: x`, `unknown field "spec.issuer"`),
	Entry("two authorization servers", server+`, authorizationServerRef: {name: x}`, "set exactly one of authorizationServer and authorizationServerRef"),
	Entry("a reference to another namespace", `authorizationServerRef: {name: other/x}, clientID: x`, "authorizationServerRef.name must be the name of an object"),
	Entry("a reference of another kind", `authorizationServerRef: {kind: Issuer, name: x}, clientID: x`, `supported values: "AuthorizationServer", "ClusterAuthorizationServer"`),
	Entry("an empty authorization server", `authorizationServer: {}, credentialsRef: {name: c}`, "should have at least 1 properties"),
	Entry("no token endpoint", `authorizationServer: {profile: RFC6749}, credentialsRef: {name: c}`, "set tokenEndpoint to the URL of the token endpoint, issuer to discover it, or profile to a profile that includes it"),
	Entry("a profile with an invalid name", `authorizationServer: {profile: "a b"}, credentialsRef: {name: c}`, "letters and digits only"),
	Entry("a token endpoint that is not a URL", `authorizationServer: {tokenEndpoint: "idp.example.com/token"}, credentialsRef: {name: c}`, "must be an absolute https URL"),
	Entry("a token endpoint of another scheme", `authorizationServer: {tokenEndpoint: "ftp://idp.example.com/token"}, credentialsRef: {name: c}`, "must be an absolute https URL"),
	Entry("a token endpoint without a host", `authorizationServer: {tokenEndpoint: "https:///token"}, credentialsRef: {name: c}`, "must be an absolute https URL"),
	Entry("a token endpoint with a fragment", `authorizationServer: {tokenEndpoint: "https://idp.example.com/token#a"}, credentialsRef: {name: c}`, "remove '#' and the text after it"),
	Entry("a token endpoint with a password", `authorizationServer: {tokenEndpoint: "https://id:secret@idp.example.com/token"}, credentialsRef: {name: c}`, "put the client ID and secret into the credentials Secret"),
	Entry("a token endpoint that is too long", `authorizationServer: {tokenEndpoint: "https://idp.example.com/`+strings.Repeat("a", 2048)+`"}, credentialsRef: {name: c}`, "may not be more than 2048"),
	Entry("an unknown client authentication method", `authorizationServer: {profile: Fabric, clientAuthentication: {method: basic}}, credentialsRef: {name: c}`, "Unsupported value: \"basic\""),
	Entry("an unknown encoding", `authorizationServer: {profile: Fabric, request: {encoding: XML}}, credentialsRef: {name: c}`, `supported values: "Form", "JSON"`),
	Entry("a grant type with a space", `authorizationServer: {profile: Fabric, request: {grantType: "client credentials"}}, credentialsRef: {name: c}`, "grantType must be printable ASCII without spaces"),
	Entry("a client secret in plain text", `authorizationServer: {profile: Fabric, request: {parameters: [{name: client_secret, value: x}]}}, credentialsRef: {name: c}`, "never write a client secret here"),
	Entry("a client secret in plain text, for this client only", server+`, parameters: [{name: client_secret, value: x}]`, "never write a client secret here"),
	Entry("the grant type as a parameter", `authorizationServer: {profile: Fabric, request: {parameters: [{name: grant_type, value: x}]}}, credentialsRef: {name: c}`, "grant_type has a field of its own"),
	Entry("a parameter twice", `authorizationServer: {profile: Fabric, request: {parameters: [{name: a, value: x}, {name: a, value: y}]}}, credentialsRef: {name: c}`, "Duplicate value"),
	Entry("a parameter without a value", `authorizationServer: {profile: Fabric, request: {parameters: [{name: a}]}}, credentialsRef: {name: c}`, "set exactly one of value, secretKey and template"),
	Entry("a parameter with two values", `authorizationServer: {profile: Fabric, request: {parameters: [{name: a, value: x, secretKey: k}]}}, credentialsRef: {name: c}`, "set exactly one of value, secretKey and template"),
	Entry("a header without a value", `authorizationServer: {profile: Fabric, request: {headers: [{name: X-A}]}}, credentialsRef: {name: c}`, "set exactly one of value, secretKey and template"),
	Entry("a header with an invalid name", `authorizationServer: {profile: Fabric, request: {headers: [{name: "X A", value: a}]}}, credentialsRef: {name: c}`, "a header's name is letters, digits and '-'"),
	Entry("a header that the HTTP client sets", `authorizationServer: {profile: Fabric, request: {headers: [{name: HOST, value: a}]}}, credentialsRef: {name: c}`, "the HTTP client sets this header itself"),
	Entry("a GET request with a body", `authorizationServer: {profile: Fabric, request: {method: GET, encoding: Form}}, credentialsRef: {name: c}`, "a GET request has no body"),
	Entry("an issuer and a token endpoint", `authorizationServer: {tokenEndpoint: "https://a.example.com/", issuer: "https://a.example.com"}, credentialsRef: {name: c}`, "set tokenEndpoint or issuer, not both"),
	Entry("an issuer with a query", `authorizationServer: {issuer: "https://a.example.com/?a=b"}, credentialsRef: {name: c}`, "without query, fragment and user"),
	Entry("serviceAccountToken and an algorithm", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {algorithm: RS256, serviceAccountToken: {audience: a}}}}, credentialsRef: {name: c}`, "set no other field of the assertion"),
	Entry("the JOSE header alg", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {headers: [{name: alg, value: none}]}}}, credentialsRef: {name: c}`, "alg, crit and b64 cannot be set"),
	Entry("an assertion with a lifetime of two days", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {lifetime: 48h}}}, credentialsRef: {name: c}`, "lifetime must be a duration from 10s to 24h"),
	Entry("a clock skew of more than five minutes", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {clockSkew: 5m1s, lifetime: 1h}}}, credentialsRef: {name: c}`, "clockSkew must be a duration from 0s to 5m"),
	Entry("a negative clock skew", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {clockSkew: "-10s"}}}, credentialsRef: {name: c}`, "clockSkew must be a duration from 0s to 5m"),
	Entry("a clock skew without a unit", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {clockSkew: "10"}}}, credentialsRef: {name: c}`, "clockSkew must be a duration from 0s to 5m, such as 30s"),
	Entry("a clock skew of more than half of the lifetime", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {clockSkew: 31s, lifetime: 1m}}}, credentialsRef: {name: c}`, "clockSkew may be at most half of lifetime"),
	Entry("serviceAccountToken and a clock skew", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {clockSkew: 5s, serviceAccountToken: {audience: a}}}}, credentialsRef: {name: c}`, "set no other field of the assertion"),
	Entry("serviceAccountToken and the claim nbf", `authorizationServer: {profile: Fabric, clientAuthentication: {method: private_key_jwt, assertion: {notBefore: true, serviceAccountToken: {audience: a}}}}, credentialsRef: {name: c}`, "set no other field of the assertion"),
	Entry("response.success without equals", `authorizationServer: {profile: Fabric, response: {success: {pointer: /code}}}, credentialsRef: {name: c}`, "equals: Required value"),
	Entry("a Go layout", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "01/02/2006 15:04:05"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a strftime layout", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "%m/%d/%Y %H:%M"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout without a year", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "MM/DD HH:mm"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout without a time", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "MM/DD/YYYY"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout of a 12-hour clock without AM or PM", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "MM/DD/YYYY hh:mm"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout whose zone is not at the end", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "MM/DD/YYYY Z HH:mm"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout with minutes and months swapped", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "mm/dd/yyyy HH:MM:ss"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout with the month in full", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "MMMM DD, YYYY HH:mm"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout with the month twice", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "MM/DD/YYYY MMM HH:mm"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a layout with the hour twice", `authorizationServer: {profile: Fabric, response: {expiresAtLayout: "MM/DD/YYYY HH:mm hh A"}}, credentialsRef: {name: c}`, "expiresAtLayout has YYYY"),
	Entry("a zone that is a name", `authorizationServer: {profile: Fabric, response: {expiresAtZone: Asia/Seoul}}, credentialsRef: {name: c}`, "expiresAtZone"),
	Entry("a rate limit without a period", `authorizationServer: {profile: Fabric, rateLimit: {requests: 3}}, credentialsRef: {name: c}`, "per: Required value"),
	Entry("a rate limit of 0 requests", `authorizationServer: {profile: Fabric, rateLimit: {requests: 0, per: 1m}}, credentialsRef: {name: c}`, "requests"),
	Entry("a CA bundle of another kind", `authorizationServer: {profile: Fabric, tls: {caBundleRef: {kind: File, name: a}}}, credentialsRef: {name: c}`, `supported values: "ConfigMap", "Secret"`),
	Entry("a privateKeyKey that is not a valid key", `authorizationServer: {profile: Fabric}, credentialsRef: {name: c, privateKeyKey: "a b"}`, "privateKeyKey must be a key of a Secret"),
	Entry("a parameter whose name has a space", `authorizationServer: {profile: Fabric, request: {parameters: [{name: "a b", value: x}]}}, credentialsRef: {name: c}`, "a parameter's name must be printable ASCII"),
	Entry("a pointer without a slash", `authorizationServer: {profile: Fabric, response: {accessToken: [access_token]}}, credentialsRef: {name: c}`, "must be a JSON Pointer (RFC 6901): start it with '/'"),
	Entry("a pointer with a bare tilde", `authorizationServer: {profile: Fabric, response: {expiresIn: ["/a~b"]}}, credentialsRef: {name: c}`, "write '~' as ~0"),
	Entry("no pointer to the token", `authorizationServer: {profile: Fabric, response: {accessToken: []}}, credentialsRef: {name: c}`, "should have at least 1 items"),
	Entry("a default lifetime that is not a duration", `authorizationServer: {profile: Fabric, defaultTokenLifetime: "3600"}, credentialsRef: {name: c}`, "such as 30m or 1h"),
	Entry("a default lifetime that is too short", `authorizationServer: {profile: Fabric, defaultTokenLifetime: 9s}, credentialsRef: {name: c}`, "from 10s to 8760h"),
	Entry("a duration that cannot be parsed", server+`, renewBefore: 99999999999999h`, "renewBefore"),
	Entry("a renewBefore that is not a duration", server+`, renewBefore: soon`, "renewBefore must be a duration from 10s to 8760h, such as 10m"),
	Entry("a negative renewBefore", server+`, renewBefore: "-5m"`, "renewBefore must be a duration"),
	Entry("renewBefore and renewBeforePercentage", server+`, renewBefore: 10m, renewBeforePercentage: 33`, "set renewBefore or renewBeforePercentage, not both"),
	Entry("a percentage of 0", server+`, renewBeforePercentage: 0`, "should be greater than or equal to 1"),
	Entry("a percentage of 100", server+`, renewBeforePercentage: 100`, "should be less than or equal to 99"),
	Entry("no credentials at all", `authorizationServer: {profile: Fabric}`, "set credentialsRef to the Secret that holds client_id and client_secret"),
	Entry("credentials in another namespace", `authorizationServer: {profile: Fabric}, credentialsRef: {name: other/secret}`, "must be the name of a Secret of this namespace"),
	Entry("a clientIDKey that is not a valid key", `authorizationServer: {profile: Fabric}, credentialsRef: {name: c, clientIDKey: "a b"}`, "clientIDKey must be a key of a Secret"),
	Entry("a clientSecretKey that is not a valid key", `authorizationServer: {profile: Fabric}, credentialsRef: {name: c, clientSecretKey: "a/b"}`, "clientSecretKey must be a key of a Secret"),
	Entry("a client ID with a newline", `authorizationServer: {profile: Fabric}, clientID: "a\nb"`, "clientID must be printable ASCII"),
	Entry("two scopes in one item", server+`, scopes: ["read write"]`, "write each scope as an item of its own"),
	Entry("a scope with a quote", server+`, scopes: ['a"b']`, "no spaces, quotes or backslashes"),
	Entry("a scope with a backslash", server+`, scopes: ['a\b']`, "no spaces, quotes or backslashes"),
	Entry("an empty list of scopes", server+`, scopes: []`, "should have at least 1 items"),
	Entry("too many scopes", server+`, scopes: [`+strings.Repeat("a,", 101)+`]`, "must have at most 100 items"),
	Entry("an empty audience", server+`, audience: ""`, "should be at least 1 chars long"),
	Entry("a target with an invalid name", server+`, target: {name: Shop_Token}`, "target.name must be a valid name for a Secret"),
	Entry("an empty target", server+`, target: {}`, "should have at least 1 properties"),
	Entry("a service account's token", server+`, target: {template: {type: kubernetes.io/service-account-token}}`, `supported values: "Opaque", "kubernetes.io/basic-auth", "kubernetes.io/dockerconfigjson"`),
	Entry("a bootstrap token", server+`, target: {template: {type: bootstrap.kubernetes.io/token}}`, "Unsupported value"),
	Entry("a Helm release", server+`, target: {template: {type: helm.sh/release.v1}}`, "Unsupported value"),
	Entry("registry credentials without their key", server+`, target: {template: {type: kubernetes.io/dockerconfigjson, data: {config.json: "{}"}}}`, "needs the key .dockerconfigjson"),
	Entry("basic authentication without username and password", server+`, target: {template: {type: kubernetes.io/basic-auth}}`, "needs the key username or password"),
	Entry("a template that replaces the token", server+`, target: {template: {data: {access_token: x}}}`, "cannot replace access_token, token_type or expires_at"),
	Entry("an invalid key", server+`, target: {template: {data: {a/b: x}}}`, "a key of template.data is letters, digits"),
	Entry("a key that names the parent folder", server+`, target: {template: {data: {"..": x}}}`, "a key of template.data is letters, digits"),
	Entry("a template that is too long", server+`, target: {template: {data: {a: "`+strings.Repeat("x", 16385)+`"}}}`, "at most 16384 characters"),
	Entry("the label of an Argo CD cluster", server+`, target: {template: {metadata: {labels: {argocd.argoproj.io/secret-type: cluster}}}}`, "to repository or repo-creds"),
	Entry("a tracking label", server+`, target: {template: {metadata: {labels: {argocd.argoproj.io/instance: x}}}}`, "are reserved: use another prefix"),
	Entry("the label of Helm releases", server+`, target: {template: {metadata: {labels: {owner: helm}}}}`, "the label owner=helm marks Helm releases"),
	Entry("the name of a Helm release", server+`, target: {name: sh.helm.release.v1.web.v1}`, "are Helm's releases"),
	Entry("a label of a Kubernetes project", server+`, target: {template: {metadata: {labels: {cluster.x-k8s.io/cluster-name: x}}}}`, "are reserved: use another prefix"),
	Entry("a label that Argo CD may use for tracking", server+`, target: {template: {metadata: {labels: {app.kubernetes.io/instance: x}}}}`, "are reserved: use another prefix"),
	Entry("the label app.kubernetes.io/managed-by", server+`, target: {template: {metadata: {labels: {app.kubernetes.io/managed-by: x}}}}`, "are reserved: use another prefix"),
	Entry("a label of Flux", server+`, target: {template: {metadata: {labels: {kustomize.toolkit.fluxcd.io/name: x}}}}`, "are reserved: use another prefix"),
	Entry("an annotation of Helm", server+`, target: {template: {metadata: {annotations: {helm.sh/hook: x}}}}`, "are reserved: use another prefix"),
	Entry("an annotation of Kubernetes", server+`, target: {template: {metadata: {annotations: {kubernetes.io/service-account.name: x}}}}`, "are reserved: use another prefix"),
	Entry("an unknown deletion policy", server+`, target: {deletionPolicy: Orphan}`, `supported values: "Delete", "Retain"`),
	Entry("the credentials as target", server+`, target: {name: c}`, "the token must not overwrite the credentials"),
	Entry("the credentials as target by default", `authorizationServer: {profile: Fabric}, credentialsRef: {name: shop-token}`, "the token must not overwrite the credentials"),
)

var _ = Describe("A name that is too long for the default target", func() {
	long := strings.Repeat("a", 248)

	It("is refused", func(ctx SpecContext) {
		_, err := create(ctx, long, "{"+server+"}")
		Expect(err).To(MatchError(ContainSubstring("shorten it to 247 characters, or set spec.target.name")))
	})

	It("is accepted with an explicit target", func(ctx SpecContext) {
		_, err := create(ctx, long, "{"+server+", target: {name: t}}")
		Expect(err).NotTo(HaveOccurred())
	})
})

var _ = It("A new ClientCredential is not yet observed", func(ctx SpecContext) {
	object, err := create(ctx, "shop", "{"+server+"}")
	Expect(err).NotTo(HaveOccurred())
	Expect(object.Object["status"]).To(Equal(map[string]any{"observedGeneration": int64(-1)}))
})
