package oauth2

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

const (
	// defaultAssertionLifetime is the maximum that all known servers accept.
	defaultAssertionLifetime = time.Minute
	// defaultClockSkew makes an assertion valid for a server whose clock is behind.
	defaultClockSkew = 10 * time.Second
)

// assertions are the signed JWTs of a token request (RFC 7523). A JWT that the request does not
// need is empty.
type assertions struct {
	// client authenticates the client, grant is the grant itself.
	client, grant Sensitive
}

func assertionsOf(server v1alpha1.AuthorizationServerSpec, grant Grant, now time.Time) (found assertions, err error) {
	if signsWith := authenticationOf(server).signsWith; signsWith != noKey {
		declared := server.ClientAuthentication.Assertion
		if found.client, err = assertion(server.TokenEndpoint, declared, signsWith == symmetricKey, grant, now); err != nil {
			return found, err
		}
	}
	if declared := server.Request.Assertion; declared != nil {
		found.grant, err = assertion(server.TokenEndpoint, declared, isSymmetric(declared.Algorithm), grant, now)
	}
	return found, err
}

func isSymmetric(algorithm v1alpha1.AssertionAlgorithm) bool {
	return strings.HasPrefix(string(algorithm), "HS")
}

// assertion returns a JWT as RFC 7523 section 3 requires, or the token of a ServiceAccount if one
// is declared.
func assertion(tokenEndpoint string, declared *v1alpha1.Assertion, symmetric bool, grant Grant, now time.Time) (Sensitive, error) {
	if declared == nil {
		declared = &v1alpha1.Assertion{}
	}
	if declared.ServiceAccountToken != nil {
		return grant.ServiceAccountToken, nil
	}
	key, err := grant.Credentials.signingKey(declared.Algorithm, declared.KeyID, symmetric)
	if err != nil {
		return Sensitive{}, err
	}
	claims, err := claimsOf(tokenEndpoint, declared, grant, now)
	if err != nil {
		return Sensitive{}, err
	}
	headers, err := grant.templateData().object("JOSE header ", declared.Headers)
	if err != nil {
		return Sensitive{}, err
	}
	for _, name := range []string{"alg", "crit", "b64"} {
		if _, set := headers[name]; set {
			return Sensitive{}, invalid("the JOSE header %s cannot be set: use the assertion's algorithm", name)
		}
	}
	return key.sign(headers, claims)
}

// claimsOf returns the claims of a JWT (RFC 7519 section 4.1). jti is new each time, because a
// server may refuse a jti that it has seen.
func claimsOf(tokenEndpoint string, declared *v1alpha1.Assertion, grant Grant, now time.Time) (map[string]any, error) {
	issuedAt, expiresAt := validityOf(declared, now)
	claims := map[string]any{"iat": issuedAt.Unix(), "exp": expiresAt.Unix(), "jti": rand.Text()}
	if declared.NotBefore != nil && *declared.NotBefore {
		claims["nbf"] = issuedAt.Unix()
	}
	set := func(name string, value *string, defaultValue string) {
		if value != nil {
			defaultValue = *value
		}
		if defaultValue != "" {
			claims[name] = defaultValue
		}
	}
	set("iss", declared.Issuer, grant.Credentials.ClientID.Reveal())
	set("sub", declared.Subject, grant.Credentials.ClientID.Reveal())
	set("aud", declared.Audience, tokenEndpoint)
	own, err := grant.templateData().object("claim ", declared.Claims)
	maps.Copy(claims, own)
	return claims, err
}

// validityOf returns iat and exp of a JWT. Some servers limit exp - iat, and some limit how far exp
// is ahead of their clock. Back-dating only iat would exceed the first limit.
func validityOf(declared *v1alpha1.Assertion, now time.Time) (issuedAt, expiresAt time.Time) {
	skew, lifetime := defaultClockSkew, defaultAssertionLifetime
	if declared.ClockSkew != nil {
		skew = declared.ClockSkew.Duration
		lifetime = max(lifetime, 2*skew)
	}
	if declared.Lifetime != nil {
		lifetime = declared.Lifetime.Duration
	}
	// The lifetime of a profile may be too short for the clockSkew of a spec.
	issuedAt = now.Add(-min(skew, lifetime/2)).Truncate(time.Second)
	return issuedAt, issuedAt.Add(lifetime)
}

// sign returns a signed JWT in the compact form (RFC 7515 section 3.1).
func (k signingKey) sign(headers, claims map[string]any) (Sensitive, error) {
	payload, err := marshal(claims)
	if err != nil {
		return Sensitive{}, err
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if k.id != "" {
		options.WithHeader("kid", k.id)
	}
	for name, value := range headers {
		// go-jose would encode a json.Number as a string.
		raw, err := marshal(value)
		if err != nil {
			return Sensitive{}, err
		}
		options.WithHeader(jose.HeaderKey(name), json.RawMessage(raw))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.algorithm, Key: k.key}, options)
	if err != nil {
		return Sensitive{}, k.unusable()
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		return Sensitive{}, k.unusable()
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		return Sensitive{}, fmt.Errorf("write a JWT: %w", err)
	}
	return NewSensitive(compact), nil
}
