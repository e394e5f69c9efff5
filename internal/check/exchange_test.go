package check_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/check"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

const secretValue = "s3cr3t/of+the=shop"

// reportOf checks a ClientCredential with the given lines of its authorization server.
func reportOf(ctx SpecContext, data map[string]string, lines ...string) *check.Report {
	GinkgoHelper()
	manifest := `
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: shop}
spec:
  credentialsRef: {name: my-client}
  scopes: [read]
  authorizationServer:
    ` + strings.Join(lines, "\n    ") + `
---
apiVersion: v1
kind: Secret
metadata: {name: my-client, labels: {oauth2.tokensync.dev/usage: client-credential}}
stringData:
`
	for key, value := range data {
		manifest += fmt.Sprintf("  %s: %q\n", key, value)
	}
	objects, err := loadText(manifest)
	Expect(err).NotTo(HaveOccurred())
	checker := &check.Checker{
		Finder: &check.Finder{Files: objects, Connect: func() (client.Client, error) { return nil, io.EOF }},
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		}),
		Policy: resolve.Policy{RequireCredentialsLabel: true}, Now: time.Now,
	}
	report, err := checker.Check(ctx, objects.ClientCredentials[0])
	Expect(err).NotTo(HaveOccurred())
	var text strings.Builder
	Expect(report.WriteText(&text)).To(Succeed())
	for _, value := range data {
		if value != "shop" {
			Expect(text.String()).NotTo(ContainSubstring(value))
		}
	}
	return report
}

// requests holds the Authorization headers and the paths of the requests to a server.
type requests struct{ authorizations, paths []string }

func serving(handle http.HandlerFunc) (string, *requests) {
	got := &requests{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.authorizations = append(got.authorizations, r.Header.Get("Authorization"))
		got.paths = append(got.paths, r.URL.Path)
		handle(w, r)
	}))
	DeferCleanup(server.Close)
	return server.URL, got
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const issuedToken = `{"access_token": "0paque-t0ken-of-the-shop", "expires_in": 3600}`

// expecting issues a token only for the given Basic pair.
func expecting(id, secret string, refusal int) http.HandlerFunc {
	wanted := "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == wanted {
			answering(http.StatusOK, issuedToken)(w, r)
			return
		}
		answering(refusal, "")(w, r)
	}
}

func reasons(notices []check.Notice) (reasons []string) {
	for _, notice := range notices {
		reasons = append(reasons, notice.Reason)
	}
	return reasons
}

var pair = map[string]string{"client_id": "shop", "client_secret": secretValue}

var _ = Describe("A check with special characters in the secret", func() {
	const encoding = "spec.authorizationServer.clientAuthentication.basicEncoding: "

	DescribeTable("says which encoding works, after one more request to the same endpoint",
		func(ctx SpecContext, secret string, refusal int, other string, lines ...string) {
			endpoint, got := serving(expecting("shop", secret, refusal))
			report := reportOf(ctx, pair, append(lines, "tokenEndpoint: "+endpoint+"/token")...)
			Expect(report.Failure).NotTo(BeNil())
			Expect(report.Failure.Change[0]).To(Equal(encoding + other))
			Expect(reasons(report.Notices)).To(ContainElement(check.NoticeOtherEncodingWorks))
			Expect(report.Found).To(BeNil())
			Expect(got.paths).To(Equal([]string{"/token", "/token"}))
		},
		Entry("raw, for a 401", secretValue, http.StatusUnauthorized, "Raw"),
		Entry("raw, for a 403", secretValue, http.StatusForbidden, "Raw"),
		Entry("raw, for a 400", secretValue, http.StatusBadRequest, "Raw"),
		Entry("encoded", url.QueryEscape(secretValue), http.StatusUnauthorized, "FormURLEncoded", "clientAuthentication: {basicEncoding: Raw}"),
	)

	It("says that neither encoding works, after one more request", func(ctx SpecContext) {
		endpoint, got := serving(answering(http.StatusUnauthorized, `{"error": "invalid_client", "error_description": "bad `+secretValue+`"}`))
		report := reportOf(ctx, pair, "tokenEndpoint: "+endpoint)
		Expect(reasons(report.Notices)).To(ContainElement(check.NoticeOtherEncodingFails))
		Expect(report.Failure.Change).NotTo(ContainElement(HavePrefix(encoding)))
		Expect(got.authorizations).To(HaveLen(2))
	})

	DescribeTable("sends only one request",
		func(ctx SpecContext, status int, body string, data map[string]string, lines ...string) {
			endpoint, got := serving(answering(status, body))
			reportOf(ctx, data, append(lines, "tokenEndpoint: "+endpoint)...)
			Expect(got.authorizations).To(HaveLen(1))
		},
		Entry("if the characters are the same in both encodings", 401, "", map[string]string{"client_id": "shop", "client_secret": "plain-secret_of.the~shop"}),
		Entry("if the secret is not in a Basic pair", 401, "", pair, "clientAuthentication: {method: client_secret_post}"),
		Entry("if the server refused for another reason", 400, `{"error": "invalid_scope"}`, pair),
		Entry("if the server is down", 503, "", pair),
		Entry("if the server limits the rate", 429, `{"error": "unauthorized_client"}`, pair),
		Entry("if the endpoint does not exist", 404, "", pair),
		Entry("if it redirects", 302, "", pair),
		Entry("if the token is found", 200, issuedToken, pair),
		Entry("if the token is not found", 200, `{"token": "0paque-t0ken-of-the-shop"}`, pair),
	)
})

