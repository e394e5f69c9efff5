package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// discover reads the endpoints from the metadata of the provider.
func (p *Provider) discover(ctx context.Context) error {
	var metadata struct {
		Issuer                string `json:"issuer"`
		TokenEndpoint         string `json:"token_endpoint"`
		IntrospectionEndpoint string `json:"introspection_endpoint"`
		RevocationEndpoint    string `json:"revocation_endpoint"`
		JWKSURI               string `json:"jwks_uri"`
		Aliases               struct {
			TokenEndpoint string `json:"token_endpoint"`
		} `json:"mtls_endpoint_aliases"`
	}
	if err := p.get(ctx, p.Issuer+"/.well-known/oauth-authorization-server", &metadata); err != nil {
		return err
	}
	if metadata.Issuer != p.Issuer {
		return fmt.Errorf("the metadata names the issuer %s, not %s", metadata.Issuer, p.Issuer)
	}
	p.TokenEndpoint = metadata.TokenEndpoint
	p.MTLSTokenEndpoint = metadata.Aliases.TokenEndpoint
	p.IntrospectionEndpoint = metadata.IntrospectionEndpoint
	p.RevocationEndpoint = metadata.RevocationEndpoint
	p.JWKSURI = metadata.JWKSURI
	return nil
}

// Introspect introspects a token (RFC 7662), and returns whether it is active and its claims. The
// provider refuses to introspect JWTs: see VerifyJWT.
func (p *Provider) Introspect(ctx context.Context, token string) (active bool, claims map[string]any, err error) {
	form := url.Values{"token": {token}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.IntrospectionEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return false, nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(p.introspector.ID, p.introspector.Secret)
	if err := p.do(request, &claims); err != nil {
		return false, nil, fmt.Errorf("introspect a token: %w", err)
	}
	active, _ = claims["active"].(bool)
	return active, claims, nil
}

// VerifyJWT verifies a JWT as a resource server does: it checks the signature with the provider's
// published key, the issuer and the expiry. It returns the claims.
func (p *Provider) VerifyJWT(ctx context.Context, token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the token is not a JWT")
	}
	key, err := p.key(ctx)
	if err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, fmt.Errorf("decode the signature: %w", err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	half := len(signature) / 2
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])) {
		return nil, errors.New("the signature of the token is wrong")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("decode the claims: %w", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, fmt.Errorf("decode the claims: %w", err)
	}
	return claims, p.check(claims)
}

func (p *Provider) check(claims map[string]any) error {
	if claims["iss"] != p.Issuer {
		return fmt.Errorf("the issuer of the token is %v", claims["iss"])
	}
	if expiry, _ := claims["exp"].(float64); float64(time.Now().Unix()) >= expiry {
		return errors.New("the token has expired")
	}
	return nil
}

// key returns the provider's only signing key, which is for ES256.
func (p *Provider) key(ctx context.Context) (*ecdsa.PublicKey, error) {
	var published struct{ Keys []struct{ X, Y string } }
	if err := p.get(ctx, p.JWKSURI, &published); err != nil {
		return nil, err
	}
	if len(published.Keys) != 1 {
		return nil, fmt.Errorf("the provider has %d keys, not 1", len(published.Keys))
	}
	point := []byte{4}
	for _, coordinate := range []string{published.Keys[0].X, published.Keys[0].Y} {
		raw, err := base64.RawURLEncoding.DecodeString(coordinate)
		if err != nil {
			return nil, fmt.Errorf("decode the provider's key: %w", err)
		}
		point = append(point, raw...)
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

func (p *Provider) get(ctx context.Context, address string, result any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	return p.do(request, result)
}

func (p *Provider) do(request *http.Request, result any) error {
	response, err := p.HTTPClient(nil).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the provider answers %s: %s", response.Status, body)
	}
	return json.Unmarshal(body, result)
}
