package oauth2

import (
	"encoding/base64"
	"strings"
	"time"
)

// jwtExpiry reads the claim exp of a JWT (RFC 7519 section 4.1.4). The API that
// accepts the token verifies its signature.
func jwtExpiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}, false
	}
	document, err := decode(string(payload))
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
