package oauth2_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

const tenYears = 10 * 365 * 24 * time.Hour

// bearer is a response with a token and the given further members.
func bearer(members string) oauth2.Response {
	return answer(http.StatusOK, fmt.Sprintf(`{"access_token": "t", "token_type": "Bearer" %s}`, members))
}

// jwt is a response whose token has the given claims.
func jwt(claims, members string) oauth2.Response {
	token := "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	return answer(http.StatusOK, fmt.Sprintf(`{"access_token": %q %s}`, token, members))
}

func inSeconds(d time.Duration) string { return fmt.Sprint(startedAt.Add(d).Unix()) }

var _ = It("the claim exp is also read from a JWT in the standard base64 alphabet", func() {
	claims := fmt.Sprintf(`{"sub": "a??>>~~", "exp": %s}`, inSeconds(40*time.Second))
	encoded := base64.RawStdEncoding.EncodeToString([]byte(claims))
	Expect(encoded).To(ContainSubstring("/"))
	token := tokenIn(rfc6749(), answer(http.StatusOK, fmt.Sprintf(`{"access_token": "eyJhbGciOiJub25lIn0.%s.c2ln", "expires_in": 120}`, encoded)))
	Expect(token.ExpiresAt).To(BeTemporally("==", startedAt.Add(40*time.Second)))
})

