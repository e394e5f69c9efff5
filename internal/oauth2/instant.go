package oauth2

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// instantOf reads a point in time. Its zone is that of the value; without one it is
// the declared zone, which is an offset, or UTC if that is empty. zoned reports
// whether the value itself names its zone. A declared layout is tried first.
func instantOf(value any, layout, zone string) (at time.Time, zoned, ok bool) {
	s, _ := scalar(value)
	location := time.UTC
	if declared, err := time.Parse("Z07:00", zone); err == nil {
		location = declared.Location()
	}
	if layout != "" {
		if at, zoned, ok = byLayout(s, layout, location); ok {
			return at, zoned, true
		}
	}
	if at, ok = instant(value); ok {
		return at, true, true
	}
	at, ok = localTime(s, location)
	return at, false, ok
}

// instant reads what names a point in time without help: a count since 1970 or a
// date and time with a zone.
func instant(value any) (time.Time, bool) {
	s, _ := scalar(value)
	s = strings.TrimSpace(s)
	if match := dotNetDate.FindStringSubmatch(s); match != nil {
		milliseconds, err := strconv.ParseInt(match[1], 10, 64)
		return time.UnixMilli(milliseconds), err == nil
	}
	if n, ok := number(value); ok {
		if isFileTime(n) {
			return time.Unix(0, 0).Add(durationOf((n-fileTimeOf1970)/1e7, math.MaxInt64)), true
		}
		return since1970(s, n)
	}
	if len(s) > maxNotation {
		return time.Time{}, false
	}
	if n, ok := separated(strings.Join(strings.Fields(s), " "), "Seconds"); ok {
		return since1970(s, n)
	}
	s, zone := splitZone(plainDate(s))
	if zone == nil {
		return time.Time{}, false
	}
	return dateTime(s, zone)
}

var dotNetDate = regexp.MustCompile(`^/Date\((-?[0-9]+)(?:[-+][0-9]{4})?\)/$`)

// compactDate is a calendar and no count: 20261127, with hours and minutes, with
// seconds, and with milliseconds.
var compactDate = regexp.MustCompile(`^20[0-9]{6}(?:[0-9]{4}(?:[0-9]{2}(?:[0-9]{3})?)?)?$`)

// since1970 reads seconds, milliseconds, microseconds or nanoseconds, by their size.
func since1970(s string, n float64) (time.Time, bool) {
	// In seconds these are the years 5138 and beyond; so they are smaller units.
	const minMilliseconds, minMicroseconds, minNanoseconds = 1e11, 1e14, 1e17
	if compactDate.MatchString(s) || isTicks(n) {
		return time.Time{}, false
	}
	switch size := math.Abs(n); {
	case size >= minNanoseconds:
		n /= 1e9
	case size >= minMicroseconds:
		n /= 1e6
	case size >= minMilliseconds:
		n /= 1000
	}
	return time.Unix(0, 0).Add(durationOf(n, math.MaxInt64)), true
}

// ticksOf1970 are the units of 100 ns from year 1, which .NET counts, until 1970.
const ticksOf1970 = 621355968e9

// isTicks reports whether a number is one of .NET's ticks of the years 1997 to 2123.
// As nanoseconds it would lie between 1989 and 1991.
func isTicks(n float64) bool { return n >= 630e15 && n < 670e15 }

// fileTimeOf1970 are the units of 100 ns from 1601, which Windows counts in UTC, until 1970.
const fileTimeOf1970 = 116444736e9

// isFileTime reports whether a number is such a count of the years 1997 to 2123. As
// nanoseconds it would lie between 1973 and 1975.
func isFileTime(n float64) bool { return n >= 125e15 && n < 165e15 }

// localTime reads a date and time without a zone as that of a location.
func localTime(s string, location *time.Location) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if n, ok := parseNumber(s); ok && isTicks(n) {
		at := time.Unix(0, 0).Add(durationOf((n-ticksOf1970)/1e7, math.MaxInt64)).UTC()
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, location), true
	}
	if compactDate.MatchString(s) {
		const seconds = 14
		if len(s) > seconds {
			s = s[:seconds] + "." + s[seconds:]
		}
		return parseAny(compactDates, s, location)
	}
	if len(s) > maxNotation {
		return time.Time{}, false
	}
	return dateTime(plainDate(s), location)
}

