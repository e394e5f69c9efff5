package profile_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/test/docs/page"
)

// vendorPage is the page that these tests check.
const vendorPage = "docs/vendor-not-listed.md"

var _ = Describe("docs/vendor-not-listed.md", Label("docs"), func() {
	raw, err := os.ReadFile("../../" + vendorPage)
	if err != nil {
		panic(err)
	}
	text := string(raw)

	It("shows a request and responses that match the example", func() {
		credential, secret := workedExample()
		completed, request := build(credential.Spec, secret.StringData, "")
		Expect(secret.Name).To(Equal(credential.Spec.CredentialsRef.Name))
		Expect(secret.Labels).To(HaveKeyWithValue(v1alpha1.UsageLabel, v1alpha1.UsageClientCredential))

		curl := blocks("sh")[0]
		Expect(curl).To(HavePrefix("curl " + request.FullURL().Reveal() + " "))
		for _, name := range []string{"X-Api-Key", "Content-Type"} {
			Expect(curl).To(ContainSubstring("-H '%s: %s'", name, request.Header[name].Reveal()))
		}
		Expect(request.Header).To(HaveLen(3), "these two and Accept")
		Expect(request.Body.Reveal()).To(MatchJSON(regexp.MustCompile(`-d '(.*)'`).FindStringSubmatch(curl)[1]))

		answers := blocks("json")
		token, err := oauth2.ReadResponse(completed, request, responseOf("200\n\n"+answers[0]))
		Expect(err).NotTo(HaveOccurred())
		Expect(token.AccessToken.Reveal()).To(Equal("pcl_9sT2vWx4"))
		Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(15 * time.Minute))
		Expect(token.Lifetime.IsAssumed()).To(BeFalse())
		_, err = oauth2.ReadResponse(completed, request, responseOf("200\n\n"+answers[1]))
		Expect(err).To(MatchError(ContainSubstring(`1203 ("this application is not active")`)))
	})

	It("builds the example from its parts", func() {
		credential, _ := workedExample()
		var parts server
		for _, block := range fragments()[:2] {
			Expect(yaml.UnmarshalStrict([]byte(block), &parts)).To(Succeed())
		}
		Expect(&parts).To(Equal(credential.Spec.AuthorizationServer))
	})

	It("has only declarations that can be used", func() {
		for _, block := range fragments() {
			expectUsable(block)
		}
		Expect(len(settings(text))).To(BeNumerically(">", 50))
		for _, setting := range settings(text) {
			expectUsable(strings.Split(setting, "` and `")...)
		}
	})

	It("has every field of a request and of a response", func() {
		set := strings.Join(settings(text), "\n")
		for _, part := range []any{
			v1alpha1.ClientAuthentication{}, v1alpha1.Assertion{}, v1alpha1.ServiceAccountToken{},
			v1alpha1.TLSClient{}, v1alpha1.CABundleReference{}, v1alpha1.TokenRequest{}, v1alpha1.ParameterNames{},
			v1alpha1.Parameter{}, v1alpha1.RequestHeader{}, v1alpha1.TokenResponse{}, v1alpha1.ResponseSuccess{},
		} {
			for field := range reflect.TypeOf(part).Fields() {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				Expect(set).To(MatchRegexp(`[{ ]`+name+`: `), "%T", part)
			}
		}
	})
})

// workedExample returns the ClientCredential of the page, and its Secret.
func workedExample() (credential v1alpha1.ClientCredential, secret corev1.Secret) {
	GinkgoHelper()
	for _, block := range blocks("yaml") {
		switch {
		case strings.Contains(block, "kind: ClientCredential\n"):
			Expect(yaml.UnmarshalStrict([]byte(block), &credential)).To(Succeed())
		case strings.Contains(block, "kind: Secret\n"):
			Expect(yaml.UnmarshalStrict([]byte(block), &secret)).To(Succeed())
		}
	}
	return credential, secret
}

// expectUsable expects parts of a declaration to result in a request with all headers that they declare.
func expectUsable(parts ...string) {
	GinkgoHelper()
	declared := of("")
	spec := v1alpha1.ClientCredentialSpec{AuthorizationServer: &declared, Scopes: []string{"read", "ship"}}
	for _, part := range parts {
		if own, isOwn := strings.CutPrefix(part, "spec."); isOwn {
			Expect(yaml.UnmarshalStrict([]byte(own), &spec)).To(Succeed(), part)
		} else {
			Expect(yaml.UnmarshalStrict([]byte(part), &declared)).To(Succeed(), part)
		}
	}
	completed, request := build(spec, everySecret(), "a.b.c")
	for _, header := range completed.Request.Headers {
		Expect(request.Header[header.Name].Reveal()).NotTo(Or(BeEmpty(), HavePrefix("Basic ")), "%v", parts)
	}
}

// everySecret returns all keys that the page mentions.
func everySecret() map[string]string {
	key := pemOf(rsaKey())
	return map[string]string{
		// HS256 does not accept a shorter key.
		"client_secret": "k8Zr/2Lq-k8Zr/2Lq-k8Zr/2Lq-k8Zr/2Lq",
		"client_id":     "shop-7", "api_key": "5c0f93aa", "account_id": "17", "tenant": "t", "user": "u",
		"private_key": key, "key.pem": key, "tls.key": key, "tls.crt": certificateOf(rsaKey()),
	}
}

// blocks returns the code blocks in a language.
func blocks(language string) []string {
	GinkgoHelper()
	texts, err := page.In("../..", vendorPage, language)
	Expect(err).NotTo(HaveOccurred())
	return texts
}

// fragments returns the YAML blocks that are part of an authorization server.
func fragments() (found []string) {
	for _, block := range blocks("yaml") {
		if !strings.Contains(block, "kind: ") {
			found = append(found, block)
		}
	}
	return found
}

// settings returns the settings in the tables: the code with a value in their last column. Code
// spans that "and" joins stay together.
func settings(text string) (found []string) {
	_, text, _ = strings.Cut(text, "\n## What to set\n")
	for row := range strings.SplitSeq(text, "\n") {
		cells := strings.Split(row, " | ")
		if len(cells) != 2 {
			continue
		}
		for _, code := range regexp.MustCompile("`((?:[^`]|` and `)+)`").FindAllStringSubmatch(cells[1], -1) {
			if strings.Contains(code[1], ": ") {
				found = append(found, code[1])
			}
		}
	}
	return found
}
