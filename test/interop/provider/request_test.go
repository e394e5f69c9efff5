//go:build interop

package provider_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/interop/provider"
)

// answer is a response of the token endpoint.
type answer struct {
	Status      int     `json:"-"`
	AccessToken string  `json:"access_token"`
	TokenType   string  `json:"token_type"`
	ExpiresIn   float64 `json:"expires_in"`
	Scope       string  `json:"scope"`
	Error       string  `json:"error"`
}

// send posts a form, with a client certificate if one is given. If clientID is set, it sends a Basic
// header.
func send(ctx context.Context, endpoint, clientID string, certificate *provider.Certificate, form url.Values) answer {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if clientID != "" {
		request.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(secret))
	}
	response, err := op.HTTPClient(certificate).Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	result := answer{Status: response.StatusCode}
	if response.ContentLength != 0 {
		Expect(json.NewDecoder(response.Body).Decode(&result)).To(Succeed())
	}
	return result
}

// form returns the form of a token request with additional names and values.
func form(more ...string) url.Values {
	values := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i < len(more); i += 2 {
		values.Add(more[i], more[i+1])
	}
	return values
}

func exchange(ctx context.Context, clientID string, more ...string) answer {
	GinkgoHelper()
	return send(ctx, op.TokenEndpoint, clientID, nil, form(more...))
}

// assert sends an assertion with the given claims.
func assert(ctx context.Context, algorithm, keyID string, claims map[string]any) answer {
	GinkgoHelper()
	return exchange(ctx, "",
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"client_assertion", assertion(algorithm, keyID, claims))
}

func claims(clientID, audience string) map[string]any {
	now := time.Now().Unix()
	return map[string]any{"iss": clientID, "sub": clientID, "aud": audience, "iat": now, "exp": now + 60, "jti": rand.Text()}
}

func assertion(algorithm, keyID string, claims map[string]any) string {
	GinkgoHelper()
	header := map[string]any{"alg": algorithm, "typ": "JWT"}
	if keyID != "" {
		header["kid"] = keyID
	}
	signed := segment(header) + "." + segment(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(algorithm, signed))
}

func sign(algorithm, signed string) []byte {
	GinkgoHelper()
	digest := sha256.Sum256([]byte(signed))
	switch algorithm {
	case "HS256":
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(signed))
		return mac.Sum(nil)
	case "RS256":
		signature, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest[:])
		Expect(err).NotTo(HaveOccurred())
		return signature
	default:
		// A JWS encodes both numbers in 32 bytes each, unlike the ASN.1 encoding in TLS.
		r, s, err := ecdsa.Sign(rand.Reader, ecKey, digest[:])
		Expect(err).NotTo(HaveOccurred())
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}

func segment(content any) string {
	GinkgoHelper()
	raw, err := json.Marshal(content)
	Expect(err).NotTo(HaveOccurred())
	return base64.RawURLEncoding.EncodeToString(raw)
}
