package oauth2

import (
	"regexp"
	"time"
)

// layoutTokens maps the letters of response.expiresAtLayout to the layouts of Go. Case matters only
// for M and m, and for H and h.
var layoutTokens = map[string]string{
	"YYYY": "2006", "yyyy": "2006", "YY": "06", "yy": "06",
	"MMM": "Jan", "MM": "1", "M": "1",
	"DD": "2", "D": "2", "dd": "2", "d": "2",
	"HH": "15", "H": "15", "hh": "3", "h": "3",
	"mm": "4", "m": "4", "ss": "5", "s": "5",
	"A": "PM", "a": "PM", "tt": "PM",
	"T": "T",
}

var (
	layoutPart = regexp.MustCompile(`^(?:YYYY|yyyy|YY|yy|MMM|MM?|DD?|dd?|HH?|hh?|mm?|ss?|A|a|tt|T|[.,]S+|[-/., :])`)
	layoutZone = regexp.MustCompile(` ?Z$`)
	// spaceBeforeHalfDay matches PM with the space before it, if there is one: halfDay always writes
	// a space.
	spaceBeforeHalfDay = regexp.MustCompile(` ?PM`)
)

// goLayout translates a layout. zoned reports whether it ends with a zone. ok is false if a part is
// unknown, or if the layout lacks a part of the date or time.
func goLayout(layout string) (translated string, zoned, ok bool) {
	rest := layoutZone.ReplaceAllString(layout, "")
	zoned = rest != layout
	seen := map[string]bool{}
	for rest != "" {
		found := layoutPart.FindString(rest)
		if found == "" {
			return "", false, false
		}
		rest = rest[len(found):]
		switch token, known := layoutTokens[found]; {
		case known && (seen[token] || (token == "4" && !seen["15"] && !seen["3"])):
			// A part occurs twice, or a month is written as minutes.
			return "", false, false
		case known:
			translated += token
			seen[token] = true
		case len(found) == 1:
			translated += found
		}
		// A fraction of a second needs no translation: Go reads it without a layout.
	}
	hasDate := (seen["2006"] != seen["06"]) && (seen["1"] != seen["Jan"]) && seen["2"]
	hasTime := (seen["15"] != (seen["3"] && seen["PM"])) && seen["4"]
	return spaceBeforeHalfDay.ReplaceAllString(translated, " PM"), zoned, hasDate && hasTime
}

// byLayout reads a date and time in the declared layout.
func byLayout(s, layout string, location *time.Location) (at time.Time, zoned, ok bool) {
	translated, zoned, ok := goLayout(layout)
	if !ok || len(s) > maxNotation {
		return time.Time{}, false, false
	}
	s = halfDay.ReplaceAllString(spaced(s), "$1 ${2}M")
	if zoned {
		if s, location = splitZone(zoneName.ReplaceAllString(s, "$1")); location == nil {
			return time.Time{}, false, false
		}
	}
	at, ok = parseAny([]string{translated}, s, location)
	return at, zoned, ok
}
