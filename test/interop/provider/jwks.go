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

// Key is a public key that is registered at a server.
type Key struct {
	Public crypto.PublicKey
	// ID and Algorithm are left out if they are empty.
	ID, Algorithm string
	// Chain is a certificate chain that begins with the certificate of this key.
	Chain [][]byte
}

// JWKS returns a set of public keys (RFC 7517).
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
		// The point is a byte for "uncompressed", followed by both coordinates.
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
		return nil, fmt.Errorf("keys of type %T are not supported", public)
	}
	if k.ID != "" {
		jwk["kid"] = k.ID
	}
	if k.Algorithm != "" {
		jwk["alg"] = k.Algorithm
	}
	if len(k.Chain) != 0 {
		// x5c uses standard base64, unlike all other members of a JWK. encoding/json does that for
		// bytes.
		jwk["x5c"] = k.Chain
	}
	return jwk, nil
}

func base64URL(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
