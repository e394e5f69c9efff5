package oauth2_test

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func writtenAs(layout string) func(*server) {
	return func(s *server) { s.Response.ExpiresAtLayout = layout }
}

// expiring is a response with a text at the pointer of expiresAt.
func expiring(text string) oauth2.Response { return bearer(fmt.Sprintf(`, "expires": %q`, text)) }

var _ = Describe("a notation of a lifetime", func() {
	DescribeTable("is read:",
		func(text string, lifetime time.Duration) {
			token := tokenIn(rfc6749(), bearer(fmt.Sprintf(`, "expires_in": %q`, text)))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
		},
		Entry("H:MM:SS", "0:10:00", 10*time.Minute),
		Entry("HH:MM:SS", "01:00:00", time.Hour),
		Entry("HH:MM:SS of more than a day, as MySQL writes it", "36:00:00", 36*time.Hour),
		Entry("HH:MM:SS with a fraction", "01:00:00.9999999", time.Hour),
		Entry("HH:MM:SS with a fraction after a comma", "01:00:30,5", time.Hour+30*time.Second),
		Entry("D.HH:MM:SS of .NET", "1.12:00:00", 36*time.Hour),
		Entry("D.HH:MM:SS of .NET with two digits for the days", "02.00:00:00", 48*time.Hour),
		Entry("D.HH:MM:SS of .NET with its fraction", "0.01:00:00.0000000", time.Hour),
		Entry("the maximum of .NET, which is cut to ten years", "10675199.02:48:05.4775807", tenYears),
		Entry("D:HH:MM:SS of .NET", "1:12:00:00.0000000", 36*time.Hour),
		Entry("days and HH:MM:SS, as Python writes them", "1 day, 12:00:00", 36*time.Hour),
		Entry("days and HH:MM:SS, as PostgreSQL writes them", "2 days 01:00:00", 49*time.Hour),
		Entry("thousands with a comma", "3,600", time.Hour),
		Entry("thousands with a space", "3 600", time.Hour),
		Entry("thousands with a space that does not break", "3\u00a0600", time.Hour),
		Entry("thousands with a narrow space", "3\u202f600", time.Hour),
		Entry("thousands with an apostrophe", "3'600", time.Hour),
		Entry("thousands with a typographic apostrophe", "3’600", time.Hour),
		Entry("thousands with an underscore", "3_600", time.Hour),
		Entry("millions with commas", "1,209,600", 14*24*time.Hour),
		Entry("millions with dots", "1.209.600", 14*24*time.Hour),
		Entry("a decimal comma", "3600,0", time.Hour),
		Entry("a decimal comma with three digits after it", "3600,000", time.Hour),
		Entry("a decimal point before three digits, which may also separate thousands: the smaller value counts", "59.600", 59*time.Second),
		Entry("thousands with their unit", "3,600 seconds", time.Hour),
		Entry("a duration of Go", "1h0m0s", time.Hour),
		Entry("a duration of Go in nanoseconds", "3600000000000ns", time.Hour),
		Entry("a duration of protobuf", "3600s", time.Hour),
		Entry("a duration of protobuf with a fraction", "3600.000000001s", time.Hour),
		Entry("ISO 8601 in small letters", "pt1h", time.Hour),
		Entry("ISO 8601 in weeks", "P1W", 7*24*time.Hour),
		Entry("ISO 8601 with a decimal comma", "PT0,5H", 30*time.Minute),
		Entry("ISO 8601 as XML Schema writes it, with years and months of 0", "P0Y0M0DT1H0M0.000S", time.Hour),
		Entry("H:MM:SS with spaces and a newline around it", " 0:10:00 \n", 10*time.Minute),
	)

	DescribeTable("has the unit that is declared",
		func(unit, text string, lifetime time.Duration) {
			Expect(tokenIn(rfc6749(lifetimeIn(v1alpha1.TimeUnit(unit))), bearer(fmt.Sprintf(`, "expires_in": %q`, text))).ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
		},
		Entry("milliseconds with separators between thousands", "Milliseconds", "3,600,000", time.Hour),
		Entry("hours with a decimal comma", "Hours", "1,5", 90*time.Minute),
		Entry("but H:MM:SS has its own units", "Minutes", "0:10:00", 10*time.Minute),
		Entry("hours that may be 1.5 or 1500, which are not guessed", "Hours", "1,500", assumedLifetime),
	)

	DescribeTable("is not guessed:",
		func(text string) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(fmt.Sprintf(`, "expires_in": %q`, text)))
			Expect(token.Lifetime.IsUnreadable()).To(BeTrue())
		},
		Entry("10:00, which may be hours or minutes", "10:00"),
		Entry("a time of day", "11:21:00 PM"),
		Entry("H:MM:SS with 60 minutes", "0:60:00"),
		Entry("a day and 24 hours", "1.24:00:00"),
		Entry("groups of two", "1,00,000"),
		Entry("groups with two separators", "1,209.600,000"),
		Entry("a year, whose length varies", "1 year"),
		Entry("a month of ISO 8601", "P1M"),
		Entry("the unit of another language", "30 分钟"),
		Entry("the word never", "never"),
		Entry("unlimited", "unlimited"),
		Entry("a unit that is missing at the end", "1h 30"),
		Entry("a date", "2026-03-01T13:00:00Z"),
		Entry("hexadecimal", "0xE10"),
		Entry("a long of Java", "3600L"),
		Entry("hours that may be 1.5 or 1500", "1,500 hours"),
		Entry("an instant with thousands separators", "1,772,370,000"),
		Entry("an instant with a decimal comma", "1772370000,25"),
		Entry("an instant with a unit", "1772370000 s"),
		Entry("an instant in milliseconds", "1772370000000"),
		Entry("an instant as a compact date", "20260301130000"),
		Entry("an instant as a compact date without seconds", "202603011300"),
		Entry("an instant in ticks of .NET", "639079956000000000"),
		Entry("an instant as a file time of Windows", "134168436000000000"),
	)
})

