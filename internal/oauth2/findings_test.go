package oauth2_test

import (
	"encoding/base64"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("Locate", func() {
	explain := func(s server, response oauth2.Response) oauth2.Findings {
		GinkgoHelper()
		return oauth2.Locate(s, response, *tokenIn(s, response))
	}

	It("returns the locations of token, type, scope and lifetime", func() {
		findings := explain(rfc6749(), answer(200, `{"access_token":"abc","token_type":"Bearer","expires_in":3600,"scope":"read"}`))
		Expect(findings).To(Equal(oauth2.Findings{
			AccessToken: oauth2.Location{Pointer: "/access_token"},
			TokenType:   &oauth2.Location{Pointer: "/token_type"},
			Scope:       &oauth2.Location{Pointer: "/scope"},
			Lifetime:    oauth2.LifetimeFromExpiresIn,
			LifetimeAt:  &oauth2.Location{Pointer: "/expires_in"},
		}))
	})

	It("names the pointer that was used, not the first pointer", func() {
		s := rfc6749(func(s *server) { s.Response.AccessToken = at("/access_token", "/data/token") }, expiresAtIn("/none", "/data/until"))
		findings := explain(s, answer(200, `{"data":{"token":"abc","until":"2026-03-01T12:10:00Z"},"expires_in":3600}`))
		Expect(findings.AccessToken.String()).To(Equal("/data/token"))
		Expect(findings.Lifetime).To(Equal(oauth2.LifetimeFromExpiresAt))
		Expect(findings.LifetimeAt.String()).To(Equal("/data/until"))
		Expect(findings.TokenType).To(BeNil())
		Expect(findings.Scope).To(BeNil())
	})

	It("names a header, and the whole body", func() {
		s := rfc6749(func(s *server) {
			s.Response.AccessTokenHeader = "X-Subject-Token"
			s.Response.AccessToken = at("")
		})
		Expect(explain(s, answer(201, `{}`, "X-Subject-Token", "abc")).AccessToken.String()).To(Equal("header X-Subject-Token"))
		Expect(explain(s, answer(200, `abc`)).AccessToken.String()).To(Equal("the whole body"))
	})

	It("distinguishes a stated lifetime, the claim of a JWT and an assumed lifetime", func() {
		claims := fmt.Sprintf(`{"exp":%d}`, startedAt.Unix()+600)
		jwt := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
		findings := explain(rfc6749(), answer(200, `{"access_token":"`+jwt+`"}`))
		Expect(findings.Lifetime).To(Equal(oauth2.LifetimeFromClaim))
		Expect(findings.LifetimeAt).To(BeNil())
		Expect(explain(rfc6749(), answer(200, `{"access_token":"abc"}`)).Lifetime).To(Equal(oauth2.LifetimeFromDefault))
		Expect(explain(rfc6749(), answer(200, `{"access_token":"`+jwt+`","expires_in":3600}`)).Lifetime).To(Equal(oauth2.LifetimeFromClaim))
		Expect(explain(rfc6749(), answer(200, `{"access_token":"`+jwt+`","expires_in":600}`)).Lifetime).To(Equal(oauth2.LifetimeFromExpiresIn))
		Expect(explain(rfc6749(), answer(200, `{"access_token":"`+jwt+`","expires_in":60}`)).Lifetime).To(Equal(oauth2.LifetimeFromExpiresIn))
	})

	It("distinguishes the default from the cap for a lifetime that cannot be read", func() {
		const unread = `{"access_token":"abc","expires_in":"soon"}`
		Expect(explain(rfc6749(), answer(200, unread)).Lifetime).To(Equal(oauth2.LifetimeFromDefault))
		Expect(explain(rfc6749(defaultLifetime(2*time.Hour)), answer(200, unread)).Lifetime).To(Equal(oauth2.LifetimeFromCaution))
	})

	It("reports the source of a lifetime that was cut to the maximum", func() {
		findings := explain(rfc6749(), answer(200, `{"access_token":"abc","expires_in":1e30}`))
		Expect(findings.LifetimeAt).To(HaveValue(Equal(oauth2.Location{Pointer: "/expires_in"})))
	})
})

var _ = Describe("Redact", func() {
	It("removes the secrets of the request and the tokens of the response", func() {
		s := rfc6749()
		request := requestTo(s, oauth2.Grant{Credentials: credentials})
		response := answer(200, `{"access_token":"token-of-the-response","refresh_token":"refresh-of-the-response"}`)
		Expect(oauth2.Redact("a s3cr3t-value, token-of-the-response, refresh-of-the-response, plain", s, request, response)).
			To(Equal("a [REDACTED], [REDACTED], [REDACTED], plain"))
	})
})
