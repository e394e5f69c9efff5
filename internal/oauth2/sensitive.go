package oauth2

import (
	"fmt"

	"github.com/tokensync/tokensync/internal/redact"
)

const redacted = redact.Mark

// Sensitive holds a text that must not be shown. If it is printed, formatted or marshaled, the
// result is [REDACTED]. It has a pointer, because fmt does not call the methods of unexported
// fields.
type Sensitive struct {
	value *string
}

// NewSensitive returns a Sensitive with the text.
func NewSensitive(text string) Sensitive { return Sensitive{value: &text} }

// Reveal returns the text. Call it only where the text itself is used.
func (s Sensitive) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsEmpty reports whether there is no text.
func (s Sensitive) IsEmpty() bool { return s.Reveal() == "" }

// Format implements fmt.Formatter for every verb.
func (s Sensitive) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// String implements fmt.Stringer.
func (s Sensitive) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (s Sensitive) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalLog implements logr.Marshaler.
func (s Sensitive) MarshalLog() any { return redacted }
