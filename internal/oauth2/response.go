package oauth2

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Response is what a token endpoint answered.
type Response struct {
	StatusCode int
	// Header may hold a token.
	Header http.Header `json:"-"`
	// Body, decompressed.
	Body Sensitive
	// StartedAt is when the request was begun, ReceivedAt when the response was there.
	StartedAt  time.Time
	ReceivedAt time.Time
}

// Format implements fmt.Formatter: a header may hold a token.
func (r Response) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "HTTP %d %s", r.StatusCode, redacted)
}

// Token is an access token and what is known about it.
type Token struct {
	AccessToken Sensitive
	// Type as the server wrote it; Bearer when it wrote none.
	Type string
	// IssuedAt and ExpiresAt are whole seconds.
	IssuedAt  time.Time
	ExpiresAt time.Time
	// Scope that was granted; empty when the server does not tell.
	Scope string
	// Fields are further values of the response by the names that the declaration
	// gives them, and MissingFields the names of those that were not there.
	Fields        map[string]Sensitive
	MissingFields []string
	// Lifetime tells how ExpiresAt is known. A token that was read from its Secret has
	// none.
	Lifetime Lifetime
	// LifetimeAssumed is Lifetime.IsAssumed.
	LifetimeAssumed bool
	// Notices are what an admin should know about the token.
	Notices []Notice
}

// ReadResponse finds the token in a response (RFC 6749 sections 5.1 and 5.2) in
// the dialect of a server that a profile has completed. The error is an *Error.
func ReadResponse(server v1alpha1.AuthorizationServerSpec, request *Request, response Response) (*Token, error) {
	endpoint := displayURL(server.TokenEndpoint)
	if isRedirect(response.StatusCode) && !slices.Contains(server.Response.CredentialStatuses, int32(response.StatusCode)) { //nolint:gosec // A status has three digits.
		return nil, redirected(endpoint, request, response)
	}
	document, decodeErr := documentOf(server, response)
	_, failed := failureIn(server, document, response)
	if failed {
		return nil, refusal(refused{server, request, response, wordsOf(server, request, document, response)})
	}
	if decodeErr != nil && tokenInHeader(server, response) == "" {
		return nil, unusable(endpoint, response, "its body is %s: check authorizationServer.tokenEndpoint", describe(request, response))
	}
	return readToken(server, endpoint, document, request, response)
}

// failureIn tells whether a response says that there is no token, and its error
// code, which may be empty. On success, what is declared to tell it decides alone.
func failureIn(server v1alpha1.AuthorizationServerSpec, document any, response Response) (code string, failed bool) {
	code, _ = first(document, server.Response.ErrorCode, codeText)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return code, true
	}
	success := server.Response.Success
	if success == nil {
		return code, code != ""
	}
	told, found := first(document, []v1alpha1.JSONPointer{*success.Pointer}, scalar)
	if !found {
		return code, code != ""
	}
	return code, !sameScalar(told, *success.Equals)
}

// documentOf decodes the body: JSON, or bare text where that may be the token.
func documentOf(server v1alpha1.AuthorizationServerSpec, response Response) (any, error) {
	body := strings.TrimPrefix(response.Body.Reveal(), byteOrderMark)
	document, err := decode(body)
	if err == nil || !slices.Contains(server.Response.AccessToken, "") {
		return document, err
	}
	bare := strings.TrimSpace(body)
	if !isBareToken(bare) {
		return nil, err
	}
	return bare, nil
}

// isBareToken tells a token from HTML, broken JSON and sentences.
func isBareToken(text string) bool {
	token := withoutScheme(text)
	return token != "" && !strings.ContainsAny(token, "<>{}\" \t\r\n")
}

// withoutScheme is a token without the word that some servers write before it.
func withoutScheme(token string) string {
	if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return token
}

// tokenInHeader is the token that the response carries in a header; empty for none.
func tokenInHeader(server v1alpha1.AuthorizationServerSpec, response Response) string {
	if server.Response.AccessTokenHeader == "" {
		return ""
	}
	return strings.TrimSpace(response.Header.Get(server.Response.AccessTokenHeader))
}

// accessTokenIn finds the access token.
func accessTokenIn(server v1alpha1.AuthorizationServerSpec, document any, response Response) (string, bool) {
	token := tokenInHeader(server, response)
	if token == "" {
		token, _ = first(document, server.Response.AccessToken, textOrNumber)
		if whole, ok := document.(string); ok && !isBareToken(whole) {
			return "", false
		}
	}
	token = withoutScheme(token)
	return token, token != ""
}

