package hostile_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// withFields declares fields that all point to the access token.
func withFields(count int) func(*v1alpha1.ClientCredentialSpec) {
	return func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{}
		for i := range count {
			spec.AuthorizationServer.Response.Fields = append(spec.AuthorizationServer.Response.Fields,
				v1alpha1.ResponseField{Name: fmt.Sprintf("field-%d", i), Pointers: []v1alpha1.JSONPointer{"/access_token"}})
		}
	}
}

// allocated returns how many MiB the process allocates while do runs.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 20
}

var _ = Describe("A response that is copied several times", func() {
	large := func(letters int) string {
		return `{"access_token": "` + strings.Repeat("0paque-t0ken/", letters/13) + `", "expires_in": 3600}`
	}

	It("is refused before anything is written if the copies in response.fields are larger than a Secret can be", func(ctx SpecContext) {
		w := newWorld(ctx)
		server := newHostileServer(answers(http.StatusOK, large(240<<10)))
		spent := allocated(func() {
			w.attacker.requestsToken(ctx, "bomb", server.URL, withFields(16))
			w.attacker.reports(ctx, "bomb", matchers.HaveCondition("Ready", "False", "InvalidResponse",
				And(ContainSubstring("authorizationServer.response.fields"), ContainSubstring("more than 960 KiB together"))))
		})
		Expect(spent).To(BeNumerically("<", 100))
		Expect(w.writes()).NotTo(ContainElement(ContainSubstring("/secrets")))
		By("restarting without another token request")
		w.restart()
		Consistently(server.requests.Load).Should(BeEquivalentTo(1))
	})

	It("is refused if the copies in fields and template together are too large", func(ctx SpecContext) {
		w := newWorld(ctx)
		server := newHostileServer(answers(http.StatusOK, large(60<<10)))
		w.attacker.requestsToken(ctx, "bomb", server.URL, withFields(11), func(spec *v1alpha1.ClientCredentialSpec) {
			data := map[string]string{}
			for i := range 8 {
				data[fmt.Sprintf("key-%d", i)] = "{{ .access_token }}"
			}
			spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: data}}
		})
		w.attacker.reports(ctx, "bomb", matchers.HaveCondition("Ready", "False", "TargetTemplateInvalid",
			And(ContainSubstring("authorizationServer.response.fields"), ContainSubstring("spec.target.template.data"))))
		Expect(w.writes()).NotTo(ContainElement(ContainSubstring("/secrets")))
	})

	It("is removed from a message of the API server with little memory", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.interceptWith(func(request *http.Request) *http.Response {
			if request.Method == http.MethodPost && strings.HasSuffix(request.URL.Path, "/secrets") {
				return answered(request, http.StatusRequestEntityTooLarge, `{"kind": "Status", "apiVersion": "v1", "status": "Failure",
					"reason": "RequestEntityTooLarge", "code": 413, "message": "too large: 0paque-t0ken/0paque-t0ken/0paque"}`)
			}
			return nil
		})
		server := newHostileServer(answers(http.StatusOK, large(240<<10)))
		spent := allocated(func() {
			w.attacker.requestsToken(ctx, "bomb", server.URL, withFields(2))
			w.attacker.reports(ctx, "bomb", matchers.HaveCondition("Ready", "False", "SecretWriteFailed", ContainSubstring("too large: [REDACTED];")))
		})
		Expect(spent).To(BeNumerically("<", 100))
	})
})

var _ = Describe("A server that repeats the client secret", func() {
	secret := secretOf("shop") + `/é&"`
	DescribeTable("does not reveal it", func(ctx SpecContext, encode func(string) string) {
		w := newWorld(ctx)
		written := encode(secret)
		server := newHostileServer(answers(http.StatusBadRequest, `{"error": "invalid_client", "error_description": `+strconv.Quote("wrong secret "+written+" here")+`}`))
		create(ctx,
			w.attacker.credentials("shop-credentials", map[string]string{"client_id": "shop", "client_secret": secret}),
			w.attacker.clientCredential("shop", server.URL))
		w.attacker.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "InvalidClient", ContainSubstring("wrong secret [REDACTED] here")))
		Expect(w.shown(ctx, w.attacker.clientCredential("shop", ""))).NotTo(Or(ContainSubstring(written), ContainSubstring(strconv.Quote(written))))
	},
		Entry("in upper case", strings.ToUpper),
		Entry("in hex", func(s string) string { return hex.EncodeToString([]byte(s)) }),
		Entry("in hex with colons", func(s string) string { return strings.ReplaceAll(fmt.Sprintf("% X", s), " ", ":") }),
		Entry("in base64 within JSON", func(s string) string {
			return base64.URLEncoding.EncodeToString([]byte(`{"secret":` + strconv.Quote(s) + `}`))
		}),
		Entry("with a space after each letter", func(s string) string { return strings.Join(strings.Split(s, ""), " ") }),
		Entry("as Python bytes", func(s string) string { return `\x` + strings.ReplaceAll(fmt.Sprintf("% x", s), " ", `\x`) }),
	)
})
