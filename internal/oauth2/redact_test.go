package oauth2_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("cutting secrets out of the words of a server", func() {
	saidOf := func(secret, description string) string {
		GinkgoHelper()
		s := rfc6749()
		request := requestTo(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}})
		_, err := oauth2.ReadResponse(s, request, answer(http.StatusBadRequest, `{"error_description": `+strconv.Quote(description)+`}`))
		return failureOf(err).Message
	}

	DescribeTable("finds them as servers write them:",
		func(secret, written string) {
			Expect(saidOf(secret, "bad secret "+written+" here")).To(And(ContainSubstring("bad secret [REDACTED] here"), Not(ContainSubstring(written))))
		},
		Entry("JSON of PHP, which escapes slashes", "ab/cd/efghij", `ab\/cd\/efghij`),
		Entry("JSON of Python, which is ASCII", "héllo-secret", `h\u00e9llo-secret`),
		Entry("percent encoding of .NET, in lower case", "ab/cd/efghij", "ab%2fcd%2fefghij"),
		Entry("HTML", "ab&cd<efghij", "ab&amp;cd&lt;efghij"),
	)

	It("does not search its own marks", func() {
		s := rfc6749(func(s *server) {
			s.Request.Headers = []v1alpha1.RequestHeader{{Name: "X-A", Template: "{{ .client_id }}"}}
		})
		pieces := map[string]oauth2.Sensitive{"client_id": oauth2.NewSensitive("shop")}
		for i := range redactedWord {
			for j := i + 4; j <= len(redactedWord); j++ {
				pieces[redactedWord[i:j]] = oauth2.NewSensitive(redactedWord[i:j])
			}
		}
		request := requestTo(s, oauth2.Grant{Credentials: oauth2.Credentials{
			ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive("s3cr3t-value"), Values: pieces,
		}})
		description := strings.Repeat("REDACTED", 30_000)
		_, err := oauth2.ReadResponse(s, request, answer(http.StatusBadRequest, `{"error_description": "`+description+`"}`))
		Expect(failureOf(err).Message).To(And(ContainSubstring("[REDACTED]"), Not(ContainSubstring("[[REDACTED]"))))
	})

	It("cuts the fields of a token out of messages about it", func() {
		token := oauth2.Token{AccessToken: oauth2.NewSensitive("0paque-t0ken"), Fields: map[string]oauth2.Sensitive{"refresh_token": oauth2.NewSensitive("r3fresh-t0ken")}}
		Expect(token.Redact("denied: 0paque-t0ken and r3fresh-t0ken")).To(Equal("denied: [REDACTED] and [REDACTED]"))
		Expect(token.Redact(`denied: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln" was there`)).To(Equal(`denied: "[REDACTED]" was there`))
	})

	DescribeTable("hides members of a response whose names suggest a secret:",
		func(answered string) {
			message := failureIn(rfc6749(), answer(http.StatusBadRequest, answered)).Message
			Expect(message).To(And(ContainSubstring("[REDACTED]"), Not(ContainSubstring("0paque-t0ken"))))
		},
		Entry("a user's token", `{"user_token": "0paque-t0ken", "error_description": "spent: 0paque-t0ken"}`),
		Entry("a token in an object with the name token", `{"token": {"value": "0paque-t0ken"}, "error_description": "spent: 0paque-t0ken"}`),
		Entry("the key of a session", `{"session_key": "0paque-t0ken", "error_description": "spent: 0paque-t0ken"}`),
	)

	It("does not print the headers of a response", func() {
		response := answer(http.StatusOK, "", "X-Subject-Token", "0paque-t0ken")
		inJSON, err := json.Marshal(response)
		Expect(err).NotTo(HaveOccurred())
		for _, printed := range []string{
			fmt.Sprintf("%v", response), fmt.Sprintf("%+v", response), fmt.Sprintf("%#v", response), fmt.Sprintf("%s", response), string(inJSON),
		} {
			Expect(printed).NotTo(ContainSubstring("0paque-t0ken"))
		}
	})
})

const redactedWord = "[REDACTED]"

var _ = Describe("a private key", func() {
	It("is refused if a signature would take minutes", func() {
		key := strings.Repeat("A", 80<<10)
		failure := buildFailure(rfc6749(authenticatedBy(v1alpha1.PrivateKeyJWT)), oauth2.Grant{Credentials: withKey("-----BEGIN PRIVATE KEY-----\n" + key + "\n-----END PRIVATE KEY-----")})
		Expect(failure.Message).To(ContainSubstring("is longer than 64 KiB"))
	})
})

var _ = Describe("an instant in place of a lifetime", func() {
	It("is not a lifetime of decades", func() {
		token := tokenIn(rfc6749(), bearer(`, "expires_in": `+inSeconds(time.Hour)))
		Expect(token.Lifetime.IsAssumed()).To(BeTrue())
		Expect(token.ExpiresAt).To(Equal(startedAt.Add(assumedLifetime)))
	})
})
