package oauth2

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// digitsOfCompactTime are those of 20060102150405, which is no number of seconds.
const digitsOfCompactTime = 14

// instant accepts seconds, milliseconds or microseconds since 1970, RFC 3339,
// RFC 1123, and their like.
func instant(value any) (time.Time, bool) {
	// In seconds these are the years 5138 and beyond; so they are smaller units.
	const leastMilliseconds, leastMicroseconds = 1e11, 1e14
	s, _ := scalar(value)
	s = strings.TrimSpace(s)
	if len(s) == digitsOfCompactTime && strings.HasPrefix(s, "20") {
		// A calendar, not a clock: see localTime.
		return time.Time{}, false
	}
	if match := dotNetDate.FindStringSubmatch(s); match != nil {
		milliseconds, err := strconv.ParseInt(match[1], 10, 64)
		return time.UnixMilli(milliseconds), err == nil
	}
	if f, ok := number(value); ok {
		switch size := math.Abs(f); {
		case size >= leastMicroseconds:
			f /= 1e6
		case size >= leastMilliseconds:
			f /= 1000
		}
		return time.Unix(0, 0).Add(durationOf(f, math.MaxInt64)), true
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z0700",
		"2006-01-02 15:04:05 MST", time.RFC1123, time.RFC1123Z, time.RFC850,
	} {
		// Not time.Parse: it knows the zone that the machine happens to be in.
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil && isZoneKnown(t) {
			return t, true
		}
	}
	return time.Time{}, false
}

// isZoneKnown tells whether an abbreviation of a zone was understood: package time
// takes one that it does not know, such as PST, for UTC.
func isZoneKnown(t time.Time) bool {
	name, offset := t.Zone()
	return offset != 0 || name == "" || name == "UTC" || name == "GMT"
}

var dotNetDate = regexp.MustCompile(`^/Date\((-?[0-9]+)(?:[-+][0-9]{4})?\)/$`)

// localTime accepts a date and time without a zone, and takes it as one of the
// given offset, which may be empty for UTC.
func localTime(value any, zone string) (time.Time, bool) {
	location := time.UTC
	if at, err := time.Parse("Z07:00", zone); err == nil {
		location = at.Location()
	}
	s, _ := scalar(value)
	s = strings.TrimSpace(s)
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006/01/02 15:04:05", "20060102150405"} {
		if t, err := time.ParseInLocation(layout, s, location); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