var _ = Describe("the lifetime of a token", func() {
	DescribeTable("is stated by the response:",
		func(member string, lifetime time.Duration) {
			token := tokenIn(rfc6749(), bearer(member))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
		},
		Entry("a number is a lifetime", `, "expires_in": 3600`, time.Hour),
		Entry("a float is a lifetime", `, "expires_in": 3600.0`, time.Hour),
		Entry("an exponent is a lifetime", `, "expires_in": 3.6e3`, time.Hour),
		Entry("a numeric string is a lifetime", `, "expires_in": "3600"`, time.Hour),
		Entry("a numeric string with a fraction and spaces is a lifetime", `, "expires_in": " 3600.0 "`, time.Hour),
		Entry("a fraction of a second is dropped, never rounded up", `, "expires_in": 59.9`, 59*time.Second),
		Entry("a huge number is cut to ten years", `, "expires_in": 99999999999999`, tenYears),
		Entry("a number that is too large for a float is cut to ten years", `, "expires_in": 1e400`, tenYears),
		Entry("a number of hundreds of digits is cut to ten years", `, "expires_in": "1`+fmt.Sprintf("%0400d", 0)+`"`, tenYears),
	)

	DescribeTable("is the default if the response and the token state no readable lifetime:",
		func(response oauth2.Response) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), response)
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(assumedLifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeTrue())
		},
		Entry("no expires_in", bearer(``)),
		Entry("null", bearer(`, "expires_in": null, "expires": null`)),
		Entry("an empty text", bearer(`, "expires_in": "", "expires": ""`)),
		Entry("words", bearer(`, "expires_in": "an hour", "expires": "tomorrow"`)),
		Entry("hexadecimal, infinity and other notations", bearer(`, "expires_in": "0x10", "expires": "Infinity"`)),
		Entry("signs without digits", bearer(`, "expires_in": "-", "expires": "."`)),
		Entry("a Boolean and an object", bearer(`, "expires_in": true, "expires": {"at": 1}`)),
		Entry("a JWT without exp", jwt(`{"sub": "shop"}`, ``)),
		Entry("a JWT whose exp is null", jwt(`{"exp": null}`, ``)),
		Entry("a JWT whose exp is words", jwt(`{"exp": "soon"}`, ``)),
		Entry("a JWT that does not hold JSON", jwt(`exp=1`, ``)),
		Entry("a token that only looks like a JWT", answer(http.StatusOK, `{"access_token": "a.*.c"}`)),
	)

	DescribeTable("is read from an absolute time:",
		func(value string, lifetime time.Duration) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(`, "expires": `+value))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
		},
		Entry("seconds since 1970", inSeconds(time.Hour), time.Hour),
		Entry("seconds since 1970 as text", `"`+inSeconds(time.Hour)+`"`, time.Hour),
		Entry("milliseconds since 1970", inSeconds(time.Hour)+"999", time.Hour),
		Entry("milliseconds since 1970 as text", `"`+inSeconds(time.Hour)+`000"`, time.Hour),
		Entry("RFC 3339 in UTC", `"2026-03-01T13:00:00Z"`, time.Hour),
		Entry("RFC 3339 with an offset and a fraction", `"2026-03-01T14:00:00.25+01:00"`, time.Hour),
		Entry("RFC 1123", `"Sun, 01 Mar 2026 13:00:00 GMT"`, time.Hour),
		Entry("RFC 1123 with an offset", `"Sun, 01 Mar 2026 14:00:00 +0100"`, time.Hour),
	)

	DescribeTable("is the earlier of the relative and the absolute value",
		func(expiresIn, expires string, lifetime time.Duration) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(`, "expires_in": `+expiresIn+`, "expires": `+expires))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
		},
		Entry("if the relative value is earlier", "600", inSeconds(time.Hour), 10*time.Minute),
		Entry("if the absolute value is earlier", "3600", inSeconds(10*time.Minute), 10*time.Minute),
		Entry("but not if the absolute value passed days ago: the server's clock is wrong, and the token is valid", "3600", "1524486008", time.Hour),
		Entry("or the only value that can be read", `"?"`, inSeconds(10*time.Minute), 10*time.Minute),
	)

	DescribeTable("is the claim exp of a JWT",
		func(response oauth2.Response, lifetime time.Duration) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), response)
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
			Expect(token.Lifetime.HasClaim).To(BeTrue())
		},
		Entry("a number", jwt(`{"exp": `+inSeconds(20*time.Minute)+`}`, ``), 20*time.Minute),
		Entry("a number with a fraction", jwt(`{"exp": `+inSeconds(20*time.Minute)+`.5}`, ``), 20*time.Minute),
		Entry("a numeric string", jwt(`{"exp": "`+inSeconds(20*time.Minute)+`"}`, ``), 20*time.Minute),
		Entry("a huge number is cut to ten years", jwt(`{"exp": 1e400}`, ``), tenYears),
		// expires_in once took precedence over the claim, so a cache made an expired JWT look valid.
		Entry("if expires_in says more", jwt(`{"exp": `+inSeconds(20*time.Minute)+`}`, `, "expires_in": 3600`), 20*time.Minute),
		Entry("if expires_at says more", jwt(`{"exp": `+inSeconds(20*time.Minute)+`}`, `, "expires": `+inSeconds(time.Hour)), 20*time.Minute),
	)

	DescribeTable("is not the claim exp of a JWT",
		func(response oauth2.Response, lifetime time.Duration) {
			Expect(tokenIn(rfc6749(expiresAtIn("/expires")), response).ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
		},
		Entry("if expires_in says less", jwt(`{"exp": `+inSeconds(20*time.Minute)+`}`, `, "expires_in": 600`), 10*time.Minute),
		Entry("if expires_at says less", jwt(`{"exp": `+inSeconds(20*time.Minute)+`}`, `, "expires": `+inSeconds(10*time.Minute)), 10*time.Minute),
		Entry("if the token is encrypted and cannot be read", answer(http.StatusOK, `{"access_token": "a.eyJleHAiOjF9.b.c.d", "expires_in": 600}`), 10*time.Minute),
		Entry("if it has another name", jwt(`{"EXP": 1, "nested": {"exp": 1}}`, `, "expires_in": 600`), 10*time.Minute),
		Entry("if its payload is a list", jwt(`["exp", 1]`, `, "expires_in": 600`), 10*time.Minute),
	)

	DescribeTable("may have ended on arrival: the token is refused, and another is requested later",
		func(response oauth2.Response) {
			failure := failureIn(rfc6749(expiresAtIn("/expires")), response)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTokenExpired))
			Expect(failure.Class).To(Equal(problem.Unavailable))
			Expect(failure.StatusCode).To(Equal(http.StatusOK))
			Expect(failure.Message).To(And(ContainSubstring("https://idp.example.com/token"), ContainSubstring("expired already")))
		},
		Entry("zero means expired, not unlimited", bearer(`, "expires_in": 0`)),
		Entry("zero as text is expired", bearer(`, "expires_in": "0"`)),
		Entry("a negative number is expired", bearer(`, "expires_in": -1`)),
		Entry("a hugely negative number is expired", bearer(`, "expires_in": -1e400`)),
		Entry("zero is expired, whatever the absolute time says", bearer(`, "expires_in": 0, "expires": `+inSeconds(time.Hour))),
		Entry("a lifetime of 2 s is over if the response arrives later", bearer(`, "expires_in": 2`)),
		Entry("an absolute time in the past is expired", bearer(`, "expires": 1524486008`)),
		Entry("a negative absolute time is expired", bearer(`, "expires": -1`)),
		Entry("a JWT whose exp has passed is expired", jwt(`{"exp": 1524486008}`, ``)),
		Entry("a JWT whose exp has passed is expired, whatever expires_in says", jwt(`{"exp": `+inSeconds(-time.Minute)+`}`, `, "expires_in": 120`)),
		Entry("a JWT whose exp has passed is expired, whatever expires_in and expires say", jwt(`{"exp": `+inSeconds(-time.Minute)+`}`, `, "expires_in": 120, "expires": `+inSeconds(time.Hour))),
		Entry("a JWT whose exp passes before the response arrives is expired", jwt(`{"exp": `+inSeconds(2*time.Second)+`}`, `, "expires_in": 120`)),
		Entry("a JWT whose exp is 0 is expired", jwt(`{"exp": 0}`, `, "expires_in": 120`)),
		Entry("a date that passed a minute ago is expired, whatever expires_in says, because a cache may answer", bearer(`, "expires_in": 120, "expires": `+inSeconds(-time.Minute))),
		Entry("a date that passed hours ago is expired, whatever expires_in says, because a cache may answer", bearer(`, "expires_in": 120, "expires": `+inSeconds(-23*time.Hour))),
		Entry("a negative lifetime as H:MM:SS means expired", bearer(`, "expires_in": "-00:10:00"`)),
		Entry("a lifetime of 00:00:00 means expired", bearer(`, "expires_in": "00:00:00"`)),
		Entry("the minimum date of .NET means expired", bearer(`, "expires": "0001-01-01T00:00:00Z"`)),
	)

	DescribeTable("may have ended on arrival, and the message says what to do",
		func(response oauth2.Response, said string) {
			failure := failureIn(rfc6749(expiresAtIn("/expires")), response)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTokenExpired))
			Expect(failure.Message).To(Equal("token endpoint https://idp.example.com/token issued a token that has expired already: " + said))
		},
		Entry("if the server states a lifetime of 0, which may mean unlimited", bearer(`, "expires_in": 0`),
			`its value at "/expires_in" means a lifetime of 0 or less; if the token never expires, set authorizationServer.response.expiresIn to [] and authorizationServer.defaultTokenLifetime to the lifetime to assume`),
		Entry("if the server states an expiry of 0, which may mean unlimited", bearer(`, "expires": 0`),
			`its value at "/expires" means a lifetime of 0 or less; if the token never expires, set authorizationServer.response.expiresAt to [] and authorizationServer.defaultTokenLifetime to the lifetime to assume`),
		Entry("if the response took too long", bearer(`, "expires_in": 2`),
			`its lifetime is 2s by "/expires_in" (authorizationServer.response.expiresIn), and the response took longer; correct authorizationServer.response.expiresIn or expiresInUnit, or have longer-lived tokens issued`),
		Entry("if a clock is wrong, or a cache answers", jwt(`{"exp": `+inSeconds(-time.Minute)+`}`, `, "expires_in": 120`),
			`by its claim exp, it expired 1m2s before it arrived; look for a cache in front of the server, and compare the clocks of the server and of the operator's nodes`),
		Entry("if the date has passed", bearer(`, "expires": `+inSeconds(-time.Hour)),
			`by "/expires" (authorizationServer.response.expiresAt), it expired 1h0m2s before it arrived; look for a cache in front of the server, check authorizationServer.response.expiresAt and expiresAtZone, and compare the clocks of the server and of the operator's nodes. If the server's clock cannot be set right, set authorizationServer.response.expiresAt to []`),
		Entry("if the claim is not a date", jwt(`{"exp": 0}`, ``),
			`by its claim exp, it expired at 1970-01-01T00:00:00Z; look for a cache in front of the server, and compare the clocks of the server and of the operator's nodes`),
	)

	It("counts from the start of the request, however long the response takes", func() {
		response := bearer(`, "expires_in": 3600`)
		response.ReceivedAt = startedAt.Add(29 * time.Second)
		Expect(tokenIn(rfc6749(), response).ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
	})

	It("is in whole seconds, as the Secret and the status show it", func() {
		response := bearer(`, "expires_in": 3600`)
		response.StartedAt = startedAt.Add(700 * time.Millisecond)
		token := tokenIn(rfc6749(), response)
		Expect(token.IssuedAt).To(Equal(startedAt))
		Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
	})

	It("is not read from expires_in if the user's list of pointers is empty", func() {
		s := rfc6749(func(s *server) { s.Response.ExpiresIn = []v1alpha1.JSONPointer{} })
		Expect(tokenIn(s, bearer(`, "expires_in": 3600`)).Lifetime.IsAssumed()).To(BeTrue())
	})
})
