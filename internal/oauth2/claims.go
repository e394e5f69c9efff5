package oauth2

import (
	"encoding/base64"
	"strings"
	"time"
)

// jwtExpiry returns the claim exp of a JWT (RFC 7519 section 4.1.4). It does not verify the
// signature: the API that accepts the token does.
func jwtExpiry(token string) (time.Time, bool) {
	payload, ok := payloadOf(token)
	if !ok {
		return time.Time{}, false
	}
	document, err := DecodeJSON(payload)
	claims, isObject := document.(map[string]any)
	if err != nil || !isObject {
		return time.Time{}, false
	}
	n, ok := number(claims["exp"])
	if !ok {
		return time.Time{}, false
	}
	return since1970("", n)
}

// payloadOf decodes the claims of a JWT. It accepts the standard base64 alphabet too, which some
// servers use instead of the URL-safe alphabet.
func payloadOf(token string) (payload string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", false
	}
	urlSafe := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(parts[1], "="))
	decoded, err := base64.RawURLEncoding.DecodeString(urlSafe)
	return string(decoded), err == nil
}
