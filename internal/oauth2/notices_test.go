package oauth2_test

import (
	"encoding/base64"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// jwtOf returns a JWT with the given claims.
func jwtOf(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(claims)) + ".c2ln"
}

var _ = Describe("a notice about a token", func() {
	noticesFor := func(s server, body string, scopes ...string) []oauth2.Notice {
		GinkgoHelper()
		token, err := oauth2.ReadResponse(s, requestTo(s, oauth2.Grant{Credentials: credentials, Scopes: scopes}), answer(200, body))
		Expect(err).NotTo(HaveOccurred())
		return token.Notices
	}
	haveNotice := func(reason, message string) OmegaMatcher {
		return ConsistOf(And(HaveField("Reason", reason), HaveField("Message", ContainSubstring(message))))
	}

	DescribeTable("says that the granted scope differs:",
		func(asked []string, granted, message string) {
			Expect(noticesFor(rfc6749(), `{"access_token": "t", "scope": "`+granted+`"}`, asked...)).To(haveNotice(v1alpha1.EventScopeDiffers, message))
			list := `["` + strings.Join(strings.FieldsFunc(granted, func(r rune) bool { return r == ' ' || r == ',' }), `", "`) + `"]`
			Expect(noticesFor(rfc6749(), `{"access_token": "t", "scope": `+list+`}`, asked...)).To(haveNotice(v1alpha1.EventScopeDiffers, message))
		},
		Entry("a scope is missing", []string{"read", "write"}, "read", "the server did not grant write"),
		Entry("a scope was added", []string{"read"}, "read profile email", "the server granted email, profile, which spec.scopes does not request"),
		Entry("a scope was replaced", []string{"read"}, "write", "the server did not grant read: allow"),
		Entry("a scope is missing in a list with commas", []string{"read", "write", "ship"}, "read,write", "the server did not grant ship"),
		Entry("another spelling", []string{"read"}, "Read", "the server did not grant read"),
	)

	DescribeTable("does not mention a scope:",
		func(asked []string, members string) {
			Expect(noticesFor(rfc6749(), `{"access_token": "t"`+members+`}`, asked...)).To(BeEmpty())
		},
		Entry("in another order", []string{"read", "write"}, `, "scope": "write read"`),
		Entry("with commas", []string{"read", "write"}, `, "scope": "read,write"`),
		Entry("with commas and spaces", []string{"read", "write"}, `, "scope": "write, read"`),
		Entry("in a list", []string{"read", "write"}, `, "scope": ["write", "read"]`),
		Entry("in a list that holds something else", []string{"read"}, `, "scope": ["write", {"name": "read"}]`),
		Entry("in an empty list", []string{"read"}, `, "scope": []`),
		Entry("in a text that looks like a list", []string{"read", "write"}, `, "scope": "[\"read\", \"write\"]"`),
		Entry("that has commas itself", []string{"a,b"}, `, "scope": "a,b"`),
		Entry("that occurs twice", []string{"read"}, `, "scope": "read read"`),
		Entry("that is empty", []string{"read"}, `, "scope": ""`),
		Entry("that is missing, which grants the requested scope", []string{"read"}, ``),
		Entry("that was not requested", nil, `, "scope": "read"`),
		Entry("that stands for all (Entra ID)", []string{"https://graph.example.com/.default"}, `, "scope": "User.Read"`),
	)

	DescribeTable("says that the token is bound:",
		func(claims, message string, changes ...func(*server)) {
			Expect(noticesFor(rfc6749(changes...), `{"access_token": "`+jwtOf(claims)+`"}`)).To(haveNotice(v1alpha1.EventTokenBound, message))
		},
		Entry("to a certificate that the operator does not have", `{"cnf": {"x5t#S256": "abc"}}`, "a client certificate (claim cnf, RFC 8705) that the operator does not have"),
		Entry("to a key by its thumbprint", `{"cnf": {"jkt": "abc"}}`, "RFC 9449"),
		Entry("to a key", `{"cnf": {"jwk": {"kty": "EC"}}}`, "have the authorization server issue Bearer tokens"),
	)

	It("says what the workload needs for a token that is bound to the client's own certificate", func() {
		s := rfc6749(func(s *server) {
			s.ClientAuthentication.Method = v1alpha1.TLSClientAuth
		})
		certificate, key := certificateOf(p256Key, startedAt.AddDate(0, -1, 0), startedAt.AddDate(0, 1, 0))
		request := requestTo(s, grantFrom(s, secretData{"client_id": "shop", "tls.crt": certificate, "tls.key": key}))
		token, err := oauth2.ReadResponse(s, request, answer(200, `{"access_token": "`+jwtOf(`{"cnf": {"x5t#S256": "abc"}}`)+`"}`))
		Expect(err).NotTo(HaveOccurred())
		Expect(token.Notices).To(haveNotice(v1alpha1.EventTokenBound, `bound to the client certificate in Secret "my-client"`))
	})

	DescribeTable("does not mention a token that is not bound",
		func(token string) {
			Expect(noticesFor(rfc6749(), `{"access_token": "`+token+`"}`)).To(BeEmpty())
		},
		Entry("without the claim", jwtOf(`{"sub": "shop"}`)),
		Entry("with an empty claim", jwtOf(`{"cnf": {}}`)),
		Entry("with a claim of another form", jwtOf(`{"cnf": "x"}`)),
		Entry("that is not a JWT", "a.b.c"),
	)

	It("says that there is no revocation endpoint, when the token is issued", func() {
		yes := true
		s := rfc6749(func(s *server) { s.Revocation = &v1alpha1.Revocation{OnDelete: &yes} })
		Expect(noticesFor(s, `{"access_token": "t"}`)).To(haveNotice(v1alpha1.EventRevocationEndpointMissing, "set authorizationServer.revocation.endpoint"))
		s.Revocation.Endpoint = "https://idp.example.com/revoke"
		Expect(noticesFor(s, `{"access_token": "t"}`)).To(BeEmpty())
		s.Revocation.Endpoint, *s.Revocation.OnDelete = "", false
		Expect(noticesFor(s, `{"access_token": "t"}`)).To(BeEmpty())
	})
})
