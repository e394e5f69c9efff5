package oauth2

import (
	"encoding/base64"
	"strings"
	"time"
)

// jwtExpiry reads the claim exp of a JWT (RFC 7519 section 4.1.4). The API that
// accepts the token verifies its signature.
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

// payloadOf decodes the claims of a JWT. Some servers write base64 in the standard
// alphabet instead of that for URLs.
func payloadOf(token string) (payload string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", false
	}
	urlSafe := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(parts[1], "="))
	decoded, err := base64.RawURLEncoding.DecodeString(urlSafe)
	return string(decoded), err == nil
}
