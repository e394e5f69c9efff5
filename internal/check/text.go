package check

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// WriteText writes a report as text.
func (r *Report) WriteText(to io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "ClientCredential %s (%s)\n", r.ClientCredential, r.Source)
	row(out, "authorization server", r.AuthorizationServer)
	row(out, "credentials", r.Credentials)
	if r.Request != "" {
		section(out, "Request", r.Request)
	}
	if r.Response != nil {
		section(out, "Response", r.Response.text())
	}
	if r.Found != nil {
		section(out, "Found", r.Found.text())
	}
	if len(r.Notices) > 0 {
		lines := make([]string, len(r.Notices))
		for i, notice := range r.Notices {
			lines[i] = notice.Reason + ": " + notice.Message
		}
		section(out, "Notices", strings.Join(lines, "\n"))
	}
	if r.Failure != nil {
		section(out, "Failure", r.Failure.text())
	}
	_, err := io.WriteString(to, out.String())
	return err
}

func (r *Response) text() string {
	text := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", r.Status, http.StatusText(r.Status)))
	if r.ContentType != "" {
		text += "\nContent-Type: " + r.ContentType
	}
	return text + "\n\n" + r.Body
}

func (f *Found) text() string {
	out := &strings.Builder{}
	rowOf := func(name string, value Value, otherwise string) {
		text := value.Shown
		if text == "" {
			text = otherwise
		}
		if value.At != "" {
			text += " at " + value.At
		}
		if value.By != "" {
			text += " (" + value.By + ")"
		}
		fmt.Fprintf(out, "%-13s %s\n", name, text)
	}
	rowOf("access token", f.AccessToken, "")
	tokenType := f.TokenType
	if tokenType.At == "" {
		tokenType.By = "assumed: the response names none"
	}
	rowOf("token type", tokenType, "")
	rowOf("scope", f.Scope, "the response names none")
	rowOf("lifetime", f.Lifetime, "")
	if len(f.Fields) > 0 {
		fmt.Fprintf(out, "%-13s %s\n", "fields", strings.Join(f.Fields, ", "))
	}
	fmt.Fprintf(out, "%-13s %s\n", "expires at", f.ExpiresAt.Format(time.RFC3339))
	fmt.Fprintf(out, "%-13s about %s (%s after the request)", "would renew", f.RenewAt.Format(time.RFC3339),
		f.RenewAt.Sub(f.issuedAt).Truncate(time.Second))
	return out.String()
}

func (f *Failure) text() string {
	lines := []string{f.Reason + ": " + f.Message}
	for _, field := range f.Change {
		lines = append(lines, "Change: "+field)
	}
	return strings.Join(lines, "\n")
}

func row(out *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(out, "  %-21s %s\n", name, value)
	}
}

func section(out *strings.Builder, title, text string) {
	fmt.Fprintf(out, "\n%s\n", title)
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		if line != "\n" {
			line = "  " + line
		}
		out.WriteString(line)
	}
}
