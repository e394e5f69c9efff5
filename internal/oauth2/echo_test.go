package oauth2_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("a server that echoes the request", func() {
	held := holding(map[string]string{"api": "k3y/of the+api", "doc": `{"pin": "p1n-of-doc", "deep": [{"x": "d33p-of-doc"}]}`})
	held.PrivateKey = oauth2.NewSensitive(pkcs8(rsaKey))
	held.ClientSecret = oauth2.NewSensitive("s3cr3t/of the+client, which is long enough for HS256")
	grant := oauth2.Grant{Credentials: held}

	everything := func(s *server) {
		s.Request.Parameters = []v1alpha1.Parameter{
			{Name: "api", SecretKey: "api"}, {Name: "made", Template: `m4de-of {{ .api | sha256sum }}`},
			{Name: "doc", SecretKey: "doc", Type: v1alpha1.JSONParameter},
		}
		s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-Auth", Template: `Token {{ printf "h3ader-%s" .api | b64enc }}`}}
		s.Request.Assertion = &v1alpha1.Assertion{}
	}

	// secretsOf returns the texts of a request that no message may show.
	secretsOf := func(request *oauth2.Request) []string {
		secrets := []string{held.ClientSecret.Reveal(), "k3y/of the+api", "p1n-of-doc", "d33p-of-doc", held.Values["doc"].Reveal()}
		for name, value := range request.Header {
			if name != "Accept" && name != "Content-Type" {
				secrets = append(secrets, value.Reveal(), value.Reveal()[strings.Index(value.Reveal(), " ")+1:])
			}
		}
		if form, err := url.ParseQuery(request.Body.Reveal()); err == nil {
			for _, name := range []string{"made", "assertion", "client_assertion", "client_secret"} {
				if form.Get(name) != "" {
					secrets = append(secrets, form.Get(name))
				}
			}
		}
		return secrets
	}
	inJSON := func(members map[string]string) string {
		GinkgoHelper()
		raw, err := json.Marshal(members)
		Expect(err).NotTo(HaveOccurred())
		return string(raw)
	}

	DescribeTable("does not get a secret into a message",
		func(method v1alpha1.ClientAuthenticationMethod) {
			s := rfc6749(everything, authenticatedBy(method), errorCodeAt("/error"))
			request := requestTo(s, grant)
			for _, secret := range secretsOf(request) {
				for _, form := range []string{
					secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ToLower(url.QueryEscape("+/")) + secret,
					base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)),
					base64.URLEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
				} {
					for _, response := range []oauth2.Response{
						answer(http.StatusBadRequest, inJSON(map[string]string{"error": form, "error_description": "you sent " + form + "!"})),
						answer(http.StatusBadRequest, inJSON(map[string]string{"error_description": form[:1] + "\x01" + form[1:]})),
						answer(http.StatusBadRequest, inJSON(map[string]string{"error": form[:2] + "\u0085" + form[2:]})),
						answer(http.StatusBadRequest, inJSON(map[string]string{"error_description": form[:3] + "\ufffd" + form[3:]})),
						answer(http.StatusFound, "", "Location", "https://other.example.com/"+form),
						answer(http.StatusFound, "", "Location", "https://other.example.com/"+url.PathEscape(form)+"?a="+url.QueryEscape(form)),
						answer(http.StatusOK, "x", "Content-Type", form),
						answer(http.StatusOK, "x", "Content-Type", "text/"+form),
						answer(http.StatusOK, inJSON(map[string]string{"access_token": "t", "expires_in": "0", "token_type": form})),
						answer(http.StatusOK, inJSON(map[string]string{"access_token": form + "\n"})),
						answer(http.StatusOK, form),
					} {
						_, err := oauth2.ReadResponse(s, request, response)
						Expect(err).To(HaveOccurred())
						Expect(strings.ToLower(err.Error())).NotTo(ContainSubstring(strings.ToLower(secret)))
						Expect(strings.ToLower(err.Error())).NotTo(ContainSubstring(strings.ToLower(form)))
					}
				}
			}
		},
		Entry("with client_secret_basic", v1alpha1.ClientSecretBasic),
		Entry("with client_secret_post", v1alpha1.ClientSecretPost),
		Entry("with client_secret_jwt", v1alpha1.ClientSecretJWT),
		Entry("with private_key_jwt", v1alpha1.PrivateKeyJWT),
	)

	It("does not get a part of the token into a message, wherever the text is cut", func() {
		for _, token := range []string{"0paque-t0ken", "a token of words"} {
			for at := range len(token) {
				for _, between := range []string{"\x00", "\u007f", "\ufffd", "\x1b"} {
					body := inJSON(map[string]string{"access_token": token, "error": "x", "error_description": "is " + token[:at] + between + token[at:]})
					Expect(failureIn(rfc6749(), answer(http.StatusOK, body)).Message).NotTo(ContainSubstring(token))
				}
			}
		}
	})

	It("does not mask a short word that happens to be a value", func() {
		s := rfc6749(withSecretKeys("n", "n"))
		request := requestTo(s, oauth2.Grant{Credentials: holding(map[string]string{"n": "no"})})
		_, err := oauth2.ReadResponse(s, request, answer(http.StatusBadRequest, `{"error_description": "no such client"}`))
		Expect(err).To(MatchError(ContainSubstring("no such client")))
	})

	It("does not get the claims of a JWT into a message", func() {
		s := rfc6749()
		_, err := oauth2.ReadResponse(s, requestTo(s, grant), answer(http.StatusBadRequest, `{"error": "prefix.eyJhbGciOiJub25lIn0.e30."}`))
		Expect(err).To(MatchError(Not(ContainSubstring("eyJ"))))
	})
})
