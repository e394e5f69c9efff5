package oauth2_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// secretData is the data of a credentials Secret.
type secretData map[string]string

// grantFrom reads the credentials of a server from a Secret.
func grantFrom(s server, data secretData, scopes ...string) oauth2.Grant {
	GinkgoHelper()
	source := oauth2.CredentialsSource{
		SecretName: "my-client", ClientIDKey: "client_id", ClientSecretKey: "client_secret", PrivateKeyKey: "private_key", Data: map[string][]byte{},
	}
	for key, value := range data {
		source.Data[key] = []byte(value)
	}
	if _, ok := data["app_key"]; ok {
		source.ClientIDKey, source.ClientSecretKey = "app_id", "app_key"
	}
	read, _, err := oauth2.ReadCredentials(source, s)
	Expect(err).NotTo(HaveOccurred())
	return oauth2.Grant{Credentials: read, Scopes: scopes}
}

func encodedBasic(encoding v1alpha1.BasicEncoding) func(*server) {
	return func(s *server) { s.ClientAuthentication.BasicEncoding = encoding }
}

func granting(grantType string) func(*server) {
	return func(s *server) { s.Request.GrantType = grantType }
}

var _ = Describe("a hint", func() {
	plainPair := secretData{"client_id": "shop", "client_secret": "s3cr3t-value"}
	specialPair := secretData{"client_id": "shop", "client_secret": "s3cr3t/value+="}
	signed := secretData{"client_id": "shop", "private_key": pkcs8(rsaKey)}
	login := secretData{"client_id": "shop", "client_secret": "s3cr3t-value", "user": "jane", "pass": "p4ssw0rd-of-jane"}
	asUser := func(s *server) {
		granting("password")(s)
		withSecretKeys("username", "user", "password", "pass")(s)
	}
	withJWTGrant := func(s *server) { s.Request.Assertion = &v1alpha1.Assertion{} }
	code := func(code string) string { return fmt.Sprintf(`{"error": %q}`, code) }
	change := func(changes ...func(*server)) []func(*server) { return changes }

	hintOf := func(changes []func(*server), data secretData, metadata *oauth2.Metadata, response oauth2.Response, scopes ...string) string {
		GinkgoHelper()
		s := rfc6749(changes...)
		request := requestTo(s, grantFrom(s, data, scopes...))
		request.Metadata = metadata
		_, err := oauth2.ReadResponse(s, request, response)
		message := failureOf(err).Message
		for _, value := range data {
			if value != "shop" {
				Expect(message).NotTo(ContainSubstring(value))
			}
		}
		return message[strings.LastIndex(message, "HTTP "):]
	}

	DescribeTable("depends on the request, the metadata and the status:",
		func(changes []func(*server), data secretData, status int, body, hint string) {
			Expect(hintOf(changes, data, nil, answer(status, body))).To(ContainSubstring(hint))
		},
		Entry("the keys of the Secret", nil, plainPair, 401, code("invalid_client"), `check the client ID and its secret (keys "client_id" and "client_secret" of Secret "my-client")`),
		Entry("keys of other names", nil, secretData{"app_id": "shop", "app_key": "s3cr3t-value"}, 401, "", `(keys "app_id" and "app_key" of Secret "my-client")`),
		Entry("a method to try instead of basic", nil, plainPair, 401, code("invalid_client"), "method is client_secret_basic: try client_secret_post"),
		Entry("a method to try instead of post", change(authenticatedBy(v1alpha1.ClientSecretPost)), plainPair, 401, "", "method is client_secret_post: try client_secret_basic"),
		Entry("special characters", nil, specialPair, 401, code("invalid_client"), "set authorizationServer.clientAuthentication.basicEncoding to Raw"),
		Entry("special characters, with an empty 401", nil, specialPair, 401, "", "basicEncoding to Raw"),
		Entry("special characters, with an empty 403", nil, specialPair, 403, "", "basicEncoding to Raw"),
		Entry("special characters, with an empty 400", nil, specialPair, 400, "", "basicEncoding to Raw"),
		Entry("special characters, for unauthorized_client", nil, specialPair, 401, code("unauthorized_client"), "basicEncoding to Raw"),
		Entry("special characters in the raw form", change(encodedBasic(v1alpha1.RawBasic)), specialPair, 401, code("invalid_client"), "basicEncoding to FormURLEncoded"),
		Entry("an empty 403", nil, plainPair, 403, "", `check the client ID and its secret (keys "client_id" and "client_secret" of Secret "my-client")`),
		Entry("an empty 400", nil, plainPair, 400, "", "the server gives no reason: check the client ID and its secret"),
		Entry("a private key", change(authenticatedBy(v1alpha1.PrivateKeyJWT)), signed, 401, code("invalid_client"), `its public key is registered at the authorization server (keys "client_id" and "private_key" of Secret "my-client")`),
		Entry("the audience of an assertion", change(authenticatedBy(v1alpha1.PrivateKeyJWT)), signed, 401, code("invalid_client"), "clientAuthentication.assertion.audience to the server's issuer"),
		Entry("no secret at all", change(authenticatedBy(v1alpha1.ClientAuthenticationNone)), plainPair, 401, code("invalid_client"), "set authorizationServer.clientAuthentication.method to client_secret_basic"),
		Entry("the grant type for unauthorized_client", nil, plainPair, 400, code("unauthorized_client"), "allow the grant type client_credentials for this client"),
		Entry("a wrong password", change(asUser), login, 400, code("invalid_grant"), `check the user name and the password (keys "user" and "pass" of Secret "my-client")`),
		Entry("a wrong password with another grant type", change(granting("system"), withSecretKeys("userName", "user", "userPassword", "pass")), login, 400, code("invalid_grant"), "check the user name and the password"),
		Entry("a wrong password, with 401", change(asUser), login, 401, "", `the user name and the password (keys "user" and "pass" of Secret "my-client")`),
		Entry("a JWT as the grant", change(withJWTGrant), secretData{"client_id": "shop", "client_secret": "s3cr3t-value", "private_key": pkcs8(rsaKey)}, 400, code("invalid_grant"), "check audience, issuer and subject of authorizationServer.request.assertion, the registration of the key at the authorization server, and the clocks"),
		Entry("a refresh token", change(granting("refresh_token"), withSecretKeys("refresh_token", "user")), login, 400, code("invalid_grant"), "the refresh token is spent, revoked or expired"),
		Entry("an authorization code", change(granting("authorization_code")), plainPair, 400, code("invalid_grant"), "set authorizationServer.request.grantType to client_credentials"),
		Entry("client credentials", nil, plainPair, 400, code("invalid_grant"), "must not require DPoP"),
		Entry("no scope for invalid_scope", nil, plainPair, 400, code("invalid_scope"), "set spec.scopes"),
		Entry("no target for invalid_target", nil, plainPair, 400, code("invalid_target"), "set spec.audience or spec.resources"),
		Entry("404", nil, plainPair, 404, "", "check authorizationServer.tokenEndpoint"),
		Entry("405", nil, plainPair, 405, "", "set authorizationServer.request.method to GET"),
		Entry("406", nil, plainPair, 406, "", `authorizationServer.request.headers to [{name: Accept, value: "*/*"}]`),
		Entry("415 for a form", nil, plainPair, 415, "", "set authorizationServer.request.encoding to JSON"),
		Entry("415 for JSON", change(encodedAs(v1alpha1.JSONEncoding)), plainPair, 415, "", "set authorizationServer.request.encoding to Form"),
		Entry("invalid_request for JSON", change(encodedAs(v1alpha1.JSONEncoding)), plainPair, 400, code("invalid_request"), "set authorizationServer.request.encoding to Form"),
		Entry("unsupported_grant_type", nil, plainPair, 400, code("unsupported_grant_type"), `check authorizationServer.request.grantType, which is "client_credentials"`),
	)

	DescribeTable("is not misleading:",
		func(changes []func(*server), data secretData, status int, body, hint string) {
			Expect(hintOf(changes, data, nil, answer(status, body))).NotTo(ContainSubstring(hint))
		},
		Entry("no encoding without special characters", nil, plainPair, 401, code("invalid_client"), "basicEncoding"),
		Entry("no encoding for another method", change(authenticatedBy(v1alpha1.ClientSecretPost)), specialPair, 401, code("invalid_client"), "basicEncoding"),
		Entry("no encoding for a wrong scope", nil, specialPair, 400, code("invalid_scope"), "basicEncoding"),
		Entry("no raw form for an ID with a colon", nil, secretData{"client_id": "shop:7", "client_secret": "s3cr3t-value"}, 401, code("invalid_client"), "basicEncoding"),
		Entry("no DPoP for a wrong password", change(asUser), login, 400, code("invalid_grant"), "DPoP"),
		Entry("no DPoP for a JWT as the grant", change(withJWTGrant), secretData{"client_id": "shop", "client_secret": "s3cr3t-value", "private_key": pkcs8(rsaKey)}, 400, code("invalid_grant"), "DPoP"),
		Entry("no other method for parameters of other names", change(authenticatedBy(v1alpha1.ClientSecretPost), func(s *server) {
			name := v1alpha1.ParameterName("appId")
			s.Request.ParameterNames = &v1alpha1.ParameterNames{ClientID: &name}
		}), plainPair, 401, "", "client_secret_basic"),
		Entry("no profile for an empty 403", nil, plainPair, 403, "", "authorizationServer.profile"),
		Entry("no key that the request does not use", change(authenticatedBy(v1alpha1.ClientAuthenticationNone)), plainPair, 401, code("invalid_client"), `"client_secret"`),
	)

	DescribeTable("uses the metadata:",
		func(changes []func(*server), metadata, status string, response oauth2.Response, hint string, scopes ...string) {
			read, err := oauth2.ReadMetadata("https://idp.example.com", "there",
				answer(200, `{"issuer": "https://idp.example.com", "token_endpoint": "https://idp.example.com/token", `+metadata+`}`))
			Expect(err).NotTo(HaveOccurred(), status)
			Expect(hintOf(changes, plainPair, read, response, scopes...)).To(ContainSubstring(hint))
		},
		Entry("another method with the same secret", nil, `"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]`, "", answer(401, ""),
			"set authorizationServer.clientAuthentication.method, which is client_secret_basic, to client_secret_post, which the server's metadata lists"),
		Entry("methods that need other credentials", nil, `"token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"]`, "", answer(401, ""),
			"to one that the server's metadata lists: private_key_jwt, tls_client_auth"),
		Entry("the declared method", nil, `"token_endpoint_auth_methods_supported": ["client_secret_basic"]`, "", answer(401, ""), "HTTP 401: check the client ID"),
		Entry("no list", nil, `"token_endpoint_auth_methods_supported": "client_secret_post"`, "", answer(401, ""), "HTTP 401: check the client ID"),
		Entry("a list that is too long", nil, `"token_endpoint_auth_methods_supported": [`+strings.Repeat(`"a",`, 1000)+`"b"]`, "", answer(401, ""), "HTTP 401: check the client ID"),
		Entry("the grant types", nil, `"grant_types_supported": ["authorization_code", "password"]`, "", answer(400, code("unsupported_grant_type")),
			`request.grantType, which is "client_credentials", to one that the server's metadata lists: authorization_code, password`),
		Entry("the scopes", nil, `"scopes_supported": ["openid", "read"]`, "", answer(400, code("invalid_scope")), "the server's metadata does not list write: check spec.scopes", "read", "write"),
	)

	It("names the field for the server's own code, which may mean wrong credentials", func() {
		Expect(hintOf(nil, plainPair, nil, answer(400, code("E17")))).To(ContainSubstring("if E17 means wrong credentials, add it to authorizationServer.response.credentialErrors; check"))
	})

	It("names the grant type, in whatever case the server writes its code", func() {
		Expect(hintOf(nil, plainPair, nil, answer(400, code("UNAUTHORIZED_CLIENT")))).To(ContainSubstring("allow the grant type client_credentials for this client"))
	})

	It("names a method that the server allows", func() {
		Expect(hintOf(nil, plainPair, nil, answer(405, "", "Allow", "put, OPTIONS"))).To(ContainSubstring("request.method to PUT, which the server allows"))
	})

	DescribeTable("is about the encoding of the credentials only if another encoding can help:",
		func(failure oauth2.Error, helps bool) { Expect(failure.RefusesCredentials()).To(Equal(helps)) },
		Entry("401", oauth2.Error{StatusCode: 401}, true),
		Entry("403 without a code", oauth2.Error{StatusCode: 403}, true),
		Entry("400 with the server's own code", oauth2.Error{StatusCode: 400, Code: "E17"}, true),
		Entry("200 with invalid_client", oauth2.Error{StatusCode: 200, Code: "invalid_client"}, true),
		Entry("not 400 with INVALID_SCOPE", oauth2.Error{StatusCode: 400, Code: "INVALID_SCOPE"}, false),
		Entry("not 400 with invalid_scope", oauth2.Error{StatusCode: 400, Code: "invalid_scope"}, false),
		Entry("not 429 with unauthorized_client", oauth2.Error{StatusCode: 429, Code: "unauthorized_client"}, false),
		Entry("not 404", oauth2.Error{StatusCode: 404}, false),
		Entry("not 503", oauth2.Error{StatusCode: 503}, false),
		Entry("not a request without a response", oauth2.Error{}, false),
	)

	DescribeTable("names the other encoding only if it sends other bytes",
		func(id, secret string, other v1alpha1.BasicEncoding, changes ...func(*server)) {
			request := requestTo(rfc6749(changes...), oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive(id), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}})
			Expect(request.OtherBasicEncoding()).To(Equal(other))
		},
		Entry("not for letters, digits and other characters that no encoding changes", "shop-7_a.b~c", "Aa09-_.~", v1alpha1.BasicEncoding("")),
		Entry("for a slash in the secret", "shop", "a/b", v1alpha1.RawBasic),
		Entry("for a space in the ID", "my shop", "ab", v1alpha1.RawBasic),
		Entry("for a character that is not ASCII", "shop", "é", v1alpha1.RawBasic),
		Entry("for a secret in the raw form", "shop", "a/b", v1alpha1.FormURLEncodedBasic, encodedBasic(v1alpha1.RawBasic)),
		Entry("for a colon in the secret", "shop", "a:b", v1alpha1.RawBasic),
		Entry("not for a colon in the ID, because the ID ends there in the raw form", "sh:op", "a/b", v1alpha1.BasicEncoding("")),
		Entry("not for another method", "shop", "a/b", v1alpha1.BasicEncoding(""), authenticatedBy(v1alpha1.ClientSecretPost)),
	)
})

