package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/internal/check"
	"github.com/tokensync/tokensync/test/authserver"
)

var _ = Describe("kubectl tokensync check", func() {
	var (
		server *authserver.Server
		rfc    string
	)

	BeforeEach(func() {
		server = start()
		rfc = "tokenEndpoint: " + server.URL + authserver.RFC6749Path
	})

	// respond makes the server answer with a body.
	respond := func(status int, body string, header ...string) {
		server.Respond("shop", func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}

	It("shows the request, the response, the token and lifetime that it found, and the time of renewal", func(ctx SpecContext) {
		outcome := checked(ctx, clientCredential(rfc)+credentials(secret))
		Expect(outcome.err).To(BeEmpty())
		Expect(outcome.code).To(BeZero())
		Expect(outcome.out).To(HavePrefix(`ClientCredential default/my-api (standard input)
  authorization server  declared in the ClientCredential
  credentials           Secret "my-client" (standard input)

Request
  POST ` + server.URL + `/oauth2/token
  Accept: application/json
  Authorization: [REDACTED]
  Content-Type: application/x-www-form-urlencoded

  grant_type=client_credentials&scope=read

Response
  HTTP 200 OK
  Content-Type: application/json

  {
    "access_token": <string, 26 bytes>,
    "expires_in": <number 3600>,
    "scope": <string, 4 bytes>,
    "token_type": <string, 6 bytes>
  }

Found
  access token  <string, 26 bytes> at /access_token (response.accessToken)
  token type    Bearer at /token_type (response.tokenType)
  scope         read at /scope (response.scope)
  lifetime      1h0m0s at /expires_in (response.expiresIn)
  expires at    `))
		Expect(outcome.out).To(MatchRegexp(`\n  would renew   about 20\d\d-\S+Z \(3[3-9]m\d+s after the request\)\n$|\(40m\d+s after`))
	})

	It("uses the dialect of a profile that sends JSON", func(ctx SpecContext) {
		outcome := checked(ctx, clientCredential("profile: CommerceLayer", "tokenEndpoint: "+server.URL+authserver.CommerceLayerPath)+credentials(secret))
		Expect(outcome.code).To(BeZero(), outcome.out)
		Expect(outcome.out).To(ContainSubstring(`"client_secret":"[REDACTED]"`))
		Expect(outcome.out).To(ContainSubstring("lifetime      2h0m0s at /expires_in"))
	})

	It("discovers the token endpoint from the issuer", func(ctx SpecContext) {
		outcome := checked(ctx, clientCredential("issuer: "+server.URL)+credentials(secret))
		Expect(outcome.code).To(BeZero(), outcome.out)
		Expect(outcome.out).To(ContainSubstring("POST " + server.URL + authserver.RFC6749Path))
	})

	It("distinguishes the lifetime of a JWT from an assumed lifetime", func(ctx SpecContext) {
		oro := clientCredential("profile: OroCommerce", "tokenEndpoint: "+server.URL+authserver.OroCommercePath, "response: {expiresIn: []}")
		Expect(checked(ctx, oro+credentials(secret)).out).To(And(
			ContainSubstring("bytes, JWT>"), MatchRegexp(`lifetime +\S+ \(claim exp of the JWT\)`)))
		outcome := checked(ctx, clientCredential(rfc, "response: {expiresIn: []}")+credentials(secret))
		Expect(outcome.out).To(And(ContainSubstring("(defaultTokenLifetime)"), ContainSubstring("LifetimeAssumed: ")))
		Expect(outcome.out).To(ContainSubstring(`"expires_in": <number>`))
	})

	Describe("of a lifetime", func() {
		answers := func(body string) { respond(http.StatusOK, body, "Content-Type", "application/json") }
		jwt := func(lives time.Duration) string {
			claims := fmt.Sprintf(`{"exp":%d}`, time.Now().Add(lives).Unix())
			return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
		}

		It("refuses a JWT that expired a minute ago, whatever expires_in says", func(ctx SpecContext) {
			answers(`{"access_token":"` + jwt(-time.Minute) + `","expires_in":120}`)
			outcome := checked(ctx, clientCredential(rfc)+credentials(secret))
			Expect(outcome.code).To(Equal(1))
			Expect(outcome.out).To(And(ContainSubstring("TokenExpired: "), MatchRegexp("by its claim exp, it expired 1m[0-9]s before it arrived"),
				ContainSubstring("Change: spec.authorizationServer.defaultTokenLifetime")))
		})

		It("names the claim exp if it is the earliest expiry", func(ctx SpecContext) {
			answers(`{"access_token":"` + jwt(10*time.Minute) + `","expires_in":1200}`)
			outcome := checked(ctx, clientCredential(rfc)+credentials(secret))
			Expect(outcome.code).To(BeZero(), outcome.out)
			Expect(outcome.out).To(MatchRegexp(`lifetime +\S+ \(claim exp of the JWT\)`))
		})

		It("reports a lifetime that it cannot read, and does not show it", func(ctx SpecContext) {
			answers(`{"access_token":"the-token","expires_in":"tomorrow"}`)
			outcome := checked(ctx, clientCredential(rfc, "defaultTokenLifetime: 2h")+credentials(secret))
			Expect(outcome.code).To(BeZero(), outcome.out)
			Expect(outcome.out).To(And(ContainSubstring("lifetime      1h0m0s (the maximum for a lifetime that cannot be read)"),
				ContainSubstring(`LifetimeUnreadable: the token response has a string of 8 characters at "/expires_in"`)))
			Expect(outcome.out).NotTo(ContainSubstring("tomorrow"))
		})
	})

	Describe("with credentials as files", func() {
		It("needs neither Secret nor cluster, and reports a trailing newline", func(ctx SpecContext) {
			outcome := checked(ctx, clientCredential(rfc),
				"--credential", "client_id="+file("id", "shop"), "--credential", "client_secret="+file("secret", secret+"\n"))
			Expect(outcome.code).To(BeZero(), outcome.out)
			Expect(outcome.out).To(ContainSubstring(`Secret "my-client" (credential files)`))
			Expect(outcome.out).To(ContainSubstring("CredentialsTrimmed: "))
			Expect(outcome.out).To(ContainSubstring(`NotChecked: the credentials are from files: it is not known whether Secret "my-client" exists and has the label oauth2.tokensync.dev/usage=client-credential`))
		})

		It("sends them to one server only", func(ctx SpecContext) {
			two := clientCredential(rfc) + strings.Replace(clientCredential(rfc), "my-api", "other", 1)
			outcome := checked(ctx, two, "--credential", "client_secret="+file("secret", secret))
			Expect(outcome.code).To(Equal(1))
			Expect(outcome.err).To(ContainSubstring("check them one by one"))
			Expect(server.Requests("")).To(BeEmpty())
		})

		It("reports files that are not used", func(ctx SpecContext) {
			outcome := checked(ctx, strings.Replace(clientCredential(rfc, "clientAuthentication: {method: none}"), "credentialsRef: {name: my-client}", "clientID: shop", 1),
				"--credential", "client_secret="+file("secret", secret))
			Expect(outcome.out).To(ContainSubstring("CredentialFilesUnused: the given credential files are not used, because no Secret is needed"))
		})
	})

	It("finds the authorization server in the same files", func(ctx SpecContext) {
		byReference := `
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: my-api, namespace: shop}
spec: {credentialsRef: {name: my-client}, authorizationServerRef: {kind: ClusterAuthorizationServer, name: idp}}
---
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClusterAuthorizationServer
metadata: {name: idp}
spec: {` + rfc + `, allowedNamespaces: {matchLabels: {team: shop}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
` + strings.Replace(credentials(secret), "name: my-client", "name: my-client, namespace: shop", 1)
		outcome := checked(ctx, byReference)
		Expect(outcome.code).To(BeZero(), outcome.out)
		Expect(outcome.out).To(ContainSubstring(`ClusterAuthorizationServer "idp" (standard input)`))

		outcome = checked(ctx, strings.Replace(byReference, "labels: {team: shop}", "labels: {team: other}", 1))
		Expect(outcome.out).To(And(ContainSubstring("AuthorizationServerNotAllowed: "),
			ContainSubstring(`Change: ClusterAuthorizationServer "idp": spec.allowedNamespaces`)))

		outcome = checked(ctx, strings.Replace(byReference, "kind: Namespace\nmetadata: {name: shop", "kind: Namespace\nmetadata: {name: other", 1))
		Expect(outcome.code).To(BeZero(), outcome.out)
		Expect(outcome.out).To(ContainSubstring("NotChecked: it is not known whether ClusterAuthorizationServer"))
	})

	It("trusts only the bundle in the same files", func(ctx SpecContext) {
		secure := authserver.New(authserver.Options{TLS: true})
		DeferCleanup(secure.Close)
		secure.Register(authserver.Client{ID: "shop", Secret: secret})
		declared := clientCredential("tokenEndpoint: "+secure.URL+authserver.RFC6749Path, "tls: {caBundleRef: {name: ca}}") + credentials(secret)
		bundle, err := yaml.Marshal(map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "ca"},
			"data": map[string]any{"ca.crt": certificateOf(secure)},
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(checked(ctx, declared).out).To(And(ContainSubstring("NotChecked: "), ContainSubstring(`ConfigMap "ca" of namespace "default" is not in the given files`)))
		outcome := checked(ctx, declared+"---\n"+string(bundle))
		Expect(outcome.code).To(BeZero(), outcome.out)
	})

	It("checks all ClientCredentials, and fails if one of them fails", func(ctx SpecContext) {
		wrong := strings.Replace(clientCredential("profile: Nonsense"), "name: my-api", "name: other", 1)
		outcome := checked(ctx, clientCredential(rfc)+credentials(secret)+wrong)
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.err).To(Equal("error: 1 of 2 ClientCredentials would get no token\n"))
		Expect(outcome.out).To(And(ContainSubstring("expires at"), ContainSubstring("\n\nClientCredential default/other")))
	})

	It("checks all ClientCredentials, although one declares values that the API server would reject", func(ctx SpecContext) {
		rejected := strings.Replace(clientCredential(rfc, "clientAuthentication: {method: mtls}"), "name: my-api", "name: method", 1) +
			strings.Replace(clientCredential(rfc, "request: {encoding: XML}"), "name: my-api", "name: encoding", 1)
		outcome := checked(ctx, rejected+clientCredential(rfc)+credentials(secret))
		Expect(outcome.err).To(Equal("error: 2 of 3 ClientCredentials would get no token\n"))
		Expect(outcome.out).To(And(
			ContainSubstring(`AuthorizationServerInvalid: there is no client authentication method "mtls": `),
			ContainSubstring(`AuthorizationServerInvalid: there is no request encoding "XML": `),
			ContainSubstring("expires at")))
	})

	It("checks all ClientCredentials, although an object of one cannot be read", func(ctx SpecContext) {
		unread := strings.NewReplacer("name: my-api", "name: other", "name: my-client", "name: elsewhere").Replace(clientCredential(rfc))
		wrong := strings.Replace(clientCredential("profile: Nonsense"), "name: my-api", "name: wrong", 1)
		outcome := checked(ctx, unread+clientCredential(rfc)+credentials(secret)+wrong)
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.err).To(Equal("error: 1 of 3 ClientCredentials would get no token, and 1 of 3 ClientCredentials could not be checked\n"))
		Expect(outcome.out).To(And(ContainSubstring(`NotChecked: Secret "elsewhere" of namespace "default" is not in the given files, and cannot be read from the cluster: `),
			ContainSubstring("expires at")))
	})

	DescribeTable("names the reason of a failure and the fields to change", func(ctx SpecContext, declared func() []string, secret, reason string, fields ...string) {
		outcome := checked(ctx, clientCredential(declared()...)+credentials(secret))
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.err).To(Equal("error: 1 of 1 ClientCredentials would get no token\n"))
		Expect(outcome.out).To(ContainSubstring("\nFailure\n  " + reason + ": "))
		for _, field := range fields {
			Expect(outcome.out).To(ContainSubstring("\n  Change: " + field + "\n"))
		}
	},
		Entry("a wrong secret", func() []string { return []string{rfc} }, wrongSecret, "InvalidClient",
			`Secret "my-client": data.client_id, data.client_secret`, "spec.authorizationServer.clientAuthentication.method"),
		Entry("a wrong pointer", func() []string { return []string{rfc, "response: {accessToken: [/token]}"} }, secret, "InvalidResponse",
			"spec.authorizationServer.response.accessToken: [/access_token]"),
		Entry("an invalid pointer", func() []string { return []string{rfc, "response: {accessToken: [access_token]}"} }, secret,
			"AuthorizationServerInvalid", "spec.authorizationServer"),
		Entry("a success without the value that means success", func() []string { return []string{rfc, "response: {success: {pointer: /ok}}"} }, secret,
			"AuthorizationServerInvalid"),
		Entry("a parameter without a value", func() []string { return []string{rfc, "request: {parameters: [{name: a}]}"} }, secret,
			"AuthorizationServerInvalid"),
		Entry("a token endpoint and an issuer", func() []string { return []string{rfc, "issuer: " + server.URL} }, secret, "AuthorizationServerInvalid"),
		Entry("a scope that is not allowed", func() []string {
			server.Register(authserver.Client{ID: "shop", Secret: secret, Scopes: []string{"write"}})
			return []string{rfc}
		}, secret, "InvalidScope", "spec.scopes"),
		Entry("an unknown profile", func() []string { return []string{"profile: Nonsense"} }, secret, "ProfileUnknown",
			"spec.authorizationServer.profile"),
		Entry("no token endpoint", func() []string { return []string{"profile: ElasticPath"} }, secret, "TokenEndpointMissing",
			"spec.authorizationServer.tokenEndpoint"),
		Entry("an issuer without metadata", func() []string { return []string{"issuer: " + server.URL + "/nowhere"} }, secret, "DiscoveryFailed",
			"spec.authorizationServer.issuer"),
	)

	DescribeTable("finds a mistake in a template of the token Secret", func(ctx SpecContext, template, message string, requests int) {
		outcome := checked(ctx, clientCredential(rfc)+"  target: {template: {data: {key: '"+template+"'}}}\n"+credentials(secret))
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(And(ContainSubstring("\nFailure\n  TargetTemplateInvalid: "), ContainSubstring(message),
			ContainSubstring("\n  Change: spec.target.template\n")))
		Expect(server.Requests("")).To(HaveLen(requests))
	},
		Entry("before it requests a token", `{{ nothing }}`, `function "nothing" is not available in templates; available: b64dec `, 0),
		Entry("after it received a token", `{{ .acess_token }}`, `there is no key "acess_token"`, 1),
	)

	It("shows no token as the scope", func(ctx SpecContext) {
		outcome := checked(ctx, clientCredential(rfc, "response: {scope: [/access_token]}")+credentials(secret))
		Expect(outcome.out).NotTo(MatchRegexp(`scope +read`))
	})

	It("shows no token as the token type", func(ctx SpecContext) {
		outcome := checked(ctx, clientCredential(rfc, "response: {tokenType: [/access_token]}")+credentials(secret))
		Expect(outcome.out).To(ContainSubstring("token type    <string, 26 bytes> at /access_token"))
	})

	It("says what to do if the Secret is missing or lacks the label", func(ctx SpecContext) {
		outcome := checked(ctx, clientCredential(rfc))
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(And(ContainSubstring("NotChecked: "), ContainSubstring("cannot be read from the cluster"),
			ContainSubstring("--credential or --credentials-dir, or check the connection to the cluster")))
		Expect(outcome.err).To(Equal("error: 1 of 1 ClientCredentials could not be checked\n"))
		unlabelled := strings.Replace(credentials(secret), "usage: client-credential", "usage: nothing", 1)
		outcome = checked(ctx, clientCredential(rfc)+unlabelled)
		Expect(outcome.out).To(ContainSubstring(`Change: Secret "my-client": metadata.labels["oauth2.tokensync.dev/usage"]`))
		Expect(checked(ctx, clientCredential(rfc)+unlabelled, "--require-credentials-label=false").code).To(BeZero())
	})

	It("says that the first step of a two-step login must be applied first", func(ctx SpecContext) {
		second := strings.NewReplacer("name: my-api", "name: second", "name: my-client", "name: my-api-token").Replace(clientCredential(rfc))
		outcome := checked(ctx, clientCredential(rfc)+credentials(secret)+second)
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(ContainSubstring(`it is the token Secret of ClientCredential "my-api": apply that ClientCredential first`))
	})

	It("applies the operator's rules unless a flag permits more", func(ctx SpecContext) {
		Expect(checked(ctx, clientCredential(rfc)+credentials(secret), "--allow-http=false").out).To(And(
			ContainSubstring("TokenEndpointInsecure: "), ContainSubstring("Change: the flag --allow-http")))
		Expect(checked(ctx, clientCredential(rfc)+credentials(secret), "--allowed-cidrs=").out).To(And(
			ContainSubstring("AddressDenied: "), ContainSubstring("Change: the flag --allowed-cidrs")))
		Expect(server.Requests("")).To(BeEmpty())
	})

	It("reports a token in a header, additional fields and a short lifetime", func(ctx SpecContext) {
		respond(http.StatusCreated, `{"expires_in":"60 seconds","instance":"https://shop.example.com"}`, "X-Subject-Token", "token-in-a-header")
		outcome := checked(ctx, strings.Replace(clientCredential(rfc,
			"response: {accessTokenHeader: X-Subject-Token, fields: [{name: url, pointers: [/instance]}, {name: id, pointers: [/id]}]}"),
			"scopes:", "suspend: true\n  scopes:", 1)+credentials(secret))
		Expect(outcome.code).To(BeZero(), outcome.out)
		Expect(outcome.out).To(And(
			ContainSubstring("at header X-Subject-Token (response.accessTokenHeader)"), ContainSubstring("fields        url\n"),
			ContainSubstring("Bearer (assumed: the response names none)"), ContainSubstring("scope         the response names none\n"),
			ContainSubstring("LifetimeShort: "), ContainSubstring(`fields "id"`), ContainSubstring("Suspended: ")))
		Expect(outcome.out).NotTo(Or(ContainSubstring("token-in-a-header"), ContainSubstring("shop.example.com"), ContainSubstring("60 seconds")))
	})

	Describe("with a server that misbehaves", func() {
		It("waits no longer than --timeout", func(ctx SpecContext) {
			server.Respond("shop", func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-r.Context().Done():
				case <-time.After(10 * time.Second):
				}
			})
			outcome := checked(ctx, clientCredential(rfc)+credentials(secret), "--timeout=200ms")
			Expect(outcome.out).To(And(ContainSubstring("Timeout: "), ContainSubstring("within 200ms")))
		})

		DescribeTable("shows no value of its response", func(ctx SpecContext, body, shape string) {
			respond(http.StatusOK, body)
			outcome := checked(ctx, clientCredential(rfc)+credentials(secret))
			Expect(outcome.code).To(Equal(1))
			Expect(outcome.out).To(And(ContainSubstring("InvalidResponse: "), ContainSubstring(shape)))
		},
			Entry("broken JSON", `{"access_token":"`+secret, "<broken JSON, "),
			Entry("HTML", `<html>`+secret+`</html>`, "<HTML, "),
			Entry("secrets as names of JSON members", `{"`+secret+`":"`+secret+`"}`, "<name, "),
		)

		It("shows no secret that a failure repeats", func(ctx SpecContext) {
			respond(http.StatusBadRequest, `{"error":"invalid_request","error_description":"bad secret `+secret+`"}`,
				"Content-Type", "application/"+secret)
			outcome := checked(ctx, clientCredential(rfc)+credentials(secret))
			Expect(outcome.out).To(ContainSubstring("[REDACTED]"))
			Expect(outcome.out).To(ContainSubstring(`"error_description": <string, `))
		})
	})

	Describe("with --output", func() {
		It("prints the same as JSON and as YAML", func(ctx SpecContext) {
			var fromJSON, fromYAML struct{ Checks []check.Report }
			outcome := checked(ctx, clientCredential(rfc)+credentials(secret), "-o", "json")
			Expect(outcome.code).To(BeZero())
			Expect(json.Unmarshal([]byte(outcome.out), &fromJSON)).To(Succeed())
			Expect(yaml.UnmarshalStrict([]byte(checked(ctx, clientCredential(rfc)+credentials(secret), "-o", "yaml").out), &fromYAML)).To(Succeed())

			found := fromJSON.Checks[0].Found
			Expect(found.ExpiresAt).To(BeTemporally("~", time.Now().Add(time.Hour), time.Minute))
			Expect(found.RenewAt).To(BeTemporally("<", found.ExpiresAt))
			Expect(found.Lifetime).To(Equal(check.Value{Shown: "1h0m0s", At: "/expires_in", By: "response.expiresIn"}))
			for _, report := range []*check.Report{&fromJSON.Checks[0], &fromYAML.Checks[0]} {
				report.Found.ExpiresAt, report.Found.RenewAt = time.Time{}, time.Time{}
			}
			Expect(fromYAML).To(Equal(fromJSON))
		})

		It("prints failures too, and exits with 1", func(ctx SpecContext) {
			outcome := checked(ctx, clientCredential(rfc)+credentials(wrongSecret), "-o", "json")
			Expect(outcome.code).To(Equal(1))
			var reports struct{ Checks []check.Report }
			Expect(json.Unmarshal([]byte(outcome.out), &reports)).To(Succeed())
			Expect(reports.Checks[0].Failure.Reason).To(Equal("InvalidClient"))
			Expect(reports.Checks[0].Failure.Change).To(HaveLen(2))
			Expect(reports.Checks[0].Response.Status).To(Equal(http.StatusUnauthorized))
		})
	})

	DescribeTable("refuses a command line without quoting possible secrets", func(ctx SpecContext, message string, arguments ...string) {
		outcome := command(ctx, "", append([]string{"check"}, arguments...)...)
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(BeEmpty())
		Expect(outcome.err).To(ContainSubstring(message))
	},
		Entry("no file", "must specify one of -f and -k"),
		Entry("an argument", "arguments that belong to no flag", secret),
		Entry("an unknown flag", "unknown flag: --client-secret\nSee 'kubectl tokensync check --help'", "--client-secret="+secret),
		Entry("an unknown short flag", "unknown flag: -x", "-x="+secret),
		Entry("a secret as a value", "never the value itself", "-f", "../../config/samples/rfc6749.yaml", "--credential=client_secret="+secret),
		Entry("an unknown output", `use json or yaml`, "-f", "x.yaml", "-o", "xml"),
		Entry("a timeout of 0", "--timeout must be more than 0", "-f", "x.yaml", "--timeout=0s"),
		Entry("a file that does not exist", "does not exist", "-f", "nothing.yaml"),
		Entry("an invalid address range", "not an address range such as 10.0.0.0/8", "-f", "x.yaml", "--allowed-cidrs=10.0.0.1"),
		Entry("an invalid level", "it is not a number", "-f", "x.yaml", "-v=high"),
	)

	It("requires a ClientCredential", func(ctx SpecContext) {
		Expect(checked(ctx, credentials(secret)).err).To(ContainSubstring("there is no ClientCredential"))
	})

	It("refuses a field that the API does not have", func(ctx SpecContext) {
		outcome := checked(ctx, clientCredential("tokenEndpoit: x")+credentials(secret))
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.err).To(Equal("error: standard input: ClientCredential \"my-api\": strict decoding error: unknown field \"spec.authorizationServer.tokenEndpoit\"\n"))
	})

	It("has examples and a version", func(ctx SpecContext) {
		Expect(command(ctx, "", "check", "--help").out).To(ContainSubstring("  kubectl tokensync check -f my-api.yaml"))
		Expect(command(ctx, "", "version").out).To(Equal("development\n"))
	})
})
