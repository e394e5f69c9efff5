package oauth2_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

func lifetimeIn(unit v1alpha1.TimeUnit) func(*server) {
	return func(s *server) { s.Response.ExpiresInUnit = unit }
}

func inZone(zone string) func(*server) { return func(s *server) { s.Response.ExpiresAtZone = zone } }

var _ = Describe("a lifetime", func() {
	DescribeTable("may be words:",
		func(words string, lifetime time.Duration) {
			token := tokenIn(rfc6749(), bearer(fmt.Sprintf(`, "expires_in": %q`, words)))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
		},
		Entry("60 minutes", "60 minutes", time.Hour), Entry("60 Minutes", " 60 Minutes ", time.Hour),
		Entry("60min", "60min", time.Hour), Entry("60 mins", "60 mins", time.Hour), Entry("1 hour", "1 hour", time.Hour),
		Entry("1h30m", "1h30m", 90*time.Minute), Entry("1h 30m", "1h 30m", 90*time.Minute), Entry("1.5h", "1.5h", 90*time.Minute),
		Entry("1 hour, 30 minutes and 5 seconds", "1 hour, 30 minutes and 5 seconds", 90*time.Minute+5*time.Second),
		Entry("2 hrs", "2 hrs", 2*time.Hour), Entry("3600s", "3600s", time.Hour), Entry("3600 sec", "3600 sec", time.Hour),
		Entry("3600000ms", "3600000ms", time.Hour), Entry("3600000 milliseconds", "3600000 milliseconds", time.Hour),
		Entry("7d", "7d", 7*24*time.Hour), Entry("1 week", "1 week", 7*24*time.Hour), Entry("30 days", "30 days", 30*24*time.Hour),
		Entry("PT1H", "PT1H", time.Hour), Entry("PT3600S", "PT3600S", time.Hour), Entry("PT59M60S", "PT59M60S", time.Hour),
		Entry("P1DT12H", "P1DT12H", 36*time.Hour), Entry("P7D", "P7D", 7*24*time.Hour), Entry("PT0.5H", "PT0.5H", 30*time.Minute),
		Entry("a huge number of days is cut to ten years", "99999999999999999999 days", tenYears),
		Entry("a huge ISO 8601 duration is cut to ten years", "P99999999999999999999D", tenYears),
	)

	DescribeTable("that cannot be read never fails the exchange:",
		func(value string) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(`, "expires_in": `+value+`, "expires": `+value))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(assumedLifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeTrue())
		},
		Entry("an unknown unit", `"5 fortnights"`), Entry("a unit without a number", `"minutes"`), Entry("a number at the end", `"1 hour 30"`),
		Entry("months, whose length varies", `"P1M"`), Entry("only P", `"P"`), Entry("only PT", `"PT"`),
		Entry("a fraction of fractions", `"PT1.2.3S"`), Entry("a negative amount in words", `"-5 minutes"`), Entry("never", `"never"`),
		Entry("10:00, which may be hours or minutes", `"10:00"`), Entry("an object", `{"seconds": 3600}`), Entry("a list", `[3600]`), Entry("false", `false`),
		Entry("a date that does not exist", `"2026-02-30T12:00:00Z"`), Entry("an hour that does not exist", `"2026-03-01T25:00:00Z"`),
		Entry("a date without a time", `"2026-03-02"`),
		Entry("an unknown zone: PST read as UTC would be hours off", `"2026-03-01 13:00:00 PST"`),
		Entry("another unknown zone, in RFC 1123", `"Sun, 01 Mar 2026 13:00:00 CEST"`),
		Entry("the last day of the year 9999", `"9999-12-31T23:59:59Z"`), Entry("eleven years from now", `"2037-03-02T12:00:00Z"`),
		Entry("a /Date()/ that is too large for an integer", `"/Date(99999999999999999999)/"`), Entry("a /Date()/ more than ten years ahead", `"/Date(9999999999999)/"`),
	)

	DescribeTable("has a unit:",
		func(unit v1alpha1.TimeUnit, value string, lifetime time.Duration) {
			Expect(tokenIn(rfc6749(lifetimeIn(unit)), bearer(`, "expires_in": `+value)).ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
		},
		Entry("seconds by default", v1alpha1.TimeUnit(""), `3600`, time.Hour),
		Entry("seconds", v1alpha1.TimeUnit("Seconds"), `3600`, time.Hour),
		Entry("milliseconds", v1alpha1.TimeUnit("Milliseconds"), `3600000`, time.Hour),
		Entry("milliseconds as text", v1alpha1.TimeUnit("Milliseconds"), `"3600000"`, time.Hour),
		Entry("minutes", v1alpha1.TimeUnit("Minutes"), `60`, time.Hour),
		Entry("hours", v1alpha1.TimeUnit("Hours"), `1.5`, 90*time.Minute),
		Entry("days", v1alpha1.TimeUnit("Days"), `7`, 7*24*time.Hour),
		Entry("a huge number of days", v1alpha1.TimeUnit("Days"), `1e300`, tenYears),
		Entry("its own unit, which overrides the declared unit", v1alpha1.TimeUnit("Hours"), `"60 minutes"`, time.Hour),
	)

	DescribeTable("may be an instant:",
		func(value string, lifetime time.Duration) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(`, "expires": `+value))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
		},
		Entry("in microseconds since 1970", inSeconds(time.Hour)+"000000", time.Hour),
		Entry("in seconds with an exponent", `1.7723700e9`, time.Hour),
		Entry("RFC 3339 with an offset without a colon", `"2026-03-01T14:00:00+0100"`, time.Hour),
		Entry("RFC 3339 with a fraction and an offset without a colon", `"2026-03-01T13:00:00.123+0000"`, time.Hour),
		Entry("RFC 3339 of the zone UTC, written as +00:00", `"2026-03-01T13:00:00+00:00"`, time.Hour),
		Entry("with a space instead of the T", `"2026-03-01 13:00:00Z"`, time.Hour),
		Entry("with a space instead of the T, and an offset", `"2026-03-01 14:00:00+01:00"`, time.Hour),
		Entry("as Go prints it", `"2026-03-01 14:00:00 +0100"`, time.Hour),
		Entry("with UTC at the end", `"2026-03-01 13:00:00 UTC"`, time.Hour),
		Entry("with GMT at the end", `"2026-03-01 13:00:00 GMT"`, time.Hour),
		Entry("RFC 850", `"Sunday, 01-Mar-26 13:00:00 GMT"`, time.Hour),
		Entry("of .NET", fmt.Sprintf(`"/Date(%s000)/"`, inSeconds(time.Hour)), time.Hour),
		Entry("of .NET with an offset, which only says how to show it", fmt.Sprintf(`"/Date(%s000+0100)/"`, inSeconds(time.Hour)), time.Hour),
		Entry("of .NET, escaped as .NET writes it", fmt.Sprintf(`"\/Date(%s000)\/"`, inSeconds(time.Hour)), time.Hour),
	)

	DescribeTable("may be an instant without a zone,",
		func(value, zone string, lifetime time.Duration) {
			token := tokenIn(rfc6749(expiresAtIn("/expires"), inZone(zone)), bearer(`, "expires": `+value))
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
		},
		Entry("which counts as UTC", `"2026-03-01T12:30:00"`, "", 30*time.Minute),
		Entry("but never later than the default lifetime: it may be local time in some zone", `"2026-03-01T13:00:00"`, "", assumedLifetime),
		Entry("but never later than the default lifetime, even if it is years away", `"2036-03-01T13:00:00"`, "", assumedLifetime),
		Entry("in full if UTC is declared", `"2026-03-01T13:00:00"`, "Z", time.Hour),
		Entry("in a declared zone east of UTC", `"2026-03-01T22:00:00"`, "+09:00", time.Hour),
		Entry("in a declared zone west of UTC", `"2026-03-01 09:30:00"`, "-03:30", time.Hour),
		Entry("with slashes", `"2026/03/01 22:00:00"`, "+09:00", time.Hour),
		Entry("with a fraction", `"2026-03-01T13:00:00.999"`, "Z", time.Hour),
		Entry("compact", `"20260301130000"`, "Z", time.Hour),
		Entry("compact, as a number", `20260301130000`, "Z", time.Hour),
		Entry("compact, and not later than the default lifetime", `"20260301130000"`, "", assumedLifetime),
		Entry("but its own zone overrides the declared zone", `"2026-03-01T13:00:00Z"`, "+09:00", time.Hour),
	)

	It("that is a compact date in the past means that the token has expired", func() {
		s := rfc6749(expiresAtIn("/expires"), inZone("Z"))
		Expect(failureIn(s, bearer(`, "expires": "20241107083713"`)).Reason).To(Equal(v1alpha1.ReasonTokenExpired))
	})

	It("is assumed if its date has no zone and has passed in UTC, because the zone may be west of UTC", func() {
		token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(`, "expires": "2026-03-01 05:00:00"`))
		Expect(token.Lifetime.IsAssumed()).To(BeTrue())
	})

	It("is assumed if the value has 14 digits that are not a date", func() {
		s := rfc6749(expiresAtIn("/expires"))
		Expect(tokenIn(s, bearer(`, "expires": 20269999999999`)).Lifetime.IsAssumed()).To(BeTrue())
	})

	It("is read the same in every zone of the operator", func() {
		home := time.Local
		defer func() { time.Local = home }()
		s := rfc6749(expiresAtIn("/expires"))
		for _, zone := range []*time.Location{time.FixedZone("PST", -8*3600), time.FixedZone("WET", 0), time.UTC} {
			time.Local = zone
			By(zone.String())
			Expect(tokenIn(s, bearer(`, "expires": "2026-03-01T13:00:00+00:00"`)).ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
			Expect(tokenIn(s, bearer(`, "expires": "2026-03-01 05:00:00 PST"`)).Lifetime.IsAssumed()).To(BeTrue())
			Expect(tokenIn(s, bearer(`, "expires": "2026-03-01 13:00:00 WET"`)).Lifetime.IsAssumed()).To(BeTrue())
		}
	})

	It("may be only in a JWT, as a count of microseconds", func() {
		response := jwt(`{"exp": `+inSeconds(20*time.Minute)+`000000}`, `, "expires_in": "soon", "expires": "then"`)
		token := tokenIn(rfc6749(expiresAtIn("/expires")), response)
		Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(20 * time.Minute))
	})

	It("is the second value if the first cannot be read", func() {
		s := rfc6749(func(s *server) { s.Response.ExpiresIn = at("/a", "/b") })
		Expect(tokenIn(s, answer(http.StatusOK, `{"access_token": "t", "a": "soon", "b": "1h"}`)).ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
	})
})
