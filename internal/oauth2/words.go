package oauth2

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/redact"
)

const (
	// maxWords bounds the part of a server's explanation that is shown, in bytes.
	maxWords = 512
	// maxCode bounds an error code.
	maxCode = 64
	// maxTried bounds the undeclared texts that are searched for secrets.
	maxTried = 64
)

// saying is the error code and the explanation of a server, without secrets.
type saying struct {
	// code is the error code; empty if there is none.
	code string
	// raw is the declared code as the server wrote it; empty if there is none. It is compared, and never
	// shown.
	raw string
	// declared is true if the code was found where it is declared. A code from elsewhere does not
	// turn a success into a failure.
	declared bool
	// text is the explanation; empty if there is none.
	text string
	// page is the kind of a body that is a page, such as "an HTML page".
	page string
}

// wordsOf returns the error code and the explanation of a server. It searches the declared
// locations, then the common locations.
func wordsOf(server v1alpha1.AuthorizationServerSpec, request *Request, document any, response Response) saying {
	found := &wordFinder{
		secrets: request.secrets(tokensIn(document, server, response)...), isSuccess: response.StatusCode < 300,
		maybeToken: slices.Contains(server.Response.AccessToken, ""),
	}
	said := saying{}
	said.code, said.declared = first(document, server.Response.ErrorCode, codeText)
	said.text, _ = first(document, server.Response.ErrorDescription, text)
	said.raw = said.code
	sentence := ""
	if isSentence(said.code) {
		// Some servers put their explanation where the code should be.
		sentence, said.code, said.declared = said.code, "", false
	}
	said.text, said.code = found.declaredText(said.text), found.declaredCode(said.code)
	said = found.complete(said, document, response)
	if said.text == "" {
		said.text = found.declaredText(sentence)
	}
	return said
}

// complete adds a code or an explanation that was not found where it is declared.
func (f *wordFinder) complete(said saying, document any, response Response) saying {
	body := strings.TrimSpace(strings.TrimPrefix(response.Body.Reveal(), byteOrderMark))
	if document == nil || isText(document) {
		document = f.formOf(response, body)
		f.secrets.Add(formTokens(document)...)
	}
	objects := wordObjects(document)
	if said.code == "" {
		said.code = f.undeclaredCode(objects, response.StatusCode)
	}
	if said.text == "" {
		said.text = f.undeclaredText(objects)
	}
	if said.text == "" && document == nil {
		said.text, said.page = f.plain(body, response.StatusCode)
	}
	if challenge := f.readable(response.Header.Get("WWW-Authenticate")); said.text == "" {
		said.text = f.undeclared(challengeValue(challenge, "error_description"), true)
		if said.code == "" {
			said.code = f.code(challengeValue(challenge, "error"), response.StatusCode)
		}
	}
	return said
}

// judged returns the code that classifies a failure: the code at a declared location, or else a
// code found elsewhere. A sentence at a declared location counts only if credentialErrors names it.
// With status 401, a code found elsewhere does not count, because gateways answer 401
// invalid_request for a wrong secret.
func (s saying) judged(server v1alpha1.AuthorizationServerSpec, status int) string {
	switch {
	case s.raw != "" && (!isSentence(s.raw) || isCredentialError(*server.Response, s.raw)):
		return s.raw
	case !s.declared && status == http.StatusUnauthorized:
		return ""
	}
	return s.code
}

// isFailure reports whether a code outside the declared locations turns a 2xx response without a
// token into a refusal. The code must be known, or the declaration must name it.
func (s saying) isFailure(server v1alpha1.AuthorizationServerSpec) bool {
	_, known := knownCode(s.code)
	return known || isCredentialError(*server.Response, s.code)
}

// answer returns status, code and explanation, such as
// HTTP 401 invalid_client ("no such client").
func (s saying) answer(status int) string {
	answer := fmt.Sprintf("HTTP %d", status)
	if s.code != "" && !repeats(s.code, status) {
		answer += " " + s.code
	}
	return answer + s.quoted()
}

// quoted returns the explanation in parentheses; empty if there is none.
func (s saying) quoted() string {
	switch {
	case s.page != "":
		return " (" + s.pageTitled() + ")"
	case s.text != "":
		return fmt.Sprintf(" (%q)", s.text)
	}
	return ""
}

// pageTitled returns the kind of the page and its title, if it has one.
func (s saying) pageTitled() string {
	if s.text == "" {
		return s.page
	}
	return fmt.Sprintf("%s titled %q", s.page, s.text)
}

// says returns a clause with the code and the explanation in a response without a token. It is
// empty if there is neither.
func (s saying) says(status int) string {
	code := s.code
	if repeats(code, status) {
		code = ""
	}
	if said := strings.TrimSpace(code + s.quoted()); said != "" && s.page == "" {
		return ", and the server says " + said
	}
	return ""
}

// repeats reports whether a code says no more than the HTTP status.
func repeats(code string, status int) bool { return code == strconv.Itoa(status) }

func isSentence(text string) bool { return strings.Contains(strings.TrimSpace(text), " ") }

func isText(document any) bool {
	_, ok := document.(string)
	return ok
}

// formOf decodes a form, which some old servers answer with. It returns nil for any other body.
func (f *wordFinder) formOf(response Response, body string) any {
	if mediaType(response) != "application/x-www-form-urlencoded" {
		return nil
	}
	values, err := url.ParseQuery(f.readable(body))
	if err != nil {
		return nil
	}
	form := map[string]any{}
	for name := range values {
		form[name] = values.Get(name)
	}
	return form
}