var _ = Describe("the used keys of a credentials Secret", func() {
	source := oauth2.CredentialsSource{
		SecretName: "my-client", ClientIDKey: "client_id", ClientSecretKey: "client_secret", PrivateKeyKey: "private_key",
		Data: map[string][]byte{"client_id": nil, "client_secret": nil, "api_key": nil, "tenant": nil, "unused": nil},
	}
	DescribeTable("are the keys that the request uses and the Secret has",
		func(keys []string, changes ...func(*server)) {
			Expect(oauth2.UsedKeys(source, rfc6749(changes...))).To(Equal(keys))
		},
		Entry("for basic", []string{"client_id", "client_secret"}),
		Entry("for none", []string{"client_id"}, authenticatedBy(v1alpha1.ClientAuthenticationNone)),
		Entry("for a private key that is not there", []string{"client_id"}, authenticatedBy(v1alpha1.PrivateKeyJWT)),
		Entry("for a secretKey", []string{"client_id", "api_key"}, authenticatedBy(v1alpha1.ClientAuthenticationNone), withSecretKeys("k", "api_key")),
		Entry("for a template", []string{"client_id", "api_key", "tenant"}, authenticatedBy(v1alpha1.ClientAuthenticationNone), func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X", Template: `{{ .tenant }}/{{ index . "api_key" }}`}}
		}),
	)
})
