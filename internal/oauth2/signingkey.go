package oauth2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// signingKey signs JWTs.
type signingKey struct {
	algorithm jose.SignatureAlgorithm
	// key is a key for go-jose: bytes or a crypto.Signer.
	key any
	// id identifies the key to the server; empty if there is none.
	id string
}

// algorithms are the algorithms that a message may name.
var algorithms = []jose.SignatureAlgorithm{
	jose.HS256, jose.HS384, jose.HS512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// unusable returns the error for a key that cannot sign with its algorithm.
func (k signingKey) unusable() error {
	with := string(k.algorithm)
	if !slices.Contains(algorithms, k.algorithm) {
		// The name comes from a JWK in the Secret, so do not show it.
		with = "the algorithm that its JWK names"
	}
	return credentialsError(v1alpha1.ReasonCredentialsInvalid,
		"the key cannot sign with %s: correct the algorithm of the assertion, or put a key for it into the credentials Secret", with)
}

// signingKey returns the key and the algorithm of an assertion. The key is the client secret or the
// private key.
func (c Credentials) signingKey(algorithm v1alpha1.AssertionAlgorithm, keyID string, symmetric bool) (signingKey, error) {
	if symmetric {
		return c.secretKey(algorithm, keyID)
	}
	jwk, err := parsePrivateKey(c.PrivateKey.Reveal(), keyID)
	if err != nil {
		return signingKey{}, err
	}
	chosen := jose.SignatureAlgorithm(algorithm)
	if chosen == "" {
		chosen = jose.SignatureAlgorithm(jwk.Algorithm)
	}
	if chosen == "" {
		chosen = defaultAlgorithm(jwk.Key)
	}
	if keyID != "" {
		jwk.KeyID = keyID
	}
	key := signingKey{algorithm: chosen, key: jwk.Key, id: jwk.KeyID}
	if !slices.Contains(algorithmsOf(jwk.Key), chosen) {
		return key, key.unusable()
	}
	return key, nil
}

func (c Credentials) secretKey(algorithm v1alpha1.AssertionAlgorithm, keyID string) (signingKey, error) {
	secret := []byte(c.ClientSecret.Reveal())
	key := signingKey{algorithm: jose.SignatureAlgorithm(algorithm), key: secret, id: keyID}
	if key.algorithm == "" {
		key.algorithm = jose.HS256
	}
	minBytes, known := map[jose.SignatureAlgorithm]int{jose.HS256: 32, jose.HS384: 48, jose.HS512: 64}[key.algorithm]
	if !known {
		return key, invalid(
			"a client secret cannot sign with %s: set the algorithm of the assertion to HS256, HS384 or HS512, or clientAuthentication.method to private_key_jwt", key.algorithm)
	}
	if len(secret) < minBytes {
		return key, credentialsError(v1alpha1.ReasonCredentialsInvalid,
			"the client secret is too short to sign with %s, which takes at least %d bytes (RFC 7518 section 3.2): have a longer one issued, or choose another algorithm or client authentication method",
			key.algorithm, minBytes)
	}
	return key, nil
}

// algorithmsOf returns the algorithms that a key can sign with, the default first (RFC 7518 section
// 3.1, RFC 8037).
func algorithmsOf(key any) []jose.SignatureAlgorithm {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	case *ecdsa.PrivateKey:
		switch key.Curve.Params().BitSize {
		case 256:
			return []jose.SignatureAlgorithm{jose.ES256}
		case 384:
			return []jose.SignatureAlgorithm{jose.ES384}
		case 521:
			return []jose.SignatureAlgorithm{jose.ES512}
		}
	case ed25519.PrivateKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return nil
}

func defaultAlgorithm(key any) jose.SignatureAlgorithm {
	if algorithms := algorithmsOf(key); len(algorithms) > 0 {
		return algorithms[0]
	}
	return ""
}

const (
	// maxKeyText bounds the text of a private key or a JWK Set, in bytes.
	maxKeyText = 64 << 10
	// maxKeySet bounds the number of keys in a JWK Set, because each key is parsed.
	maxKeySet = 100
	// maxModulus bounds RSA keys, in bits. The time of a signature grows with the cube of this
	// length, and a signature cannot be canceled.
	maxModulus = 8192
)

// parsePrivateKey reads a private key: PEM (PKCS#1, PKCS#8, SEC1), a JWK, or a JWK Set. From a set,
// it takes the key with the given ID, or the only key.
func parsePrivateKey(text, keyID string) (jose.JSONWebKey, error) {
	text = strings.TrimSpace(text)
	switch {
	case len(text) > maxKeyText:
		return jose.JSONWebKey{}, keyError("is longer than %d KiB: put only the key there", maxKeyText>>10)
	case strings.HasPrefix(text, "{"):
		return parseJWK(text, keyID)
	case strings.Contains(text, "-----BEGIN "):
		return parsePEM(text)
	case strings.Count(text, ".") == 4 && strings.HasPrefix(text, "eyJ"):
		return jose.JSONWebKey{}, keyError("is encrypted (a JWE): put the decrypted key there")
	}
	return jose.JSONWebKey{}, keyError("is neither PEM nor a JWK: put it there as -----BEGIN PRIVATE KEY----- or as a JSON Web Key")
}

func parsePEM(text string) (jose.JSONWebKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return jose.JSONWebKey{}, keyError("holds PEM that is cut off or whose lines are joined: put it there with its original line breaks")
	}
	for ; block != nil; block, rest = pem.Decode(rest) {
		var (
			key any
			err error
		)
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY") && len(block.Bytes) > maxKeyBytes:
			return jose.JSONWebKey{}, keyError("has more than %d bits: use a smaller one", maxModulus)
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return jose.JSONWebKey{}, keyError("is encrypted with a passphrase: put the decrypted key there")
		case block.Type == "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case block.Type == "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case block.Type == "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case block.Type == "OPENSSH PRIVATE KEY":
			return jose.JSONWebKey{}, keyError("has the form of OpenSSH: convert it to PKCS#8 (ssh-keygen -p -m PKCS8)")
		default:
			// A certificate, or the parameters of the curve, may be next to the key.
			continue
		}
		if err != nil {
			return jose.JSONWebKey{}, keyError("cannot be read: it is damaged, or not what its first line says")
		}
		return jose.JSONWebKey{Key: key}, checkKey(key)
	}
	return jose.JSONWebKey{}, keyError("holds PEM, but no private key in it: put the private key there")
}

