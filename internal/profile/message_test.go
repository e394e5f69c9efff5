package profile_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/profile"
)

// build makes the token request of a ClientCredential, as the controller does.
func build(spec v1alpha1.ClientCredentialSpec, secret map[string]string, serviceAccountToken string) (server, *oauth2.Request) {
	GinkgoHelper()
	completed, err := profile.Complete(*spec.AuthorizationServer, spec.Parameters)
	Expect(err).NotTo(HaveOccurred())
	credentials, notices, err := oauth2.ReadCredentials(sourceOf(spec, secret), completed)
	Expect(err).NotTo(HaveOccurred())
	Expect(notices).To(BeEmpty())
	request, err := oauth2.BuildRequest(completed, oauth2.Grant{
		Credentials: credentials, Scopes: spec.Scopes, Audience: spec.Audience, Resources: spec.Resources,
		ServiceAccountToken: oauth2.NewSensitive(serviceAccountToken),
	}, startedAt)
	Expect(err).NotTo(HaveOccurred())
	return completed, request
}

func sourceOf(spec v1alpha1.ClientCredentialSpec, secret map[string]string) oauth2.CredentialsSource {
	source := oauth2.CredentialsSource{
		ClientID: spec.ClientID, Data: map[string][]byte{},
		ClientIDKey: "client_id", ClientSecretKey: "client_secret", PrivateKeyKey: "private_key",
	}
	for key, value := range secret {
		source.SecretName = "client"
		if value == "{RSA key}" {
			value = pemOf(rsaKey())
		}
		source.Data[key] = []byte(value)
	}
	if reference := spec.CredentialsRef; reference != nil {
		source.ClientIDKey = or(reference.ClientIDKey, source.ClientIDKey)
		source.ClientSecretKey = or(reference.ClientSecretKey, source.ClientSecretKey)
		source.PrivateKeyKey = or(reference.PrivateKeyKey, source.PrivateKeyKey)
	}
	return source
}

func or(given, fallback string) string {
	if given != "" {
		return given
	}
	return fallback
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pemOf(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func certificateOf(key *rsa.PrivateKey) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: startedAt.Add(-time.Hour), NotAfter: startedAt.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// asText returns the full text of a request, with everything that is sent.
func asText(request *oauth2.Request) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", request.Method, request.FullURL().Reveal())
	for _, name := range slices.Sorted(maps.Keys(request.Header)) {
		fmt.Fprintf(&out, "%s: %s\n", name, request.Header[name].Reveal())
	}
	if body := request.Body.Reveal(); body != "" {
		fmt.Fprintf(&out, "\n%s\n", body)
	}
	return out.String()
}

// responseOf reads a status, headers, and a body after an empty line.
func responseOf(text string) oauth2.Response {
	GinkgoHelper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	status, err := strconv.Atoi(lines[0])
	Expect(err).NotTo(HaveOccurred())
	header := http.Header{}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ": ")
		Expect(found).To(BeTrue(), line)
		header.Add(name, value)
	}
	return oauth2.Response{
		StatusCode: status, Header: header, Body: oauth2.NewSensitive(body),
		StartedAt: startedAt, ReceivedAt: startedAt.Add(time.Second),
	}
}