var (
	dates = []string{"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2 Jan 2006", "2-Jan-2006", "2-Jan-06", "Jan 2 2006", "2006-Jan-2"}
	// Go's parser takes a fraction of a second without being told.
	clocks       = []string{"15:4:5", "15:4", "3:4:5 PM", "3:4 PM", "15.4.5", "3.4.5 PM", "150405", "1504"}
	compactDates = []string{"20060102150405", "200601021504"}
	// dateTimes are all dates with all clocks. Each starts with the year or names the
	// month, so the order of day and month is never a guess.
	dateTimes = func() (layouts []string) {
		for _, date := range dates {
			for _, hours := range clocks {
				layouts = append(layouts, date+" "+hours)
			}
		}
		return append(layouts, compactDates...)
	}()
)

// dateTime reads a date and time that plainDate returned.
func dateTime(s string, location *time.Location) (time.Time, bool) {
	return parseAny(dateTimes, s, location)
}

func parseAny(layouts []string, s string, location *time.Location) (time.Time, bool) {
	for _, layout := range layouts {
		// Not time.Parse: it knows the zone that the machine happens to be in.
		if at, err := time.ParseInLocation(layout, s, location); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

var (
	// zoneName follows an offset and adds nothing to it: [UTC] and [Europe/Paris] of
	// Java, (Coordinated Universal Time) of JavaScript, UTC of Go.
	zoneName  = regexp.MustCompile(`(Z|[-+][0-9]{2}:?[0-9]{2}) ?(?:(?:\[[^\]]*\])+|\([^)]*\)|[A-Z]{3,5}|[-+][0-9]{2,4})$`)
	monotonic = regexp.MustCompile(` M=[-+][0-9.]+$`)
	utcOffset = regexp.MustCompile(`(?:GMT|UTC) ?([-+])([0-9]{1,2})(?::?([0-9]{2}))?$`)
	weekday   = regexp.MustCompile(`^(?:MON|TUES?|WED(?:NES)?|THU(?:RS?)?|FRI|SAT(?:UR)?|SUN)(?:DAY)?[.,]* `)
	month     = regexp.MustCompile(`\b(?:JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|SEPT?(?:EMBER)?|OCT(?:OBER)?|NOV(?:EMBER)?|DEC(?:EMBER)?)\b\.?`)
	halfDay   = regexp.MustCompile(`([0-9]) ?([AP])\.?M\b\.?`)
	separator = regexp.MustCompile(`([0-9])(?:T|,? AT |,? )([0-9])`)
	// lateYear is the year at the end, behind the time: Java, C and Twitter.
	lateYear = regexp.MustCompile(`^([A-Z]{3} [0-9]{1,2}) (.*:.*) ([0-9]{4})$`)
)

// plainDate brings a date and time into the form that dateTimes has, with the zone
// at the end if there is one.
func plainDate(s string) string {
	s = spaced(s)
	s = monotonic.ReplaceAllString(s, "")
	s = weekday.ReplaceAllString(zoneName.ReplaceAllString(s, "$1"), "")
	s = month.ReplaceAllStringFunc(s, func(name string) string { return name[:3] })
	s = separator.ReplaceAllString(s, "$1 $2")
	return lateYear.ReplaceAllString(halfDay.ReplaceAllString(s, "$1 ${2}M"), "$1 $3 $2")
}

// spaced is a text in capitals with single spaces.
func spaced(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), " ")) }

// zoneAtEnd are the only zones that are not local names: PST and CST mean several.
var zoneAtEnd = regexp.MustCompile(`^(.*[0-9M]) ?(Z|UT|UTC|GMT|[-+][0-9]{2}(?::?[0-9]{2})?)$`)

// splitZone cuts the zone off a date and time; nil for none.
func splitZone(s string) (string, *time.Location) {
	if match := utcOffset.FindStringSubmatch(s); match != nil {
		hours := match[2]
		if len(hours) == 1 {
			hours = "0" + hours
		}
		s = strings.TrimSuffix(s, match[0]) + match[1] + hours + match[3]
	}
	match := zoneAtEnd.FindStringSubmatch(s)
	if match == nil {
		return s, nil
	}
	rest, zone := match[1], match[2]
	if zone[0] != '+' && zone[0] != '-' {
		return rest, time.UTC
	}
	layout := "-07"
	switch len(zone) {
	case len("-0700"):
		layout = "-0700"
	case len("-07:00"):
		layout = "-07:00"
	}
	at, err := time.Parse(layout, zone)
	if err != nil {
		return s, nil
	}
	_, offset := at.Zone()
	return rest, time.FixedZone("", offset)
}
