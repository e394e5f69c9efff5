package oauth2_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// times repeats a parameter under the given number of names.
func times(count int, parameter v1alpha1.Parameter) (repeated []v1alpha1.Parameter) {
	for i := range count {
		parameter.Name = fmt.Sprintf("p%d", i)
		repeated = append(repeated, parameter)
	}
	return repeated
}

var _ = Describe("the declared values of a request", func() {
	const limit = 96 << 10
	fromKey := v1alpha1.Parameter{SecretKey: "k"}
	fromTemplate := v1alpha1.Parameter{Template: "{{ .k }}"}
	inParameters := func(parameters []v1alpha1.Parameter) func(*server) {
		return func(s *server) { s.Request.Parameters = parameters }
	}
	inHeaders := func(parameters []v1alpha1.Parameter) func(*server) {
		return func(s *server) {
			for _, p := range parameters {
				s.Request.Headers = append(s.Request.Headers, v1alpha1.RequestHeader{Name: p.Name, SecretKey: p.SecretKey, Template: p.Template})
			}
		}
	}
	inClaims := func(parameters []v1alpha1.Parameter) func(*server) {
		return func(s *server) {
			s.ClientAuthentication.Method = v1alpha1.PrivateKeyJWT
			s.ClientAuthentication.Assertion = &v1alpha1.Assertion{Claims: parameters}
		}
	}
	inJOSEHeaders := func(parameters []v1alpha1.Parameter) func(*server) {
		return func(s *server) {
			s.ClientAuthentication.Method = v1alpha1.PrivateKeyJWT
			s.ClientAuthentication.Assertion = &v1alpha1.Assertion{Headers: parameters}
		}
	}
	grant := func(size int) oauth2.Grant {
		held := holding(map[string]string{"k": strings.Repeat("x", size)})
		held.PrivateKey = oauth2.NewSensitive(pkcs8(rsaKey))
		return oauth2.Grant{Credentials: held}
	}

	DescribeTable("may have 96 KiB together",
		func(change func(*server), size int) {
			requestTo(rfc6749(change), grant(size))
		},
		Entry("in parameters", inParameters(times(8, fromKey)), limit/8),
		Entry("in headers", inHeaders(times(8, fromKey)), limit/8),
		Entry("in claims", inClaims(times(8, fromKey)), limit/8),
		Entry("in JOSE headers", inJOSEHeaders(times(8, fromKey)), limit/8),
	)

	DescribeTable("are refused if they have more, even if each comes from the same key of the Secret:",
		func(change func(*server), size int, says string) {
			failure := buildFailure(rfc6749(change), grant(size))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Message).To(Equal("the values of all " + says +
				" have more than 96 KiB together: declare fewer values, or put smaller values into the credentials Secret"))
		},
		Entry("parameters by key", inParameters(times(8, fromKey)), limit/8+1, "parameters"),
		Entry("parameters by template", inParameters(times(32, fromTemplate)), 60<<10, "parameters"),
		Entry("headers", inHeaders(times(8, fromTemplate)), limit/8+1, "headers"),
		Entry("claims", inClaims(times(8, fromKey)), limit/8+1, "claims"),
		Entry("JOSE headers", inJOSEHeaders(times(8, fromKey)), limit/8+1, "JOSE headers"),
	)
})
