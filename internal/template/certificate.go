package template

import (
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint (RFC 7515 section 4.1.7).
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"text/template"
)

// pems are functions over certificates in PEM.
var pems = template.FuncMap{
	"x5t":     func(pem string) (string, error) { return thumbprint(pem, sha1.New()) },
	"x5tS256": func(pem string) (string, error) { return thumbprint(pem, sha256.New()) },
	"x5c":     chain,
}

// certificates returns those in a PEM text, in DER.
func certificates(text string) ([][]byte, error) {
	var found [][]byte
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			found = append(found, block.Bytes)
		}
	}
	if len(found) == 0 {
		return nil, fault("there is no certificate in PEM where one is needed")
	}
	return found, nil
}

// thumbprint of the first certificate, as the JOSE headers x5t and x5t#S256 have
// it (RFC 7515 sections 4.1.7 and 4.1.8).
func thumbprint(text string, digest hash.Hash) (string, error) {
	found, err := certificates(text)
	if err != nil {
		return "", err
	}
	digest.Write(found[0])
	return base64.RawURLEncoding.EncodeToString(digest.Sum(nil)), nil
}

// chain is the JSON of the JOSE header x5c (RFC 7515 section 4.1.6).
func chain(text string) (string, error) {
	found, err := certificates(text)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(encoded(found))
	return string(raw), err
}

func encoded(certificates [][]byte) []string {
	texts := make([]string, len(certificates))
	for i, der := range certificates {
		texts[i] = base64.StdEncoding.EncodeToString(der)
	}
	return texts
}