var _ = Describe("The fields that a check names", func() {
	changes := func(ctx SpecContext, data map[string]string, status int, body string, lines ...string) []string {
		GinkgoHelper()
		endpoint, _ := serving(answering(status, body))
		return reportOf(ctx, data, append(lines, "tokenEndpoint: "+endpoint)...).Failure.Change
	}

	DescribeTable("are keys that the Secret has and the request uses:",
		func(ctx SpecContext, data map[string]string, credentials string, lines ...string) {
			Expect(changes(ctx, data, http.StatusUnauthorized, "", lines...)[0]).To(Equal(credentials))
		},
		Entry("ID and secret", map[string]string{"client_id": "shop", "client_secret": "plain"}, `Secret "my-client": data.client_id, data.client_secret`),
		Entry("no secret for the method none", map[string]string{"client_id": "shop", "client_secret": "plain"}, `Secret "my-client": data.client_id`,
			"clientAuthentication: {method: none}"),
		Entry("a key of another name", map[string]string{"api_key": "plain-key"}, `Secret "my-client": data.api_key`,
			"clientAuthentication: {method: none}", "request: {parameterNames: {clientID: ''}, headers: [{name: X-Api-Key, secretKey: api_key}]}"),
	)

	It("include the keys of the user for a wrong password", func(ctx SpecContext) {
		data := map[string]string{"client_id": "shop", "client_secret": "plain", "user": "jane-of-the-shop", "pass": "p4ssw0rd-of-jane"}
		Expect(changes(ctx, data, http.StatusBadRequest, `{"error": "invalid_grant"}`,
			"request: {grantType: password, parameters: [{name: username, secretKey: user}, {name: password, secretKey: pass}]}")[0]).
			To(Equal(`Secret "my-client": data.client_id, data.client_secret, data.pass, data.user`))
	})

	const response = "spec.authorizationServer.response."

	DescribeTable("include the members that may be the code and the explanation of a failure:",
		func(ctx SpecContext, status int, body string, proposed []string) {
			var found []string
			for _, change := range changes(ctx, map[string]string{"client_id": "shop", "client_secret": "plain"}, status, body) {
				if strings.Contains(change, "error") || strings.Contains(change, "credential") && strings.Contains(change, "if ") {
					found = append(found, change)
				}
			}
			Expect(found).To(Equal(proposed))
		},
		Entry("at pointers of the vendor", 400, `{"reason": {"number": 1203, "text": "this application is not active"}}`,
			[]string{response + "errorCode: [/reason/number]", response + "errorDescription: [/reason/text]", "if HTTP 400 means wrong credentials, " + response + "credentialStatuses: [400]"}),
		Entry("with status 200", 200, `{"state": "DENIED", "outcome": {"errno": 1203, "comment": "this application is not active"}}`,
			[]string{response + "errorCode: [/outcome/errno]", response + "errorDescription: [/outcome/comment]"}),
		Entry("with status 200, even if the operator finds them", 200, `{"code": 1203, "message": "this application is not active"}`,
			[]string{response + "errorCode: [/code]"}),
		Entry("not if the operator finds them", 400, `{"code": 1203, "message": "this application is not active"}`,
			[]string{"if 1203 means wrong credentials, " + response + `credentialErrors: ["1203"]`}),
		Entry("not if RFC 6749 defines them", 400, `{"error": "invalid_scope", "error_description": "no such scope"}`, nil),
		Entry("not if the token may be at another pointer", 200, `{"data": {"token": "0paque-t0ken-of-the-shop", "statusCode": 17}}`, nil),
	)

	It("include a method that the metadata list", func(ctx SpecContext) {
		var address string
		address, _ = serving(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/.well-known/") {
				answering(http.StatusOK, fmt.Sprintf(`{"issuer": %q, "token_endpoint": %q, "token_endpoint_auth_methods_supported": ["client_secret_post"]}`,
					address, address+"/token"))(w, r)
				return
			}
			answering(http.StatusUnauthorized, `{"error": "invalid_client"}`)(w, r)
		})
		report := reportOf(ctx, map[string]string{"client_id": "shop", "client_secret": "plain"}, "issuer: "+address)
		Expect(report.Notices).To(ContainElement(And(HaveField("Reason", check.NoticeMethodNotListed), HaveField("Message", ContainSubstring("to client_secret_post")))))
		Expect(report.Failure.Message).To(ContainSubstring("set authorizationServer.clientAuthentication.method, which is client_secret_basic, to client_secret_post"))
	})
})
