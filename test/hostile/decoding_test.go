package hostile_test

import (
	"io"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("Data that grows when it is decoded", func() {
	It("is refused in a response of many small values", func(ctx SpecContext) {
		w := newWorld(ctx)
		server := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(rw, `{"access_token": "t", "values": [0`+strings.Repeat(",0", 120<<10)+`]}`)
		})
		w.attacker.requestsToken(ctx, "many", server.URL)
		w.attacker.reports(ctx, "many", matchers.HaveCondition("Ready", "False", "InvalidResponse", ContainSubstring("10000 JSON values")))
	})

	It("is refused in a credentials Secret of 960 KiB that a template reads", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx,
			w.attacker.credentials("large-credentials", map[string]string{
				"client_id": "large", "client_secret": "s", "other": strings.Repeat("x", 960<<10),
			}),
			w.attacker.clientCredential("large", "http://127.0.0.1:1", func(spec *v1alpha1.ClientCredentialSpec) {
				spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Headers: []v1alpha1.RequestHeader{{Name: "X-A", Template: "{{ .client_id }}"}}}
			}))
		w.attacker.reports(ctx, "large", matchers.HaveCondition("Ready", "False", "CredentialsInvalid", ContainSubstring("more than 256 KiB")))
	})
})
