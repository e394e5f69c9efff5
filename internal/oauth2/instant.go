package oauth2

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// instantOf reads a point in time. If the value has no zone, it uses the declared zone, which is an
// offset, or UTC if that is empty. zoned reports whether the value itself has a zone. A declared
// layout is tried first.
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

// instant reads a value that needs no declared layout or zone: a count since 1970 or 1601, or a
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

// compactDate matches a date, not a count: 20261127. It may continue with hours and minutes, then
// seconds, then milliseconds.
var compactDate = regexp.MustCompile(`^20[0-9]{6}(?:[0-9]{4}(?:[0-9]{2}(?:[0-9]{3})?)?)?$`)

// since1970 reads a count since 1970. The size of the number says whether it counts seconds,
// milliseconds, microseconds or nanoseconds.
func since1970(s string, n float64) (time.Time, bool) {
	// As seconds, these would be the year 5138 or later, so the units must be smaller.
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

// ticksOf1970 is 1970 in .NET ticks, which are units of 100 ns since year 1.
const ticksOf1970 = 621355968e9

// isTicks reports whether a number is a count of .NET ticks for the years 1997 to 2123. As
// nanoseconds since 1970, such a number would be in the years 1989 to 1991.
func isTicks(n float64) bool { return n >= 630e15 && n < 670e15 }

// fileTimeOf1970 is 1970 in the file times of Windows, which are units of 100 ns since 1601 in UTC.
const fileTimeOf1970 = 116444736e9

// isFileTime reports whether a number is a Windows file time of the years 1997 to 2123. As
// nanoseconds since 1970, such a number would be in the years 1973 to 1975.
func isFileTime(n float64) bool { return n >= 125e15 && n < 165e15 }

// localTime reads a date and time without a zone, in the zone of the location.
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
	// Go's parser accepts a fraction of a second that the layout does not have.
	clocks       = []string{"15:4:5", "15:4", "3:4:5 PM", "3:4 PM", "15.4.5", "3.4.5 PM", "150405", "1504"}
	compactDates = []string{"20060102150405", "200601021504"}
	// dateTimes are all combinations of dates and clocks. Each starts with the year or names the
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

// dateTime reads a date and time in the form that plainDate returns.
func dateTime(s string, location *time.Location) (time.Time, bool) {
	return parseAny(dateTimes, s, location)
}

func parseAny(layouts []string, s string, location *time.Location) (time.Time, bool) {
	for _, layout := range layouts {
		// Do not use time.Parse: it recognizes the local zone of the machine.
		if at, err := time.ParseInLocation(layout, s, location); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

var (
	// zoneName matches the name of a zone after an offset, which adds nothing to it: [UTC] and
	// [Europe/Paris] of Java, (Coordinated Universal Time) of JavaScript, UTC of Go.
	zoneName  = regexp.MustCompile(`(Z|[-+][0-9]{2}:?[0-9]{2}) ?(?:(?:\[[^\]]*\])+|\([^)]*\)|[A-Z]{3,5}|[-+][0-9]{2,4})$`)
	monotonic = regexp.MustCompile(` M=[-+][0-9.]+$`)
	utcOffset = regexp.MustCompile(`(?:GMT|UTC) ?([-+])([0-9]{1,2})(?::?([0-9]{2}))?$`)
	weekday   = regexp.MustCompile(`^(?:MON|TUES?|WED(?:NES)?|THU(?:RS?)?|FRI|SAT(?:UR)?|SUN)(?:DAY)?[.,]* `)
	month     = regexp.MustCompile(`\b(?:JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|SEPT?(?:EMBER)?|OCT(?:OBER)?|NOV(?:EMBER)?|DEC(?:EMBER)?)\b\.?`)
	halfDay   = regexp.MustCompile(`([0-9]) ?([AP])\.?M\b\.?`)
	separator = regexp.MustCompile(`([0-9])(?:T|,? AT |,? )([0-9])`)
	// lateYear matches the dates of Java, C and Twitter, which have the year after the time.
	lateYear = regexp.MustCompile(`^([A-Z]{3} [0-9]{1,2}) (.*:.*) ([0-9]{4})$`)
)

// plainDate converts a date and time to the form that dateTimes has. The zone, if there is one,
// stays at the end.
func plainDate(s string) string {
	s = spaced(s)
	s = monotonic.ReplaceAllString(s, "")
	s = weekday.ReplaceAllString(zoneName.ReplaceAllString(s, "$1"), "")
	s = month.ReplaceAllStringFunc(s, func(name string) string { return name[:3] })
	s = separator.ReplaceAllString(s, "$1 $2")
	return lateYear.ReplaceAllString(halfDay.ReplaceAllString(s, "$1 ${2}M"), "$1 $3 $2")
}

// spaced returns a text in upper case with single spaces.
func spaced(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), " ")) }

// zoneAtEnd matches only the zones with one meaning: names such as PST and CST have several.
var zoneAtEnd = regexp.MustCompile(`^(.*[0-9M]) ?(Z|UT|UTC|GMT|[-+][0-9]{2}(?::?[0-9]{2})?)$`)

// splitZone cuts the zone off a date and time. It returns nil if there is no zone.
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
