package hostile_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// echoing answers a token request with an error that quotes the given parameter of the request. client_id may
// also come from basic authentication.
func echoing(parameter string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		said := r.PostFormValue(parameter)
		if user, _, ok := r.BasicAuth(); ok && parameter == "client_id" {
			said, _ = url.QueryUnescape(user)
		}
		answers(http.StatusUnauthorized, `{"error": "invalid_client", "error_description": "there is no client `+said+` here", "hint": "`+said+`"}`)(rw, r)
	}
}

var _ = Describe("A value of a credentials Secret", func() {
	const canary = "c4nary-of-the-secret"

	// requestsToken creates a ClientCredential whose credentials Secret has the canary under the given key.
	requestsToken := func(ctx SpecContext, w *world, endpoint, key string, change func(*v1alpha1.ClientCredentialSpec)) *v1alpha1.ClientCredential {
		GinkgoHelper()
		clientCredential := w.attacker.clientCredential("shop", endpoint, change)
		data := map[string]string{"client_id": "shop", "client_secret": "another-secret"}
		data[key] = canary
		create(ctx, w.attacker.credentials("shop-credentials", data), clientCredential)
		return clientCredential
	}

	DescribeTable("is not shown to readers, whatever it is used for:", func(ctx SpecContext, key, parameter string, change func(*v1alpha1.ClientCredentialSpec)) {
		w := newWorld(ctx)
		server := newHostileServer(echoing(parameter))
		clientCredential := requestsToken(ctx, w, server.URL, key, change)
		w.attacker.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "InvalidClient", ContainSubstring("there is no client [REDACTED] here")))
		Expect(w.shown(ctx, clientCredential)).NotTo(ContainSubstring("c4nary"))
	},
		Entry("the client secret as client ID", "client_secret", "client_id", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.CredentialsRef.ClientIDKey = "client_secret"
		}),
		Entry("the client ID, which only spec.clientID makes public", "client_id", "client_id", func(*v1alpha1.ClientCredentialSpec) {}),
		Entry("another key as client ID of a client without a secret", "password", "client_id", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.CredentialsRef.ClientIDKey = "password"
			spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.ClientAuthenticationNone}
		}),
		Entry("another key as a parameter", "password", "hint", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Parameters: []v1alpha1.Parameter{{Name: "hint", SecretKey: "password"}}}
		}),
		Entry("another key in a template that encodes it", "password", "hint", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Parameters: []v1alpha1.Parameter{{Name: "hint", Template: "{{ .password | upper | b64enc }}"}}}
		}),
	)

	DescribeTable("is not shown to readers if the metadata of an issuer repeats it", func(ctx SpecContext, issuer, token, said string) {
		w := newWorld(ctx)
		server := newHostileServer(func(rw http.ResponseWriter, r *http.Request) {
			at := strings.NewReplacer("URL", "http://"+r.Host, "SECRET", canary)
			if strings.HasPrefix(r.URL.Path, "/.well-known/") {
				answers(http.StatusOK, at.Replace(fmt.Sprintf(`{"issuer": %q, "token_endpoint": %q, "grant_types_supported": ["SECRET"]}`, issuer, token)))(rw, r)
				return
			}
			answers(http.StatusBadRequest, `{"error": "unsupported_grant_type"}`)(rw, r)
		})
		declared := v1alpha1.AuthorizationServerSpec{Issuer: server.URL}
		idp := &v1alpha1.AuthorizationServer{ObjectMeta: w.attacker.metadata("idp"), Spec: declared}
		create(ctx, idp)
		clientCredential := requestsToken(ctx, w, "", "client_secret", func(spec *v1alpha1.ClientCredentialSpec) { spec.AuthorizationServer = &declared })
		w.attacker.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", said))
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, w.attacker.key("idp"), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).NotTo(BeEmpty())
		}).Should(Succeed())
		Expect(fmt.Sprint(idp.Status)).NotTo(ContainSubstring("c4nary"))
		Expect(w.shown(ctx, clientCredential)).NotTo(ContainSubstring("c4nary"))
	},
		Entry("as the issuer", "http://SECRET.example.com", "URL/token", "DiscoveryFailed"),
		Entry("in the path of the token endpoint", "URL", "URL/SECRET/token", "UnsupportedGrantType"),
		Entry("in the host of the token endpoint", "URL", "http://SECRET.invalid/token", "TokenEndpointUnreachable"),
	)

	It("is not shown as a scope in the status, unless the spec requests that scope", func(ctx SpecContext) {
		w := newWorld(ctx)
		server := newHostileServer(answers(http.StatusOK, `{"access_token": "0paque-t0ken", "expires_in": 3600, "scope": "read c4nary-of-the-secret:write"}`))
		clientCredential := requestsToken(ctx, w, server.URL, "client_id", func(spec *v1alpha1.ClientCredentialSpec) { spec.Scopes = []string{"read"} })
		w.attacker.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(w.attacker.get(ctx, "shop")(Default).Status.Token.Scope).To(Equal("read"))
		Expect(w.shown(ctx, clientCredential)).NotTo(ContainSubstring("c4nary"))
	})

	DescribeTable("is hidden, but the public spec.clientID is shown if it is", func(ctx SpecContext, id string) {
		w := newWorld(ctx)
		server := newHostileServer(echoing("client_id"))
		requestsToken(ctx, w, server.URL, "client_secret", func(spec *v1alpha1.ClientCredentialSpec) { spec.ClientID = id })
		w.attacker.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "InvalidClient", ContainSubstring("there is no client "+id+" here")))
	},
		Entry("a name", "web-shop"),
		Entry("a UUID", "7f3c1f0e-6a3f-4d2b-9c1e-2f3a4b5c6d7e"),
	)
})
