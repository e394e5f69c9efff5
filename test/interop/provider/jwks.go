package provider

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// Key is a public key as it is registered at a server.
type Key struct {
	Public crypto.PublicKey
	// ID and Algorithm; empty ones are left out.
	ID, Algorithm string
	// Chain of certificates, the one of this key first.
	Chain [][]byte
}

// JWKS writes a set of public keys (RFC 7517).
func JWKS(keys ...Key) (json.RawMessage, error) {
	set := []map[string]any{}
	for _, key := range keys {
		jwk, err := key.jwk()
		if err != nil {
			return nil, err
		}
		set = append(set, jwk)
	}
	return json.Marshal(map[string]any{"keys": set})
}

func (k Key) jwk() (map[string]any, error) {
	jwk := map[string]any{"use": "sig"}
	switch public := k.Public.(type) {
	case *rsa.PublicKey:
		jwk["kty"] = "RSA"
		jwk["n"] = base64URL(public.N.Bytes())
		jwk["e"] = base64URL(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		// One byte that says uncompressed, then both coordinates.
		point, err := public.Bytes()
		if err != nil {
			return nil, err
		}
		half := len(point) / 2
		jwk["kty"], jwk["crv"] = "EC", public.Params().Name
		jwk["x"], jwk["y"] = base64URL(point[1:1+half]), base64URL(point[1+half:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"] = "OKP", "Ed25519"
		jwk["x"] = base64URL(public)
	default:
		return nil, fmt.Errorf("a key of the type %T has no JWK here", public)
	}
	if k.ID != "" {
		jwk["kid"] = k.ID
	}
	if k.Algorithm != "" {
		jwk["alg"] = k.Algorithm
	}
	if len(k.Chain) != 0 {
		// Standard encoding, unlike all else in a JWK; encoding/json writes it for bytes.
		jwk["x5c"] = k.Chain
	}
	return jwk, nil
}

func base64URL(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
