package profile_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// jwt is a signed JWT. It holds only the claims that are the same each time.
type jwt struct {
	Header map[string]any `json:"header"`
	Claims map[string]any `json:"claims"`
}

var compactJWT = regexp.MustCompile(`eyJ[-_0-9A-Za-z]+\.eyJ[-_0-9A-Za-z]+\.[-_0-9A-Za-z]+`)

// withoutAssertion checks the JWT in the body of a request, and replaces it with {assertion},
// because the JWT differs each time.
func (e exchange) withoutAssertion(request string) string {
	GinkgoHelper()
	if e.Assertion == nil {
		return request
	}
	head, body, _ := strings.Cut(request, "\n\n")
	found := compactJWT.FindAllString(body, -1)
	Expect(found).To(HaveLen(1))
	e.Assertion.expect(found[0])
	return head + "\n\n" + strings.Replace(body, found[0], "{assertion}", 1)
}

func (j jwt) expect(compact string) {
	GinkgoHelper()
	signed, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.RS256})
	Expect(err).NotTo(HaveOccurred())
	payload, err := signed.Verify(rsaKey().Public())
	Expect(err).NotTo(HaveOccurred())

	header := map[string]any{"alg": signed.Signatures[0].Protected.Algorithm}
	if keyID := signed.Signatures[0].Protected.KeyID; keyID != "" {
		header["kid"] = keyID
	}
	for name, value := range signed.Signatures[0].Protected.ExtraHeaders {
		header[string(name)] = value
	}
	Expect(header).To(Equal(j.Header))

	var claims map[string]any
	Expect(json.Unmarshal(payload, &claims)).To(Succeed())
	Expect(claims).To(HaveKeyWithValue("jti", Not(BeEmpty())))
	issuedAt, expiresAt := at1970(claims["iat"]), at1970(claims["exp"])
	Expect(startedAt.Sub(issuedAt)).To(Equal(10 * time.Second))
	Expect(expiresAt.Sub(issuedAt)).To(Equal(time.Minute))
	for _, name := range []string{"jti", "iat", "exp"} {
		delete(claims, name)
	}
	Expect(claims).To(Equal(j.Claims))
}

func at1970(seconds any) time.Time {
	GinkgoHelper()
	Expect(seconds).To(BeAssignableToTypeOf(float64(0)))
	return time.Unix(int64(seconds.(float64)), 0)
}
