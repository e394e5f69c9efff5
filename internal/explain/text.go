package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WriteText writes an explanation as text.
func (e Explanation) WriteText(to io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "ClientCredential %s/%s\n", e.Namespace, e.Name)
	row(out, "state", string(e.State)+": "+e.Summary)
	if e.Ready != nil {
		row(out, "ready", fmt.Sprintf("%s (%s) since %s", e.Ready.Status, e.Ready.Reason, e.at(e.Ready.LastTransitionTime)))
	}
	e.writeToken(out)
	e.writeFailure(out)
	writePoints(out, "Waits for", e.WaitsFor)
	writePoints(out, "Needs", e.Needs)
	writePoints(out, "Notices", e.Notices)
	if len(e.Unknown) > 0 {
		out.WriteString("\nUnknown\n")
	}
	for _, line := range e.Unknown {
		fmt.Fprintf(out, "  %s\n", line)
	}
	e.writeEvents(out)
	_, err := io.WriteString(to, out.String())
	return err
}

func (e Explanation) writeToken(out *strings.Builder) {
	if e.Token == nil {
		return
	}
	out.WriteString("\nToken\n")
	row(out, "secret", e.Token.SecretName)
	row(out, "issued", e.at(e.Token.IssuedAt))
	row(out, "expires", e.at(e.Token.ExpiresAt))
	if e.State == StateSuspended {
		row(out, "renewal", "none while it is suspended")
	} else {
		row(out, "renewal", e.at(e.Token.RenewAt))
	}
	row(out, "scope", clean(e.Token.Scope))
}

func (e Explanation) writeFailure(out *strings.Builder) {
	if e.Failure == nil {
		return
	}
	out.WriteString("\nFailure\n")
	row(out, "reason", e.Failure.Reason)
	row(out, "failed", inARow(e.Failure.Attempts)+", last at "+e.at(e.Failure.LastAttemptAt))
	row(out, "retry", e.at(e.Failure.RetryAt))
	// Needs may contain the same message.
	if message := clean(e.Failure.Message); !slices.ContainsFunc(e.Needs, func(need Point) bool { return need.Message == message }) {
		row(out, "message", message)
	}
}

func writePoints(out *strings.Builder, title string, points []Point) {
	if len(points) > 0 {
		fmt.Fprintf(out, "\n%s\n", title)
	}
	for _, point := range points {
		fmt.Fprintf(out, "  %s\n", point.Message)
		if point.Command != "" {
			fmt.Fprintf(out, "    $ %s\n", point.Command)
		}
	}
}

func (e Explanation) writeEvents(out *strings.Builder) {
	if len(e.Events) > 0 {
		out.WriteString("\nEvents\n")
	}
	for _, event := range e.Events {
		often := ""
		if event.Count > 1 {
			often = fmt.Sprintf(" (x%d)", event.Count)
		}
		fmt.Fprintf(out, "  %-8s  %-7s  %s%s: %s\n",
			Relative(e.now, event.LastSeen.Time), clean(event.Type), clean(event.Reason), often, clean(event.Message))
	}
}

// at returns a time in RFC 3339 and relative to now.
func (e Explanation) at(t metav1.Time) string {
	return fmt.Sprintf("%s (%s)", instant(t), Relative(e.now, t.Time))
}

func row(out *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(out, "  %-8s %s\n", name, value)
	}
}
