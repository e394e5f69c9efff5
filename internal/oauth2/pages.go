package oauth2

import (
	"html"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tokensync/tokensync/internal/redact"
)

var (
	pageTitle = regexp.MustCompile(`(?is)<title[^>]*>([^<]+)</title>`)
	// xmlText matches the explanation in a document such as a SOAP fault.
	xmlText = regexp.MustCompile(`(?is)<(?:[a-z0-9]+:)?(?:faultstring|error_?description|error_?message|message|description|detail|reason)(?:\s[^>]*)?>([^<]+)</`)
)

const (
	htmlPage    = "an HTML page"
	xmlDocument = "an XML document"
)

// plain returns the explanation in a body that is not JSON, and the kind of page if the body is a
// page. It never returns a body that may be a token.
func (f *wordFinder) plain(body string, status int) (text, page string) {
	isText := isReadable(body)
	if quoted, ok := quotedText(body); ok && !f.isSuccess {
		body = quoted
	}
	body = f.readable(body)
	switch beginning := strings.ToLower(body[:min(len(body), 64)]); {
	case body == "":
		return "", ""
	case strings.HasPrefix(body, "<"):
		return f.page(body, strings.HasPrefix(beginning, "<?xml") && !strings.Contains(beginning, "html"), status)
	case f.isSuccess, strings.ContainsAny(body[:1], `{["`):
		return "", ""
	}
	if f.maybeToken && isBareToken(body) || !isText || !isSentence(withoutScheme(body)) && !plainWord.MatchString(body) {
		return "", ""
	}
	return f.undeclared(body, true), ""
}

// page returns the kind of a page and its title. The title is empty if it only repeats the status.
func (f *wordFinder) page(body string, isXML bool, status int) (title, page string) {
	page = htmlPage
	match := pageTitle.FindStringSubmatch(body)
	if match == nil && (isXML || xmlText.MatchString(body)) {
		match, page = xmlText.FindStringSubmatch(body), xmlDocument
	}
	if match == nil {
		return "", page
	}
	title = strings.Join(strings.Fields(html.UnescapeString(match[1])), " ")
	if strings.Contains(strings.ToLower(title), strings.ToLower(http.StatusText(status))) && len(title) <= len(http.StatusText(status))+len("Error 500: ") {
		return "", page
	}
	return f.undeclared(title, true), page
}

// titled describes a body that is a page. It returns an empty string for any other body.
func titled(secrets *redact.Secrets, response Response) string {
	body := strings.TrimSpace(response.Body.Reveal())
	if !strings.HasPrefix(body, "<") {
		return ""
	}
	said := saying{}
	finder := &wordFinder{secrets: secrets, isSuccess: response.StatusCode < 300}
	said.text, said.page = finder.plain(body, response.StatusCode)
	return ", but " + said.pageTitled()
}

// quotedText decodes a body that is a JSON string, because a secret in it may be escaped.
func quotedText(body string) (text string, ok bool) {
	document, err := DecodeJSON(body)
	if err != nil {
		return "", false
	}
	text, ok = document.(string)
	return strings.TrimSpace(text), ok
}

// isReadable reports whether a body is text, not binary data.
func isReadable(body string) bool {
	const maxRead = 4096
	body = strings.ToValidUTF8(body[:min(len(body), maxRead)], "\ufffd")
	odd := strings.Count(body, "\ufffd")
	for _, r := range body {
		if isControl(r) && !strings.ContainsRune("\r\n\t", r) {
			odd++
		}
	}
	return odd*20 <= utf8.RuneCountInString(body)
}

// mediaType returns the media type of a response; empty if there is none.
func mediaType(response Response) string {
	mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mediaType
}
