package resolve_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
)

var _ = Describe("The size of an object", func() {
	// Two of these values are too large together.
	half := strings.Repeat("h", 33<<10)

	DescribeTable("is too large",
		func(object client.Object) {
			Expect(resolve.IsTooLarge(object)).To(BeTrue())
			err := resolve.CheckSize("the spec", object)
			Expect(problem.Of(err)).To(And(HaveField("Reason", v1alpha1.ReasonSpecTooLarge), HaveField("Class", problem.Invalid),
				HaveField("Message", HavePrefix("the spec has more than 64 KiB of JSON, and is not used: "))))
		},
		Entry("with the spec of a ClientCredential", &v1alpha1.ClientCredential{Spec: v1alpha1.ClientCredentialSpec{Scopes: []string{half, half}}}),
		Entry("with the finalizers of a ClientCredential", &v1alpha1.ClientCredential{
			ObjectMeta: metav1.ObjectMeta{Finalizers: []string{half}}, Spec: v1alpha1.ClientCredentialSpec{Scopes: []string{half}},
		}),
		Entry("with the declaration and the finalizers of an AuthorizationServer", &v1alpha1.AuthorizationServer{
			ObjectMeta: metav1.ObjectMeta{Finalizers: []string{half}}, Spec: v1alpha1.AuthorizationServerSpec{Issuer: half},
		}),
		Entry("with the namespaces of a ClusterAuthorizationServer", &v1alpha1.ClusterAuthorizationServer{Spec: v1alpha1.ClusterAuthorizationServerSpec{
			AuthorizationServerSpec: v1alpha1.AuthorizationServerSpec{Issuer: half},
			AllowedNamespaces:       &metav1.LabelSelector{MatchLabels: map[string]string{"team": half}},
		}}),
		Entry("as an outline", &v1alpha1.AuthorizationServer{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{resolve.OutlinedAnnotation: "true"}}}),
	)

	It("does not include labels and annotations", func() {
		object := &v1alpha1.ClientCredential{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"much": half}, Labels: map[string]string{"much": half}},
			Spec:       v1alpha1.ClientCredentialSpec{Scopes: []string{half}},
		}
		Expect(resolve.CheckSize("the spec", object)).To(Succeed())
	})
})
