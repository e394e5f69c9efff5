package oauth2

import (
	"fmt"
	"mime"
	"strings"
	"unicode"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/redact"
)

// describe returns the kind of a body that is not JSON, without showing the body.
func describe(request *Request, response Response) string {
	if strings.TrimSpace(response.Body.Reveal()) == "" {
		return "empty"
	}
	secrets := request.secrets()
	page := titled(secrets, response)
	mediaType, _, err := mime.ParseMediaType(secrets.Cut(response.Header.Get("Content-Type")))
	if err != nil {
		return "not JSON" + page
	}
	return "not JSON (content type " + shorten(mediaType, secrets) + ")" + page
}

// errorCode returns a text that can be an error code (RFC 6749 section 5.2), or an empty string.
func errorCode(code string) string {
	if strings.Contains(code, " ") || len(code) > maxCode {
		return ""
	}
	return printable(code, maxCode)
}

// shorten returns the words of a server for a message, without secrets and JWTs, cut to maxWords.
func shorten(text string, secrets *redact.Secrets) string {
	return cut(readable(text, secrets), maxWords)
}

// readable returns the text that shorten shows, before it is cut. Redact a text before
// splitting it: a short part of a secret is not recognized.
func readable(text string, secrets *redact.Secrets) string {
	words := strings.Fields(secrets.Cut(text))
	for i, word := range words {
		if at := strings.Index(word, "eyJ"); at >= 0 {
			words[i] = word[:at] + redacted
		}
	}
	return clean(strings.Join(words, " "))
}

// cut shortens a text to a length. It cuts after a word and marks the cut. A text without spaces is
// cut after a letter.
func cut(s string, length int) string {
	const mark = "..."
	if len(s) <= length {
		return s
	}
	s = printable(s, length-len(" "+mark))
	if at := strings.LastIndex(s, " "); at > length/2 {
		return s[:at] + " " + mark
	}
	return s + mark
}

// clean removes the characters that are not visible.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) || unicode.Is(unicode.Cf, r) || r == '\ufffd' {
			return -1
		}
		return r
	}, s)
}

// printable returns at most length bytes of the printable characters of a text.
func printable(s string, length int) string {
	s = clean(s)
	if len(s) <= length {
		return s
	}
	return strings.ToValidUTF8(s[:length], "")
}

func list(pointers []v1alpha1.JSONPointer) string {
	quoted := make([]string, len(pointers))
	for i, pointer := range pointers {
		quoted[i] = fmt.Sprintf("%q", pointer)
	}
	return strings.Join(quoted, ", ")
}
