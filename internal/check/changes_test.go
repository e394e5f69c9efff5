package check_test

import (
	"reflect"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/check"
)

var _ = Describe("The fields to change", func() {
	It("are the fields in the list of reasons", func() {
		for reason, facts := range v1alpha1.Reasons {
			Expect(check.Changes(reason)).To(HaveLen(len(facts.Fields)), reason)
		}
		Expect(check.Changes(v1alpha1.ReasonAddressDenied)).To(Equal([]string{
			"spec.authorizationServer.tokenEndpoint", "the flag --allowed-cidrs of this command and of the operator"}))
		Expect(check.Changes(v1alpha1.ReasonCredentialsNotLabelled)).To(Equal([]string{
			`the credentials Secret: metadata.labels["oauth2.tokensync.dev/usage"]`}))
	})

	It("are fields of the API, without placeholders", func() {
		for reason := range v1alpha1.Reasons {
			for _, field := range check.Changes(reason) {
				Expect(field).NotTo(ContainSubstring("{"), reason)
				of := reflect.TypeFor[v1alpha1.ClientCredential]()
				if inServer, found := strings.CutPrefix(field, "spec.authorizationServer."); found {
					// A ClusterAuthorizationServer has these fields too.
					of, field = reflect.TypeFor[v1alpha1.ClusterAuthorizationServerSpec](), inServer
				} else if !strings.HasPrefix(field, "spec.") {
					continue
				}
				Expect(hasField(of, strings.Split(field, "."))).To(BeTrue(), "%s: %s", reason, field)
			}
		}
	})
})

// hasField reports whether a type has the field at a path of JSON names.
func hasField(of reflect.Type, path []string) bool {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if len(path) == 0 {
		return true
	}
	if of.Kind() != reflect.Struct {
		return false
	}
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == path[0] {
			return hasField(field.Type, path[1:])
		}
	}
	return false
}
