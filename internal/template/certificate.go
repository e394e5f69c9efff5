package template

import (
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint (RFC 7515 section 4.1.7).
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"hash"
)

// x5t returns the JOSE header x5t for the first certificate (RFC 7515 section 4.1.7).
func x5t(text string) (string, error) { return thumbprint(text, sha1.New()) } //nolint:gosec // See above.

// x5tS256 returns the JOSE header x5t#S256 for the first certificate (RFC 7515
// section 4.1.8).
func x5tS256(text string) (string, error) { return thumbprint(text, sha256.New()) }

func thumbprint(text string, digest hash.Hash) (string, error) {
	found, err := certificates(text)
	if err != nil {
		return "", err
	}
	digest.Write(found[0])
	return base64.RawURLEncoding.EncodeToString(digest.Sum(nil)), nil
}

// x5c returns the JSON of the JOSE header x5c (RFC 7515 section 4.1.6).
func x5c(text string) (string, error) {
	found, err := certificates(text)
	if err != nil {
		return "", err
	}
	encoded := make([]string, len(found))
	for i, der := range found {
		encoded[i] = base64.StdEncoding.EncodeToString(der)
	}
	return toJSON(encoded)
}

// certificates returns the certificates in a PEM text, in DER.
func certificates(text string) ([][]byte, error) {
	var found [][]byte
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			found = append(found, block.Bytes)
		}
	}
	if len(found) == 0 {
		return nil, fault("the argument has no certificate in PEM")
	}
	return found, nil
}
