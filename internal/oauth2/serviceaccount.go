package oauth2

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// ServiceAccountClaims are what a token of a Kubernetes ServiceAccount says of itself.
type ServiceAccountClaims struct {
	Issuer   string   `json:"iss"`
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

// IsForCluster tells whether the API server itself would take the token: it goes
// by its issuer, or by its usual name. Such a token must be sent nowhere.
func (c ServiceAccountClaims) IsForCluster() bool {
	return slices.ContainsFunc(c.Audience, func(audience string) bool {
		return audience == c.Issuer || strings.Contains(audience, "kubernetes.default")
	})
}
