package oauth2

import (
	"regexp"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var units = map[v1alpha1.TimeUnit]time.Duration{
	"Milliseconds": time.Millisecond,
	"Seconds":      time.Second,
	"Minutes":      time.Minute,
	"Hours":        time.Hour,
	"Days":         24 * time.Hour,
}

// unitNames are the names of units in texts.
var unitNames = map[string]time.Duration{
	"ns": time.Nanosecond, "nanosecond": time.Nanosecond,
	"us": time.Microsecond, "µs": time.Microsecond, "microsecond": time.Microsecond,
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

var (
	part = regexp.MustCompile(`^([0-9]{1,3}(?:[,'_][0-9]{3})+|[0-9]+(?:\.[0-9]+)?)\s*([a-zµ]+)[\s,]*(?:and\s+)?`)
	// iso8601 matches the durations of RFC 3339 appendix A. Years and months must be 0, because their
	// length varies.
	iso8601 = regexp.MustCompile(`^P(?:0+Y)?(?:0+M)?(?:([0-9.,]+)W)?(?:([0-9.,]+)D)?(?:T(?:([0-9.,]+)H)?(?:([0-9.,]+)M)?(?:([0-9.,]+)S)?)?$`)
	// clock matches H:MM:SS, with or without days before it, as .NET, Python and PostgreSQL write it.
	// Two parts, such as 10:00, do not match: they may be hours or minutes.
	clock = regexp.MustCompile(`^(-)?(?:([0-9]+)(?:[.:]|\s*days?,?\s+))?([0-9]{1,4}):([0-5]?[0-9]):([0-5]?[0-9](?:[.,][0-9]+)?)$`)
)

// maxNotation bounds the texts that are parsed, in bytes: a server may send 256 KiB.
const maxNotation = 128

var iso8601Units = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second}

// lifetimeOf accepts a number in the unit, a text with such a number, or a text that names its
// units: "60 minutes", "1h30m", "PT1H", "1:00:00".
func lifetimeOf(value any, unit v1alpha1.TimeUnit) (time.Duration, bool) {
	if n, ok := number(value); ok {
		return times(n, units[unit]), true
	}
	s, _ := value.(string)
	if len(s) > maxNotation {
		return 0, false
	}
	s = strings.Join(strings.Fields(s), " ")
	if n, ok := separated(s, unit); ok {
		return times(n, units[unit]), true
	}
	if match := iso8601.FindStringSubmatch(strings.ToUpper(s)); match != nil && strings.Join(match[1:], "") != "" {
		return sum(match[1:], iso8601Units)
	}
	s = strings.ToLower(s)
	if match := clock.FindStringSubmatch(s); match != nil {
		return clockTime(match)
	}
	return worded(s)
}

var (
	// groups matches digits with a separator between thousands. A single dot, as in 3.600, is a
	// decimal point.
	groups = regexp.MustCompile(`^[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+|(?:['’][0-9]{3})+|(?:_[0-9]{3})+|(?:\.[0-9]{3}){2,})$`)
	// decimalComma matches a number with a decimal comma. groups is tried first.
	decimalComma   = regexp.MustCompile(`^[0-9]+,[0-9]+$`)
	groupSeparator = strings.NewReplacer(",", "", " ", "", "'", "", "’", "", "_", "", ".", "")
)

// separated reads a number with separators between thousands, or with a decimal comma. It rejects
// minutes, hours and days such as 1,500, because that may mean one and a half.
func separated(s string, unit v1alpha1.TimeUnit) (float64, bool) {
	if groups.MatchString(s) {
		if units[unit] > time.Second {
			return 0, false
		}
		return parseNumber(groupSeparator.Replace(s))
	}
	if decimalComma.MatchString(s) {
		return parseNumber(strings.Replace(s, ",", ".", 1))
	}
	return 0, false
}

// clockTime returns the duration of a match of clock. A negative duration becomes 0, because such a
// lifetime has ended.
func clockTime(match []string) (time.Duration, bool) {
	sign, days, hours := match[1], match[2], match[3]
	if n, _ := parseNumber(hours); days != "" && n >= 24 {
		return 0, false
	}
	total, ok := sum(match[2:], []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second})
	if sign != "" {
		return 0, ok
	}
	return total, ok
}

// worded adds up amounts that are followed by their units.
func worded(s string) (total time.Duration, ok bool) {
	for s != "" {
		match := part.FindStringSubmatch(s)
		if match == nil {
			return 0, false
		}
		unit, known := unitNames[match[2]]
		if !known {
			unit, known = unitNames[strings.TrimSuffix(match[2], "s")]
		}
		amount, isNumber := parseNumber(match[1])
		if !isNumber && unit <= time.Second {
			// In minutes, hours and days, 1,500 may mean one and a half.
			amount, isNumber = parseNumber(groupSeparator.Replace(match[1]))
		}
		if !known || !isNumber {
			return 0, false
		}
		total, ok = min(total+times(amount, unit), maxLifetime), true
		s = s[len(match[0]):]
	}
	return total, ok
}

func sum(amounts []string, units []time.Duration) (total time.Duration, ok bool) {
	for i, amount := range amounts {
		if amount == "" {
			continue
		}
		n, isNumber := parseNumber(strings.Replace(amount, ",", ".", 1))
		if !isNumber {
			return 0, false
		}
		total = min(total+times(n, units[i]), maxLifetime)
	}
	return total, true
}

// times returns amount times unit, between 0 and maxLifetime. The default unit is a second.
func times(amount float64, unit time.Duration) time.Duration {
	if unit == 0 {
		unit = time.Second
	}
	return durationOf(amount*unit.Seconds(), maxLifetime)
}
