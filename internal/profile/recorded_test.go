package profile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// exchange is a token request as a vendor documents it: the user's declaration, the request, the
// response and a refusal. All values are invented.
type exchange struct {
	Name string `json:"name"`
	// Spec is the spec of a ClientCredential.
	Spec v1alpha1.ClientCredentialSpec `json:"spec"`
	// Secret is the data of the credentials Secret. {RSA key} stands for a new key.
	Secret map[string]string `json:"secret"`
	// ServiceAccountToken is the token of the client's ServiceAccount.
	ServiceAccountToken string `json:"serviceAccountToken"`
	// Assertion is the JWT that {assertion} stands for in the request.
	Assertion *jwt `json:"assertion"`
	// Request, Response and Refusal are HTTP messages as text.
	Request  string `json:"request"`
	Response string `json:"response"`
	// Token holds the values that must be read from the response.
	Token struct {
		AccessToken string          `json:"accessToken"`
		Type        string          `json:"type"`
		Scope       string          `json:"scope"`
		Lifetime    metav1.Duration `json:"lifetime"`
		Assumed     bool            `json:"assumed"`
	} `json:"token"`
	Refusal string `json:"refusal"`
	// ServerMessageIn is a part of the message about the refusal. Reason is the reason of the
	// conditions.
	ServerMessageIn string          `json:"says"`
	Reason          string          `json:"reason"`
	RetryAfter      metav1.Duration `json:"retryAfter"`
}

// said returns the beginning of the message of a refusal, up to the colon.
func (e exchange) said(status int) string {
	return strings.TrimSpace(fmt.Sprintf("answered HTTP %d %s", status, e.ServerMessageIn)) + ":"
}

// readExchanges panics if a file cannot be read, because it runs before the tests.
func readExchanges() (all []exchange) {
	files, err := filepath.Glob("testdata/exchanges/*.yaml")
	if err != nil {
		panic(err)
	}
	slices.Sort(files)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		var exchanges []exchange
		if err := yaml.UnmarshalStrict(raw, &exchanges); err != nil {
			panic(fmt.Sprintf("%s: %v", file, err))
		}
		all = append(all, exchanges...)
	}
	return all
}
