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

// words are units as people write them.
var words = map[string]time.Duration{
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

var (
	part = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)[\s,]*(?:and\s+)?`)
	// RFC 3339 appendix A, without months and years, whose length varies.
	iso8601 = regexp.MustCompile(`^P(?:([0-9.]+)D)?(?:T(?:([0-9.]+)H)?(?:([0-9.]+)M)?(?:([0-9.]+)S)?)?$`)
)

// lifetimeOf accepts a number of the unit, a text that holds one, or a text with
// units of its own: "60 minutes", "1h30m", "PT1H".
func lifetimeOf(value any, unit v1alpha1.TimeUnit) (time.Duration, bool) {
	if n, ok := number(value); ok {
		return times(n, units[unit]), true
	}
	s, _ := value.(string)
	s = strings.TrimSpace(s)
	if match := iso8601.FindStringSubmatch(s); match != nil && s != "P" && !strings.HasSuffix(s, "T") {
		return sum(match[1:], []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second})
	}
	return worded(strings.ToLower(s))
}

// worded adds up amounts that have their units behind them.
func worded(s string) (total time.Duration, ok bool) {
	for s != "" {
		match := part.FindStringSubmatch(s)
		if match == nil {
			return 0, false
		}
		unit, known := words[match[2]]
		if !known {
			unit, known = words[strings.TrimSuffix(match[2], "s")]
		}
		amount, isNumber := parseNumber(match[1])
		if !known || !isNumber {
			return 0, false
		}
		total, ok = min(total+times(amount, unit), longestLifetime), true
		s = s[len(match[0]):]
	}
	return total, ok
}

func sum(amounts []string, units []time.Duration) (total time.Duration, ok bool) {
	for i, amount := range amounts {
		if amount == "" {
			continue
		}
		n, isNumber := parseNumber(amount)
		if !isNumber {
			return 0, false
		}
		total = min(total+times(n, units[i]), longestLifetime)
	}
	return total, true
}

// times multiplies, between 0 and the longest lifetime. The unit is a second when
// it is not given.
func times(amount float64, unit time.Duration) time.Duration {
	if unit == 0 {
		unit = time.Second
	}
	return durationOf(amount*unit.Seconds(), longestLifetime)
}