var _ = Describe("a notation of an instant", func() {
	DescribeTable("is read:",
		func(value string, lifetime time.Duration) {
			if strings.Trim(value, "0123456789.eE") != "" {
				value = fmt.Sprintf("%q", value)
			}
			token := tokenIn(rfc6749(expiresAtIn("/expires")), bearer(`, "expires": `+value))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(lifetime))
		},
		Entry("nanoseconds since 1970", inSeconds(time.Hour)+"000000000", time.Hour),
		Entry("100 ns since 1601, as Windows counts them", "134168436000000000", time.Hour),
		Entry("seconds of Jackson, with nine decimals", inSeconds(time.Hour)+".123000000", time.Hour),
		Entry("Date.toString of Java", "Sun Mar 01 13:00:00 UTC 2026", time.Hour),
		Entry("Date.toString of Java with GMT", "Sun Mar 01 13:00:00 GMT 2026", time.Hour),
		Entry("Date.toString of Java with an offset", "Sun Mar 01 14:00:00 GMT+01:00 2026", time.Hour),
		Entry("ISO 8601 without seconds", "2026-03-01T13:00Z", time.Hour),
		Entry("ISO 8601 without seconds, with an offset", "2026-03-01T14:00+01:00", time.Hour),
		Entry("ISO 8601 in small letters", "2026-03-01t13:00:00z", time.Hour),
		Entry("ISO 8601 with an offset of hours", "2026-03-01T14:00:00+01", time.Hour),
		Entry("ISO 8601 with seven decimals, as .NET writes it", "2026-03-01T13:00:00.0000000Z", time.Hour),
		Entry("ISO 8601 with a comma for the fraction", "2026-03-01T13:00:00,123Z", time.Hour),
		Entry("ISO 8601 with a space before the time", "2026-03-01 13:00:00.123456+00", time.Hour),
		Entry("ISO 8601 in its basic format", "20260301T130000Z", time.Hour),
		Entry("ISO 8601 in its basic format, with an offset", "20260301T140000+0100", time.Hour),
		Entry("GeneralizedTime of LDAP", "20260301130000Z", time.Hour),
		Entry("GeneralizedTime of LDAP with a fraction", "20260301130000.0Z", time.Hour),
		Entry("ZonedDateTime of Java in UTC", "2026-03-01T13:00:00Z[UTC]", time.Hour),
		Entry("ZonedDateTime of Java with +00:00", "2026-03-01T13:00:00+00:00[UTC]", time.Hour),
		Entry("ZonedDateTime of Java in another zone, whose offset counts", "2026-03-01T14:00:00.5+01:00[Europe/Paris]", time.Hour),
		Entry("ZonedDateTime of Java without seconds", "2026-03-01T13:00Z[Etc/UTC]", time.Hour),
		Entry("RFC 9557 with a calendar", "2026-03-01T13:00:00+00:00[UTC][u-ca=gregory]", time.Hour),
		Entry("a one-digit day and month", "2026-3-1T13:00:00Z", time.Hour),
		Entry("a one-digit day, month, hour, minute and second", "2026-3-1 13:0:0 UTC", time.Hour),
		Entry("slashes with the year first", "2026/03/01 13:00:00 UTC", time.Hour),
		Entry("dots with the year first", "2026.03.01 13:00:00 Z", time.Hour),
		Entry("as Go prints it", "2026-03-01 13:00:00 +0000 UTC", time.Hour),
		Entry("as Go prints it in another zone", "2026-03-01 14:00:00.123456789 +0100 CET", time.Hour),
		Entry("as Go prints it for a zone without a name", "2026-03-01 18:30:00 +0530 +0530", time.Hour),
		Entry("as Go prints it with its monotonic clock", "2026-03-01 13:00:00 +0000 UTC m=+0.123456789", time.Hour),
		Entry("as Ruby prints it", "2026-03-01 14:00:00 +0100", time.Hour),
		Entry("as JavaScript prints it", "Sun Mar 01 2026 13:00:00 GMT+0000 (Coordinated Universal Time)", time.Hour),
		Entry("as Twitter prints it", "Sun Mar 01 13:00:00 +0000 2026", time.Hour),
		Entry("RFC 1123 with a one-digit day", "Sun, 1 Mar 2026 13:00:00 GMT", time.Hour),
		Entry("RFC 1123 with UTC", "Sun, 01 Mar 2026 13:00:00 UTC", time.Hour),
		Entry("RFC 1123 with UT", "Sun, 01 Mar 2026 13:00:00 UT", time.Hour),
		Entry("RFC 822 without weekday and seconds", "1 Mar 2026 13:00 GMT", time.Hour),
		Entry("RFC 850 with a year of four digits, as PHP writes it", "Sunday, 01-Mar-2026 13:00:00 UTC", time.Hour),
		Entry("a cookie's date", "Sun, 01-Mar-2026 13:00:00 GMT", time.Hour),
		Entry("Oracle's default", "01-MAR-26 01.00.00.000000 PM +00:00", time.Hour),
		Entry("a month in full", "March 1, 2026 1:00 PM UTC", time.Hour),
		Entry("a month in full with at", "Sunday, March 1, 2026 at 1:00:00 PM UTC", time.Hour),
		Entry("a month in full after the day", "1 March 2026 13:00:00 UTC", time.Hour),
		Entry("an abbreviated month with a dot and p.m.", "Mar. 1, 2026, 1:00 p.m. UTC", time.Hour),
		Entry("a zone of one digit", "2026-03-01 15:00:00 GMT+2", time.Hour),
		Entry("a zone behind UTC", "2026-03-01 08:00:00 UTC-05:00", time.Hour),
	)

	DescribeTable("has no zone, so the declared zone counts:",
		func(value string) {
			s := rfc6749(expiresAtIn("/expires"), inZone("+09:00"))
			Expect(tokenIn(s, expiring(value)).ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
			Expect(tokenIn(rfc6749(expiresAtIn("/expires")), expiring(value)).ExpiresAt.Sub(startedAt)).To(Equal(assumedLifetime))
		},
		Entry("ISO 8601 without seconds", "2026-03-01T22:00"),
		Entry("a one-digit month and day", "2026-3-1 22:00:00"),
		Entry("asctime", "Sun Mar  1 22:00:00 2026"),
		Entry("a date of Java in the United States", "Mar 1, 2026 10:00:00 PM"),
		Entry("a date of Java with a narrow space", "Mar 1, 2026, 10:00:00\u202fPM"),
		Entry("Oracle's default", "01-MAR-26 10.00.00.000000 PM"),
		Entry("a month after the day", "1-Mar-2026 22:00"),
		Entry("compact without seconds", "202603012200"),
		Entry("compact with milliseconds", "20260301220000123"),
		Entry("compact with a space", "20260301 220000"),
		Entry("a month's name with compact hours, which are not a year", "Mar 01 2026 2200"),
		Entry("ticks of .NET", "639079992000000000"),
	)

	DescribeTable("is not guessed:",
		func(value string) {
			token := tokenIn(rfc6749(expiresAtIn("/expires")), expiring(value))
			Expect(token.Lifetime.IsUnreadable()).To(BeTrue())
		},
		Entry("month before day", "03/01/2026 01:00:00 PM"),
		Entry("month before day with an offset", "03/01/2026 13:00:00 +00:00"),
		Entry("a day that cannot be a month: on another day it could", "11/27/2026 11:21:00 PM"),
		Entry("day before month, although the day cannot be a month", "27/11/2026 23:21:00"),
		Entry("dots with the day first", "27.11.2026 23:21:00"),
		Entry("dashes with the day first", "27-11-2026 23:21:00"),
		Entry("a year of two digits first", "26-11-27 23:21:00"),
		Entry("a date without a time", "2026-11-27"),
		Entry("a compact date without a time", "20261127"),
		Entry("a time without a date", "23:21:00"),
		Entry("the name of several zones", "Fri Nov 27 23:21:00 CST 2026"),
		Entry("a zone that has only a name", "2026-11-27T23:21:00[Europe/Paris]"),
		Entry("a month of another language", "27 novembre 2026 23:21:00 UTC"),
		Entry("a day of the year", "2026-331T23:21:00Z"),
		Entry("a week", "2026-W48-5T23:21:00Z"),
		Entry("an offset that does not exist", "2026-11-27T23:21:00+99:00"),
		Entry("a month that does not exist", "2026-13-27T23:21:00Z"),
		Entry("an hour of 24", "2026-11-27T24:21:00Z"),
		Entry("a lifetime", "3600"),
		Entry("a date of another century", "1970-01-31T13:00:00Z"),
	)

	It("is not read from a text that is too long", func() {
		s := rfc6749(expiresAtIn("/expires"), writtenAs("MM/DD/YYYY HH:mm"))
		for _, value := range []string{"2026-03-01T13:00:00" + strings.Repeat(" ", 200) + "Z", "03/01/2026 " + strings.Repeat(" ", 200) + "13:00"} {
			Expect(tokenIn(s, expiring(value)).Lifetime.IsUnreadable()).To(BeTrue())
		}
		Expect(tokenIn(s, bearer(`, "expires_in": "`+strings.Repeat("1h ", 100)+`"`)).Lifetime.IsUnreadable()).To(BeTrue())
	})

	It("is not read from an object or a list, because a pointer can name a value inside it", func() {
		for _, value := range []string{`{"seconds": ` + inSeconds(time.Hour) + `}`, `[2026, 3, 1, 13, 0]`} {
			Expect(tokenIn(rfc6749(expiresAtIn("/expires")), bearer(`, "expires": `+value)).Lifetime.IsUnreadable()).To(BeTrue())
		}
		s := rfc6749(expiresAtIn("/expires/seconds"))
		Expect(tokenIn(s, bearer(`, "expires": {"seconds": `+inSeconds(time.Hour)+`}`)).ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
	})
})

var _ = Describe("expiresAtLayout", func() {
	DescribeTable("describes how a date is written:",
		func(layout, value string) {
			s := rfc6749(expiresAtIn("/expires"), writtenAs(layout), inZone("Z"))
			Expect(oauth2.Check(s)).To(Succeed())
			token := tokenIn(s, expiring(value))
			Expect(token.Lifetime.IsAssumed()).To(BeFalse())
			Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
		},
		Entry("US", "MM/DD/YYYY hh:mm:ss A", "03/01/2026 01:00:00 PM"),
		Entry("US with single digits", "M/D/YYYY h:mm:ss A", "3/1/2026 1:00:00 PM"),
		Entry("US with single digits although two are declared", "MM/DD/YYYY hh:mm:ss A", "3/1/2026 1:00:00 pm"),
		Entry("US with a narrow space", "M/D/YYYY h:mm:ss A", "3/1/2026 1:00:00\u202fPM"),
		Entry("US with 24 hours", "MM/DD/YYYY HH:mm:ss", "03/01/2026 13:00:00"),
		Entry("US in the letters of .NET, which are accepted too", "MM/dd/yyyy hh:mm:ss tt", "03/01/2026 01:00:00 PM"),
		Entry("US in the letters of Java, which are accepted too", "MM/dd/yyyy hh:mm:ss a", "03/01/2026 01:00:00 PM"),
		Entry("US without a space before PM", "MM/DD/YYYY hh:mmA", "03/01/2026 01:00PM"),
		Entry("US with a zone", "MM/DD/YYYY HH:mm:ss Z", "03/01/2026 14:00:00 +01:00"),
		Entry("US with AM or PM and a zone, as Azure App Service writes it", "M/D/YYYY h:mm:ss A Z", "3/1/2026 1:00:00 PM +00:00"),
		Entry("US with UTC", "MM/DD/YYYY HH:mm Z", "03/01/2026 13:00 UTC"),
		Entry("US with a comma", "M/D/YYYY, h:mm:ss A", "3/1/2026, 1:00:00 PM"),
		Entry("German", "DD.MM.YYYY HH:mm", "01.03.2026 13:00"),
		Entry("British", "DD/MM/YYYY HH:mm:ss", "01/03/2026 13:00:00"),
		Entry("with a T", "DD-MM-YYYYTHH:mm:ssZ", "01-03-2026T13:00:00Z"),
		Entry("with a fraction", "DD-MM-YYYY HH:mm:ss.SSS", "01-03-2026 13:00:00.123"),
		Entry("a fraction that is not declared", "DD-MM-YYYY HH:mm:ss", "01-03-2026 13:00:00.123"),
		Entry("compact", "DDMMYYYYHHmmss", "01032026130000"),
		Entry("a year of two digits", "DD/MM/YY HH:mm", "01/03/26 13:00"),
		Entry("a month's name", "DD MMM YYYY HH:mm", "01 MAR 2026 13:00"),
		Entry("a date in another form that needs no layout", "MM/DD/YYYY hh:mm:ss A", "2026-03-01T13:00:00Z"),
	)

	It("caps a date without a zone", func() {
		s := rfc6749(expiresAtIn("/expires"), writtenAs("MM/DD/YYYY HH:mm"))
		Expect(tokenIn(s, expiring("03/01/2026 13:00")).ExpiresAt.Sub(startedAt)).To(Equal(assumedLifetime))
		Expect(tokenIn(s, expiring("03/01/2026 12:30")).ExpiresAt.Sub(startedAt)).To(Equal(30 * time.Minute))
	})

	It("prefers the zone of the date to the declared zone", func() {
		s := rfc6749(expiresAtIn("/expires"), writtenAs("MM/DD/YYYY HH:mm Z"), inZone("+09:00"))
		Expect(tokenIn(s, expiring("03/01/2026 13:00 Z")).ExpiresAt.Sub(startedAt)).To(Equal(time.Hour))
	})

	It("does not read a date in another layout", func() {
		for _, value := range []string{"13/01/2026 13:00", "03/01/2026", "03/01/2026 13:00 UTC", "03-01-2026 13:00"} {
			s := rfc6749(expiresAtIn("/expires"), writtenAs("MM/DD/YYYY HH:mm"))
			Expect(tokenIn(s, expiring(value)).Lifetime.IsUnreadable()).To(BeTrue(), value)
		}
		s := rfc6749(expiresAtIn("/expires"), writtenAs("MM/DD/YYYY HH:mm Z"))
		Expect(tokenIn(s, expiring("03/01/2026 13:00")).Lifetime.IsUnreadable()).To(BeTrue())
	})

	DescribeTable("is refused before a request is sent",
		func(layout string) {
			failure := failureOf(oauth2.Check(rfc6749(writtenAs(layout))))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Message).To(ContainSubstring(fmt.Sprintf("expiresAtLayout %q", layout)))
		},
		Entry("if it is a layout of Go", "01/02/2006 15:04:05"),
		Entry("if it is a layout of strftime", "%m/%d/%Y %H:%M:%S"),
		Entry("if it lacks the year", "MM/DD HH:mm"),
		Entry("if it lacks the month", "DD/YYYY HH:mm"),
		Entry("if it lacks the day", "MM/YYYY HH:mm"),
		Entry("if it lacks the time", "MM/DD/YYYY"),
		Entry("if it lacks the minute", "MM/DD/YYYY HH"),
		Entry("if it has 12 hours without AM or PM", "MM/DD/YYYY hh:mm"),
		Entry("if its zone is not at the end", "MM/DD/YYYY Z HH:mm"),
		Entry("if it has words", "MM/DD/YYYY at HH:mm"),
		Entry("if it mistakes minutes for months", "mm/dd/yyyy HH:MM:ss"),
		Entry("if it has the month in full, which is longer than MMM", "MMMM DD, YYYY HH:mm"),
		Entry("if it has the month twice", "MM/DD/YYYY MMM HH:mm"),
		Entry("if it has the year twice", "YYYY-MM-DD HH:mm YY"),
		Entry("if it has the hour twice", "MM/DD/YYYY HH:mm hh A"),
	)
})
