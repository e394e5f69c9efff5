package oauth2_test

import (
	"os"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("client authentication", func() {
	It("is known for every method of the API", func() {
		file, err := os.ReadFile("../../api/v1alpha1/clientauthentication_types.go")
		Expect(err).NotTo(HaveOccurred())
		enum := regexp.MustCompile(`(?m)^// \+kubebuilder:validation:Enum=(.*)\ntype ClientAuthenticationMethod string$`).FindSubmatch(file)
		Expect(enum).NotTo(BeNil())
		methods := strings.Split(string(enum[1]), ";")
		Expect(methods).To(ContainElement("client_secret_basic"))
		for _, method := range methods {
			_, err := oauth2.BuildRequest(rfc6749(authenticatedBy(v1alpha1.ClientAuthenticationMethod(method))), oauth2.Grant{Credentials: withKey(pkcs8(rsaKey))}, startedAt)
			Expect(err).NotTo(HaveOccurred(), method)
		}
	})

	It("by an unknown method is a problem", func() {
		failure := buildFailure(rfc6749(authenticatedBy("other")), oauth2.Grant{Credentials: credentials})
		Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
		Expect(failure.Message).To(HavePrefix(`there is no client authentication method "other": `))
	})
})
