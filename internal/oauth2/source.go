package oauth2

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

const byteOrderMark = "\ufeff"

const (
	// maxValue bounds a value of a credentials Secret, and maxValuesTogether all values that a
	// template gets, in bytes. A request holds several copies of the values.
	maxValue          = 64 << 10
	maxValuesTogether = 256 << 10
)

// CredentialsSource is the source of credentials: spec.clientID and the data of a Secret.
type CredentialsSource struct {
	// ClientID, if not empty, is used instead of the key ClientIDKey.
	ClientID string
	// SecretName names the Secret, for messages; empty if there is none.
	SecretName      string
	ClientIDKey     string
	ClientSecretKey string
	PrivateKeyKey   string
	// Data is the data of the Secret.
	Data map[string][]byte
}

// Notice is a message for an admin about something that is not a failure.
type Notice struct {
	Reason  string
	Message string
}

// reader reads values from a source until a value is missing or cannot be used.
type reader struct {
	source  CredentialsSource
	notices []Notice
	err     error
}

// line reads a value that is one line.
func (r *reader) line(key, what, otherwise string) string {
	value := r.text(key, what, otherwise)
	if r.err == nil && strings.ContainsFunc(value, isControl) {
		r.fail(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q holds control characters, such as a newline in the middle: put the %s there as one line",
			key, r.source.SecretName, what)
	}
	return value
}

// lines reads a value that may have several lines of plain text.
func (r *reader) lines(key, what, otherwise string) string {
	value := r.text(key, what, otherwise)
	isOdd := func(c rune) bool { return isControl(c) && !strings.ContainsRune("\t\r\n", c) }
	if r.err == nil && strings.ContainsFunc(value, isOdd) {
		r.fail(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q holds control characters: put the %s there as plain text", key, r.source.SecretName, what)
	}
	return value
}

// text reads a value that may have several lines.
func (r *reader) text(key, what, otherwise string) string {
	if r.err != nil {
		return ""
	}
	if r.source.SecretName == "" {
		r.fail(v1alpha1.ReasonCredentialsMissing,
			"the token request needs a %s: set spec.credentialsRef to a Secret that holds it, %s", what, otherwise)
		return ""
	}
	raw, found := r.source.Data[key]
	if len(raw) > maxValue {
		r.fail(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q is longer than %d KiB: put only the %s there", key, r.source.SecretName, maxValue>>10, what)
		return ""
	}
	value := trim(string(raw))
	switch {
	case !found:
		r.fail(v1alpha1.ReasonCredentialsMissing,
			"Secret %q has no key %q for the %s (it has: %s): add it, name the right key in spec.credentialsRef, %s",
			r.source.SecretName, key, what, r.source.keys(), otherwise)
	case value == "":
		r.fail(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q is empty: put the %s there", key, r.source.SecretName, what)
	case !utf8.ValidString(value):
		r.fail(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q is not valid UTF-8: put the %s there as plain text", key, r.source.SecretName, what)
	case value != string(raw) && !strings.HasSuffix(value, "-----"):
		// A newline after the last line of PEM is normal, so it gets no notice.
		r.notice(v1alpha1.EventCredentialsTrimmed,
			"key %q of Secret %q has a trailing newline or a byte order mark, which is not sent: remove it from the Secret",
			key, r.source.SecretName)
	}
	return value
}

// values reads the values that parameters, headers and claims take from the Secret. A template gets
// all values, because it is not known before rendering which of them it uses.
func (r *reader) values(uses uses) map[string]Sensitive {
	if len(uses.keys) == 0 && !uses.templates {
		return nil
	}
	values := map[string]Sensitive{}
	if uses.templates {
		if r.source.bytes() > maxValuesTogether {
			r.fail(v1alpha1.ReasonCredentialsInvalid,
				"Secret %q holds more than %d KiB, and a template gets all its values: put the client's credentials into their own Secret",
				r.source.SecretName, maxValuesTogether>>10)
			return nil
		}
		for key, raw := range r.source.Data {
			if utf8.Valid(raw) {
				values[key] = NewSensitive(trim(string(raw)))
			}
		}
		for name, key := range r.source.roles() {
			if raw, found := r.source.Data[key]; found && utf8.Valid(raw) {
				values[name] = NewSensitive(trim(string(raw)))
			}
		}
		if r.source.ClientID != "" {
			values[v1alpha1.DefaultClientIDKey] = NewSensitive(r.source.ClientID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(uses.keys)) {
		if name == v1alpha1.DefaultClientIDKey && r.source.ClientID != "" {
			values[name] = NewSensitive(r.source.ClientID)
			continue
		}
		key := name
		if role, found := r.source.roles()[name]; found {
			key = role
		}
		values[name] = NewSensitive(r.lines(key, "value of "+uses.keys[name], "or correct secretKey"))
	}
	return values
}

// roles returns the keys of the Secret by the names that a profile uses. A profile cannot know
// which names the owner of the Secret chose.
func (s CredentialsSource) roles() map[string]string {
	return map[string]string{
		v1alpha1.DefaultClientIDKey:     s.ClientIDKey,
		v1alpha1.DefaultClientSecretKey: s.ClientSecretKey,
		v1alpha1.DefaultPrivateKeyKey:   s.PrivateKeyKey,
	}
}

// notice adds a notice, unless it was added before: a value may have several uses.
func (r *reader) notice(reason, format string, args ...any) {
	notice := Notice{Reason: reason, Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(r.notices, notice) {
		r.notices = append(r.notices, notice)
	}
}

func (r *reader) fail(reason, format string, args ...any) {
	if r.err == nil {
		r.err = credentialsError(reason, format, args...)
	}
}

func trim(value string) string {
	return strings.TrimRight(strings.TrimPrefix(value, byteOrderMark), "\r\n")
}

// bytes returns the size of all values.
func (s CredentialsSource) bytes() (total int) {
	for _, raw := range s.Data {
		total += len(raw)
	}
	return total
}

// keys lists the names of the first keys.
func (s CredentialsSource) keys() string {
	const maxKeys = 8
	keys := make([]string, 0, len(s.Data))
	for key := range s.Data {
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return "no keys"
	}
	slices.Sort(keys)
	if len(keys) > maxKeys {
		keys = append(keys[:maxKeys], "...")
	}
	return strings.Join(keys, ", ")
}

func isControl(r rune) bool { return r < 0x20 || (r >= 0x7f && r < 0xa0) }

func credentialsError(reason, format string, args ...any) error {
	return problem.Retry(problem.ObjectNotReady, reason, format, args...)
}
