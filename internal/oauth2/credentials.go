package oauth2

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

const byteOrderMark = "\ufeff"

// Credentials are what a client shows to the token endpoint. A part that the
// client authentication does not use is empty.
type Credentials struct {
	ClientID     string
	ClientSecret Sensitive
}

// CredentialsSource is where credentials come from.
type CredentialsSource struct {
	// ClientID, if not empty, stands instead of the key ClientIDKey.
	ClientID string
	// SecretName names the Secret, for messages; empty when there is none.
	SecretName      string
	ClientIDKey     string
	ClientSecretKey string
	// Data of the Secret.
	Data map[string][]byte
}

// Notice is something that an admin should know although nothing failed.
type Notice struct {
	Reason  string
	Message string
}

// ReadCredentials takes from the source what the client authentication method
// uses, and nothing else. Trailing newlines and a leading byte order mark are
// dropped, which the notices say. The error is an *Error.
func ReadCredentials(source CredentialsSource, method v1alpha1.ClientAuthenticationMethod) (Credentials, []Notice, error) {
	var (
		credentials = Credentials{ClientID: source.ClientID}
		notices     []Notice
	)
	if credentials.ClientID == "" {
		value, notice, err := source.read(source.ClientIDKey, "client ID", "or set spec.clientID")
		if err != nil {
			return Credentials{}, nil, err
		}
		credentials.ClientID = value
		notices = append(notices, notice...)
	}
	if method != v1alpha1.ClientAuthenticationNone {
		value, notice, err := source.read(source.ClientSecretKey, "client secret",
			"or set authorizationServer.clientAuthentication.method to none if the client has no secret")
		if err != nil {
			return Credentials{}, nil, err
		}
		credentials.ClientSecret = NewSensitive(value)
		notices = append(notices, notice...)
	}
	return credentials, notices, nil
}

func (s CredentialsSource) read(key, what, otherwise string) (string, []Notice, error) {
	if s.SecretName == "" {
		return "", nil, credentialsError(v1alpha1.ReasonCredentialsMissing,
			"the client authentication needs a %s: set spec.credentialsRef to a Secret that holds it, %s", what, otherwise)
	}
	raw, found := s.Data[key]
	if !found {
		return "", nil, credentialsError(v1alpha1.ReasonCredentialsMissing,
			"Secret %q has no key %q for the %s (it has: %s): add it, name the right key in spec.credentialsRef, %s",
			s.SecretName, key, what, s.keys(), otherwise)
	}
	value := strings.TrimRight(strings.TrimPrefix(string(raw), byteOrderMark), "\r\n")
	switch {
	case value == "":
		return "", nil, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q is empty: put the %s there", key, s.SecretName, what)
	case !utf8.ValidString(value):
		return "", nil, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q is not valid UTF-8: put the %s there as plain text", key, s.SecretName, what)
	case strings.ContainsFunc(value, isControl):
		return "", nil, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"key %q of Secret %q holds control characters, such as a newline in the middle: put the %s there as one line",
			key, s.SecretName, what)
	case value != string(raw):
		return value, []Notice{{
			Reason: v1alpha1.EventCredentialsTrimmed,
			Message: fmt.Sprintf("key %q of Secret %q has a trailing newline or a byte order mark, which is not sent: remove it from the Secret",
				key, s.SecretName),
		}}, nil
	}
	return value, nil, nil
}

// keys lists the names of the keys, but not an endless list of them.
func (s CredentialsSource) keys() string {
	const most = 8
	keys := make([]string, 0, len(s.Data))
	for key := range s.Data {
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return "no keys"
	}
	slices.Sort(keys)
	if len(keys) > most {
		keys = append(keys[:most], "...")
	}
	return strings.Join(keys, ", ")
}

func isControl(r rune) bool { return r < 0x20 || (r >= 0x7f && r < 0xa0) }

func credentialsError(reason, format string, args ...any) error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...), Class: WaitForChange}
}
