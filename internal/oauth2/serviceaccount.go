package oauth2

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// ServiceAccountClaims are what a token of a Kubernetes ServiceAccount says of itself.
type ServiceAccountClaims struct {
	Audience []string `json:"aud"`
}

// ReadServiceAccountToken reads the claims of such a token, without verifying it;
// ok is false when it is none.
func ReadServiceAccountToken(token Sensitive) (claims ServiceAccountClaims, ok bool) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return claims, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims, false
	}
	return claims, json.Unmarshal(payload, &claims) == nil
}