// formTokens returns the texts of a form that must never be shown.
func formTokens(form any) (tokens []string) {
	members, _ := form.(map[string]any)
	for name, member := range members {
		if text, ok := text(member); ok && len(text) >= minToken && secretName.MatchString(name) && !publicName.MatchString(name) {
			tokens = append(tokens, text)
		}
	}
	return tokens
}

// wordFinder finds error codes and explanations that may be shown.
type wordFinder struct {
	// secrets of the request and the response.
	secrets *redact.Secrets
	// tried counts the undeclared texts that were searched.
	tried int
	// isSuccess is true for a 2xx response: a token may be anywhere in it.
	isSuccess bool
	// maybeToken is true if the whole body may be the token.
	maybeToken bool
}

// readable returns a text without secrets, uncut.
func (f *wordFinder) readable(text string) string { return readable(text, f.secrets) }

// declaredText returns an explanation for a message.
func (f *wordFinder) declaredText(text string) string { return shorten(text, f.secrets) }

// declaredCode returns a declared error code for a message. A known code is not a secret.
func (f *wordFinder) declaredCode(code string) string {
	if _, known := knownCode(code); known {
		return code
	}
	return errorCode(shorten(code, f.secrets))
}

// undeclared returns an explanation that was found outside the declared locations. It is empty if
// the text does not look like an explanation. If a token may be anywhere in the response, the text
// must be a sentence, and words that look like a token are redacted.
func (f *wordFinder) undeclared(text string, tokenMayBeThere bool) string {
	if f.tried++; text == "" || f.tried > maxTried {
		return ""
	}
	// Redact first: a secret that has lost a part is not recognized any more.
	shown := f.declaredText(text)
	if !isSentence(shown) && (f.isSuccess || !plainWord.MatchString(shown) || isOpaque(shown)) {
		return ""
	}
	switch {
	case f.isSuccess:
		// The token itself may be anywhere.
		shown = withoutWords(shown, isPerhapsToken)
	case tokenMayBeThere:
		shown = withoutWords(shown, isOpaque)
	}
	return shown
}

// code returns an error code that was found outside the declared locations. It is empty if the text
// does not look like a code.
func (f *wordFinder) code(text string, status int) string {
	if f.tried++; f.tried > maxTried || repeats(text, status) || !codeShape.MatchString(text) || isOpaque(text) || meansSuccess[strings.ToLower(text)] {
		return ""
	}
	if code := f.declaredCode(text); !strings.Contains(code, redacted) {
		return code
	}
	return ""
}

var (
	// plainWord matches a few words that are not a secret, such as Unauthorized or invalid-login.
	plainWord = regexp.MustCompile(`^[A-Za-z]+([ _.:-]?[A-Za-z]+){0,7}[.!]?$`)
	codeShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$`)
	// run matches a run of letters, digits and the signs of base64.
	run   = regexp.MustCompile(`[A-Za-z0-9+/=]+`)
	digit = regexp.MustCompile(`[0-9]`)
	// letter matches a letter. A token has letters and digits.
	letter = regexp.MustCompile(`[A-Za-z]`)
)

// meansSuccess are the codes that mean success.
var meansSuccess = map[string]bool{"ok": true, "success": true, "succeeded": true, "200": true, "true": true}

// isOpaque reports whether a word looks like a token, a key or an ID, rather than like readable
// text.
func isOpaque(word string) bool {
	const (
		maxDigits   = 8
		minOpaque   = 16
		maxReadable = 40
	)
	digits := len(digit.FindAllString(word, -1))
	if digits > maxDigits && (letter.MatchString(word) || digits > 2*maxDigits) {
		return true
	}
	return slices.ContainsFunc(run.FindAllString(word, -1), func(part string) bool {
		return len(part) > maxReadable || (len(part) >= minOpaque && digit.MatchString(part) && letter.MatchString(part))
	})
}

// isPerhapsToken is stricter than isOpaque. It is for a response that should hold a token, so that
// a short token is not shown either.
func isPerhapsToken(word string) bool {
	const (
		minToken    = 8
		maxReadable = 20
	)
	return isOpaque(word) || len(word) > maxReadable ||
		(len(word) >= minToken && digit.MatchString(word) && letter.MatchString(word))
}

// withoutWords redacts the words that look like a token.
func withoutWords(text string, looksLikeToken func(word string) bool) string {
	words := strings.Fields(text)
	for i, word := range words {
		if looksLikeToken(word) {
			words[i] = redacted
		}
	}
	return strings.Join(words, " ")
}

var challengeParameter = regexp.MustCompile(`(?i)(?:^|[\s,])(error|error_description)\s*=\s*"([^"\\]+)"`)

// challengeValue returns a parameter of the header WWW-Authenticate (RFC 6750 section 3).
func challengeValue(challenge, name string) string {
	for _, match := range challengeParameter.FindAllStringSubmatch(challenge, -1) {
		if strings.EqualFold(match[1], name) {
			return match[2]
		}
	}
	return ""
}

// ServerMessage is the error code and the explanation of a server, without secrets.
type ServerMessage struct {
	Code, Text string
	// CodeDeclared is true if the code was found where it is declared.
	CodeDeclared bool
}

// ServerMessageIn returns the error code and the explanation in a response without a token.
func ServerMessageIn(server v1alpha1.AuthorizationServerSpec, request *Request, response Response) ServerMessage {
	document, _ := documentOf(server, response)
	said := wordsOf(server, request, document, response)
	return ServerMessage{Code: said.code, Text: said.text, CodeDeclared: said.declared}
}
