package oauth2

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// ServiceAccountClaims are claims in the token of a Kubernetes ServiceAccount.
type ServiceAccountClaims struct {
	Audience []string `json:"aud"`
}

// ReadServiceAccountToken reads the claims of a ServiceAccount token, without verifying it. ok is
// false if the text is not such a token.
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
