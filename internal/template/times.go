package template

import (
	"strconv"
	"time"
)

// A date in a template is a text in RFC 3339, as expires_at is. A time.Time has methods that a
// template could call, and some of them read the local zone.

// toDate reads a date. It is in UTC if the layout has no zone.
func toDate(layout, text string) (string, error) {
	if len(layout) > maxPattern {
		return "", errPattern
	}
	at, err := time.ParseInLocation(layout, text, time.UTC)
	if err != nil {
		return "", fault("the date does not have the layout")
	}
	// Go reads an unknown abbreviation as UTC.
	if zone, offset := at.Zone(); offset == 0 && zone != "" && zone != "UTC" && zone != "GMT" {
		return "", fault("the abbreviation of a zone can mean several zones: use a layout with an offset, such as -0700")
	}
	return at.Format(time.RFC3339Nano), nil
}

// instant reads a date in RFC 3339, or the seconds since 1970.
func instant(date any) (time.Time, error) {
	text := textOf(date)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fault("the argument is not a date in RFC 3339")
	}
	return at, nil
}

func unixEpoch(date any) (string, error) {
	at, err := instant(date)
	return strconv.FormatInt(at.Unix(), 10), err
}

// dateInZone formats a date in UTC. Other zones would have to be read from files.
func dateInZone(layout string, date any, zone string) (string, error) {
	switch {
	case zone != "UTC":
		return "", fault(`the zone must be "UTC"`)
	case len(layout) > maxPattern:
		return "", errPattern
	}
	at, err := instant(date)
	return at.UTC().Format(layout), err
}

// dateModify adds a duration, such as -10m.
func dateModify(duration string, date any) (string, error) {
	at, err := instant(date)
	if err != nil {
		return "", err
	}
	by, err := time.ParseDuration(duration)
	if err != nil {
		return "", fault("the first argument is not a duration, such as -10m")
	}
	return at.Add(by).Format(time.RFC3339Nano), nil
}
