package oauth2

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/jsondoc"
)

// documentOf decodes the body as JSON. If the declaration allows the whole body to be the token, it
// also accepts bare text.
func documentOf(server v1alpha1.AuthorizationServerSpec, response Response) (any, error) {
	body := strings.TrimPrefix(response.Body.Reveal(), byteOrderMark)
	document, err := DecodeJSON(body)
	if err == nil || !slices.Contains(server.Response.AccessToken, "") {
		return document, err
	}
	bare := strings.TrimSpace(body)
	if !isBareToken(bare) {
		return nil, err
	}
	return bare, nil
}

// isBareToken reports whether a text can be a token, and not HTML, broken JSON or a sentence.
func isBareToken(text string) bool {
	token := withoutScheme(text)
	return token != "" && !strings.ContainsAny(token, "<>{}\" \t\r\n")
}

// withoutScheme returns a token without the word Bearer, which some servers write before it.
func withoutScheme(token string) string {
	if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return token
}

// tokenInHeader returns the token from the declared header of the response, or an empty string.
func tokenInHeader(server v1alpha1.AuthorizationServerSpec, response Response) string {
	if server.Response.AccessTokenHeader == "" {
		return ""
	}
	return strings.TrimSpace(response.Header.Get(server.Response.AccessTokenHeader))
}

// accessTokenIn returns the access token, and reports whether it was found.
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

// DecodeJSON reads a JSON document and nothing after it. Numbers keep their digits.
func DecodeJSON(text string) (any, error) {
	if hasTooManyValues(text) {
		return nil, ErrTooManyValues
	}
	return jsondoc.Decode(text)
}

// maxValues bounds the values of a JSON document. A decoded value takes about 100 bytes, even if
// its text is short.
const maxValues = 10_000

// ErrTooManyValues means that a JSON document is too large to be decoded.
var ErrTooManyValues = fmt.Errorf("it holds more than %d values", maxValues)

// hasTooManyValues reports whether a JSON object or list has more than maxValues values. It counts
// them without decoding, and returns false for any other text.
func hasTooManyValues(text string) bool {
	if text = strings.TrimSpace(text); !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return false
	}
	return jsondoc.Count(text, "[{,:") > maxValues
}