func parseJWK(text, keyID string) (jose.JSONWebKey, error) {
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{}
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return jose.JSONWebKey{}, keyError("is not valid JSON")
	}
	if len(set.Keys) > maxKeySet {
		return jose.JSONWebKey{}, keyError("is a set of %d keys, more than %d: put only the signing key there", len(set.Keys), maxKeySet)
	}
	if set.Keys == nil {
		set.Keys = []json.RawMessage{json.RawMessage(text)}
	}
	if file := (struct {
		PrivateKey string `json:"private_key"`
	}{}); json.Unmarshal([]byte(text), &file) == nil && strings.Contains(file.PrivateKey, "-----BEGIN ") {
		// The key files of cloud providers have the key as a member.
		return parsePEM(file.PrivateKey)
	}
	var candidates []jose.JSONWebKey
	for _, raw := range set.Keys {
		var jwk jose.JSONWebKey
		if err := jwk.UnmarshalJSON(raw); err != nil {
			if len(set.Keys) > 1 {
				// Another key of the set may be the right one (RFC 7517 section 5).
				continue
			}
			return jose.JSONWebKey{}, keyError("is not a valid JWK")
		}
		if len(set.Keys) == 1 || (keyID != "" && jwk.KeyID == keyID) {
			candidates = append(candidates, jwk)
		}
	}
	if len(candidates) != 1 {
		return jose.JSONWebKey{}, keyError("is a set of %d keys: set the keyID of the assertion to the ID of the signing key", len(set.Keys))
	}
	jwk := candidates[0]
	if jwk.Use == "enc" || strings.HasPrefix(jwk.Algorithm, "RSA-OAEP") || jwk.Algorithm == "RSA1_5" || strings.HasPrefix(jwk.Algorithm, "ECDH-") {
		return jose.JSONWebKey{}, keyError("is a key for encryption (JWE): put a key for signatures there")
	}
	return jwk, checkKey(jwk.Key)
}

func checkKey(key any) error {
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return keyError("is a public key: put the private key there")
	case []byte:
		return keyError("is a symmetric key: put a private key there, or set clientAuthentication.method to client_secret_jwt")
	}
	if isTooLarge(key) {
		return keyError("has more than %d bits: use a smaller one", maxModulus)
	}
	if _, ok := key.(crypto.Signer); !ok || len(algorithmsOf(key)) == 0 {
		return keyError("cannot sign a JWT: put an RSA, P-256, P-384, P-521 or Ed25519 key there")
	}
	if key, ok := key.(*ecdsa.PrivateKey); ok && !isWhole(key) {
		return keyError("is damaged: its public part belongs to another key")
	}
	return nil
}

// isWhole reports whether the public and the private part of an ECDSA key belong together. go-jose
// checks all other keys itself.
func isWhole(key *ecdsa.PrivateKey) bool {
	private, err := key.ECDH()
	public, publicErr := key.PublicKey.ECDH()
	return err == nil && publicErr == nil && private.PublicKey().Equal(public)
}

func isTooLarge(key any) bool {
	private, ok := key.(*rsa.PrivateKey)
	return ok && private.N.BitLen() > maxModulus
}

func keyError(format string, args ...any) error {
	return credentialsError(v1alpha1.ReasonCredentialsInvalid, "the private key in the credentials Secret %s", fmt.Sprintf(format, args...))
}
