package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// screen shows rows to the user.
type screen interface {
	show(rows []row, now time.Time)
	// finish prints the last rows, so that they stay visible.
	finish(rows []row, now time.Time)
}

// newScreen returns a screen that repaints the terminal. If the file is no terminal, the screen writes a line
// for each change.
func newScreen(file *os.File) screen {
	info, err := file.Stat()
	if err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" {
		return &terminal{output: file}
	}
	return &journal{output: file, last: map[string]row{}}
}

// terminal prints the table in place.
type terminal struct {
	output io.Writer
	height int
}

// Escape sequences of terminals. Lines are cut at the edge: a wrapped line would
// take two rows, and the cursor would not go up far enough.
const (
	cursorUp    = "\x1b[%dA"
	clearBelow  = "\x1b[J"
	wrappingOff = "\x1b[?7l"
	wrappingOn  = "\x1b[?7h"
)

func (t *terminal) show(rows []row, now time.Time) {
	var frame bytes.Buffer
	if t.height > 0 {
		fmt.Fprintf(&frame, cursorUp, t.height)
	}
	frame.WriteString(clearBelow + wrappingOff)
	writeTable(&frame, rows, now)
	frame.WriteString(wrappingOn)
	t.height = len(rows) + 1
	_, _ = t.output.Write(frame.Bytes())
}

func (t *terminal) finish([]row, time.Time) {}

// journal writes a line for each change.
type journal struct {
	output io.Writer
	last   map[string]row
}

func (j *journal) show(rows []row, now time.Time) {
	for _, r := range rows {
		for _, change := range changes(j.last[r.name], r, now) {
			_, _ = fmt.Fprintf(j.output, "%s  %-28s  %s\n", now.Format(time.TimeOnly), r.name, change)
		}
		j.last[r.name] = r
	}
}

func (j *journal) finish(rows []row, now time.Time) {
	_, _ = fmt.Fprintln(j.output)
	writeTable(j.output, rows, now)
}

// changes describes the difference between two rows in words.
func changes(before, after row, now time.Time) []string {
	var texts []string
	if after.secret != "" && !before.issuedAt.Equal(after.issuedAt) {
		texts = append(texts, fmt.Sprintf("token %d written to Secret %s, expires in %s",
			after.renewals+1, after.secret, until(after.expiresAt, now)))
	}
	if before.secret != "" && after.secret == "" {
		texts = append(texts, "Secret "+before.secret+" holds no token any more")
	}
	if after.ready != before.ready || after.reason != before.reason {
		texts = append(texts, after.state())
	}
	return texts
}

func writeTable(output io.Writer, rows []row, now time.Time) {
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tREADY\tREASON\tSECRET\tEXPIRES IN\tRENEWS IN\tREQUESTS\tRENEWALS")
	for _, r := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\n", r.name, cmp.Or(r.ready, "-"), cmp.Or(r.reason, "-"),
			cmp.Or(r.secret, "-"), until(r.expiresAt, now), until(r.renewAt, now), r.requests, r.renewals)
	}
	_ = table.Flush()
}

func until(instant, now time.Time) string {
	if instant.IsZero() {
		return "-"
	}
	return max(instant.Sub(now).Round(time.Second), 0).String()
}

func sorted(rows []row) []row {
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.name, b.name) })
	return rows
}