func readToken(server v1alpha1.AuthorizationServerSpec, endpoint string, document any, request *Request, response Response) (*Token, error) {
	accessToken, found := accessTokenIn(server, document, response)
	if !found {
		said := wordsOf(server, request, document, response)
		if said.isFailure(server) {
			return nil, refusal(refused{server, request, response, said})
		}
		places := list(server.Response.AccessToken)
		if header := server.Response.AccessTokenHeader; header != "" {
			places = "header " + header + ", " + places
		}
		return nil, unusable(endpoint, response, "there is no token at %s%s: check authorizationServer.response.accessToken, accessTokenHeader and the profile",
			places, said.says(response.StatusCode))
	}
	if strings.ContainsFunc(accessToken, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return nil, unusable(endpoint, response, "the token holds control characters or others that no header can carry, so it is not written")
	}
	tokenType, _ := first(document, server.Response.TokenType, text)
	switch strings.ToLower(tokenType) {
	case "dpop", "pop", "mac":
		return nil, &Error{
			Reason: v1alpha1.ReasonTokenTypeUnsupported, Class: MayPass, StatusCode: response.StatusCode,
			Message: fmt.Sprintf("token endpoint %s issued a token of type %s, which is bound to a key and of no use without it: have the authorization server issue Bearer tokens to this client",
				endpoint, strings.ToUpper(tokenType)),
		}
	case "":
		tokenType = "Bearer"
	}
	if strings.ContainsFunc(tokenType, isControl) || len(tokenType) > 256 {
		return nil, unusable(endpoint, response, "the token type is no name: check authorizationServer.response.tokenType")
	}
	scope, _ := first(document, server.Response.Scope, text)
	if shown := request.redact(scope, tokensIn(document, server, response)...); shown != scope {
		// The scope is shown; what cannot be shown is no scope.
		scope = ""
	}
	expiresAt, lifetime := expiryOf(server, document, accessToken, response)
	if !expiresAt.After(response.ReceivedAt) {
		return nil, expired(endpoint, response, expiresAt, lifetime)
	}
	fields, missing := fieldsOf(server, document)
	token := &Token{
		Fields:          fields,
		MissingFields:   missing,
		AccessToken:     NewSensitive(accessToken),
		Type:            tokenType,
		IssuedAt:        response.StartedAt.Truncate(time.Second),
		ExpiresAt:       expiresAt,
		Scope:           printable(scope, 4096),
		Lifetime:        lifetime,
		LifetimeAssumed: lifetime.IsAssumed(),
	}
	token.Notices = noticesOf(server, request, *token)
	return token, nil
}

var (
	secretName = regexp.MustCompile(`(?i)token|secret|jwt|assertion|password|session|ticket|key`)
	// token_type, token_scope and their like are told openly.
	publicName = regexp.MustCompile(`(?i)type|scope|_use$`)
)

// leastToken is the length of a text that may be a token: a shorter one would blot
// out words.
const leastToken = 8

// tokensIn are the texts of a response that must never be shown: the access token,
// and whatever calls itself a token, a secret or the like.
func tokensIn(document any, server v1alpha1.AuthorizationServerSpec, response Response) []string {
	accessToken, _ := accessTokenIn(server, document, response)
	found := []string{accessToken}
	var search func(node any, hidden bool)
	search = func(node any, hidden bool) {
		switch node := node.(type) {
		case map[string]any:
			for name, member := range node {
				search(member, (hidden || secretName.MatchString(name)) && !publicName.MatchString(name))
			}
		case []any:
			for _, item := range node {
				search(item, hidden)
			}
		case string:
			if hidden {
				found = append(found, node)
			}
		}
	}
	search(document, false)
	return slices.DeleteFunc(found, func(text string) bool { return len(text) < leastToken })
}

// decode reads a JSON document and nothing after it. Numbers keep their digits.
func decode(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errMoreThanJSON
	}
	return document, nil
}

var errMoreThanJSON = errors.New("there is more than one JSON document")

func isRedirect(status int) bool { return status >= 300 && status <= 399 }

func redirected(endpoint string, request *Request, response Response) *Error {
	where := ""
	if location := locationOf(request, response); location != "" {
		where = " to " + location
	}
	return &Error{
		Reason: v1alpha1.ReasonRedirectRefused, Class: MayPass, StatusCode: response.StatusCode, RetryAfter: retryAfter(response),
		Message: fmt.Sprintf("token endpoint %s answered HTTP %d, a redirect%s: credentials are never sent elsewhere; set authorizationServer.tokenEndpoint to the right URL",
			endpoint, response.StatusCode, where),
	}
}

// locationOf is where a redirect leads; empty if it does not say.
func locationOf(request *Request, response Response) string {
	base, err := url.Parse(request.URL)
	// Brackets are not allowed everywhere in a URL.
	raw := strings.ReplaceAll(request.readable(response.Header.Get("Location")), redacted, strings.Trim(redacted, "[]"))
	if err != nil || raw == "" {
		return ""
	}
	location, err := base.Parse(raw)
	if err != nil || location.Host == "" {
		return ""
	}
	return request.shorten(displayURL(location.String()))
}

// displayURL drops what a URL might carry besides its place.
func displayURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(not a URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// describe tells the kind of a body that is not JSON, without showing it.
func describe(request *Request, response Response) string {
	if strings.TrimSpace(response.Body.Reveal()) == "" {
		return "empty"
	}
	page := titled(request, response)
	mediaType, _, err := mime.ParseMediaType(request.redact(response.Header.Get("Content-Type")))
	if err != nil {
		return "not JSON" + page
	}
	return "not JSON (content type " + request.shorten(mediaType) + ")" + page
}

// errorCode keeps what can be an error code (RFC 6749 section 5.2).
func errorCode(code string) string {
	if strings.Contains(code, " ") || len(code) > maxCode {
		return ""
	}
	return printable(code, maxCode)
}

// shorten makes a server's words fit for a message: without what is secret in the
// request, without the given tokens, and without JWTs.
func (r *Request) shorten(s string, tokens ...string) string {
	return cut(r.readable(s, tokens...), maxWords)
}

// readable is what shorten shows, uncut. A text that is to be taken apart goes through
// it first: a part of a secret is not recognised.
func (r *Request) readable(s string, tokens ...string) string {
	oneLine := strings.Join(strings.Fields(r.redact(s, tokens...)), " ")
	// What is dropped from a secret must not have hidden it.
	words := strings.Fields(r.redact(clean(oneLine), tokens...))
	for i, word := range words {
		if at := strings.Index(word, "eyJ"); at >= 0 {
			words[i] = word[:at] + redacted
		}
	}
	return clean(strings.Join(words, " "))
}

// cut ends a text after a word and marks the cut. A text without spaces is cut
// after a letter.
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

// clean drops what cannot be printed.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) || r == '\ufffd' {
			return -1
		}
		return r
	}, s)
}

// printable keeps at most length bytes of printable text.
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
