package oauth2_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func defaultLifetime(lifetime time.Duration) func(*server) {
	return func(s *server) { s.DefaultTokenLifetime = &metav1.Duration{Duration: lifetime} }
}

var _ = Describe("a lifetime that cannot be read", func() {
	DescribeTable("is reported with its location and kind, but not its value:",
		func(members string, unread ...oauth2.Unread) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(members))
			Expect(token.Lifetime.Unread).To(ConsistOf(unread))
			Expect(token.Lifetime.IsUnreadable()).To(BeTrue())
		},
		Entry("a text", `, "expires_in": "tomorrow"`, unread("/expires_in", "a string of 8 characters")),
		Entry("a text of characters of several bytes", `, "expires_in": "Übermorgen"`, unread("/expires_in", "a string of 10 characters")),
		Entry("an object", `, "expires_in": {"seconds": 3600}`, unread("/expires_in", "an object")),
		Entry("a list", `, "expires_in": [3600]`, unread("/expires_in", "a list")),
		Entry("a boolean", `, "expires_in": true`, unread("/expires_in", "a boolean")),
		Entry("a number that is a time", `, "expires_in": `+inSeconds(time.Hour), unread("/expires_in", "a number of 10 characters")),
		Entry("a date that means never", `, "expires": "9999-12-31T23:59:59Z"`, unread("/expires", "a date more than 10 years ahead")),
		Entry("a date of a zone west of UTC", `, "expires": "2026-03-01 05:00:00"`, unread("/expires", "a date without a zone that has passed in UTC")),
		Entry("a US date", `, "expires": "03/01/2026 01:00:00 PM"`, unread("/expires", "a string of 22 characters")),
		Entry("two values", `, "expires_in": "?", "expires": "!!"`, unread("/expires_in", "a string of 1 characters"), unread("/expires", "a string of 2 characters")),
	)

	DescribeTable("is not reported",
		func(members string) {
			token := tokenIn(rfc6749(expiresAtIn("/expires", "/until")), bearer(members))
			Expect(token.Lifetime.Unread).To(BeEmpty())
			Expect(token.Lifetime.IsUnreadable()).To(BeFalse())
		},
		Entry("if there is no value", ``),
		Entry("if it is null", `, "expires_in": null`),
		Entry("if it is blank", `, "expires_in": " "`),
		Entry("if the next pointer finds a value that can be read", `, "expires": "?", "until": `+inSeconds(time.Hour)),
	)

	DescribeTable("counts as at most an hour",
		func(configured, assumed time.Duration) {
			token := tokenIn(rfc6749(defaultLifetime(configured)), bearer(`, "expires_in": "soon"`))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(assumed))
			Expect(token.Lifetime.Assumed).To(Equal(assumed))
		},
		Entry("if the default is more", 12*time.Hour, time.Hour),
		Entry("if the default is an hour", time.Hour, time.Hour),
		Entry("but as the default if the default is less", 5*time.Minute, 5*time.Minute),
	)

	It("does not cap the default of a response that has no lifetime", func() {
		Expect(tokenIn(rfc6749(defaultLifetime(12*time.Hour)), bearer(``)).ExpiresAt.Sub(startedAt)).To(Equal(12 * time.Hour))
	})

	DescribeTable("has a notice",
		func(response oauth2.Response, reason, message string) {
			notice := tokenIn(rfc6749(expiresAtIn("/expires")), response).Lifetime.Notice()
			Expect(notice).To(HaveValue(Equal(oauth2.Notice{Reason: reason, Message: message})))
		},
		Entry("of a response without a lifetime", bearer(``), v1alpha1.EventLifetimeAssumed,
			`the token response names no lifetime: 45m0s is assumed; set authorizationServer.response.expiresIn or expiresAt to its location, or authorizationServer.defaultTokenLifetime to the lifetime of tokens`),
		Entry("of a lifetime", bearer(`, "expires_in": "soon"`), v1alpha1.ReasonLifetimeUnreadable,
			`the token response has a string of 4 characters at "/expires_in" (authorizationServer.response.expiresIn), which cannot be read as a lifetime: 45m0s is assumed; point it to a lifetime, or point authorizationServer.response.expiresAt to the time of expiry. If there is no lifetime, set authorizationServer.response.expiresIn to [] and authorizationServer.defaultTokenLifetime to the lifetime of tokens`),
		Entry("of a date", bearer(`, "expires": "11/12/2026"`), v1alpha1.ReasonLifetimeUnreadable,
			`the token response has a string of 10 characters at "/expires" (authorizationServer.response.expiresAt), which cannot be read as a lifetime: 45m0s is assumed; set authorizationServer.response.expiresAtLayout to the layout of the date, such as MM/DD/YYYY hh:mm:ss A. If there is no lifetime, set authorizationServer.response.expiresAt to [] and authorizationServer.defaultTokenLifetime to the lifetime of tokens`),
		Entry("of a date without a zone that has passed", bearer(`, "expires": "2026-03-01 11:59:00"`), v1alpha1.ReasonLifetimeUnreadable,
			`the token response has a date without a zone that has passed in UTC at "/expires" (authorizationServer.response.expiresAt), which cannot be read as a lifetime: 45m0s is assumed; set authorizationServer.response.expiresAtZone to the zone of the server, such as -08:00. If there is no lifetime, set authorizationServer.response.expiresAt to [] and authorizationServer.defaultTokenLifetime to the lifetime of tokens`),
		Entry("of a JWT that states a lifetime", jwt(`{"exp": `+inSeconds(20*time.Minute)+`}`, `, "expires_in": "soon"`), v1alpha1.ReasonLifetimeUnreadable,
			`the token response has a string of 4 characters at "/expires_in" (authorizationServer.response.expiresIn), which cannot be read as a lifetime: the claim exp of the JWT is used instead; point it to a lifetime, or point authorizationServer.response.expiresAt to the time of expiry. If there is no lifetime, set authorizationServer.response.expiresIn to [] and authorizationServer.defaultTokenLifetime to the lifetime of tokens`),
	)

	DescribeTable("has a remedy for its kind:",
		func(members, remedy string) {
			notice := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(members)).Lifetime.Notice()
			Expect(notice).To(HaveValue(HaveField("Message", ContainSubstring(remedy))))
		},
		Entry("a number that is not a date", `, "expires": 3600`, "45m0s is assumed; point authorizationServer.response.expiresIn to it if it is a lifetime. If"),
		Entry("an object", `, "expires": {"at": "2026"}`, "45m0s is assumed; point to a value inside it. If"),
		Entry("a list", `, "expires_in": [3600]`, "45m0s is assumed; point to a value inside it. If"),
		Entry("a date that means never", `, "expires": "9999-12-31T23:59:59Z"`, "45m0s is assumed. If there is no lifetime, set"),
		Entry("a date of long ago next to a lifetime", `, "expires_in": 3600, "expires": "2020-01-01T00:00:00Z"`,
			"a date that passed more than a day ago at \"/expires\" (authorizationServer.response.expiresAt), which cannot be read as a lifetime: authorizationServer.response.expiresIn is used instead; check the clock of the server. If"),
	)

	It("has no notice if every value was read", func() {
		Expect(tokenIn(rfc6749(), bearer(`, "expires_in": 3600`)).Lifetime.Notice()).To(BeNil())
	})
})

func unread(pointer v1alpha1.JSONPointer, kind string) oauth2.Unread {
	field := oauth2.LifetimeFromExpiresAt
	if pointer == "/expires_in" {
		field = oauth2.LifetimeFromExpiresIn
	}
	return oauth2.Unread{Field: field, At: oauth2.Location{Pointer: pointer}, Kind: kind}
}
