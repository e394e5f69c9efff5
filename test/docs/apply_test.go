package docs_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/profile"
	"github.com/tokensync/tokensync/internal/tokensecret"
	"github.com/tokensync/tokensync/test/docs/page"
)

// apply creates an object in the namespace of the test. It also fails if the API server accepts the
// object but the operator would refuse it. test/ecosystem applies kinds of other projects.
func apply(ctx SpecContext, namespace string, object *unstructured.Unstructured, at string) {
	GinkgoHelper()
	kind := object.GroupVersionKind()
	mapping, err := apiServer.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		Expect(page.Foreign).To(HaveKey(kind.Group), "%s: kind %s of %s is unknown: add its CRDs to page.Foreign", at, kind.Kind, kind.GroupVersion())
		if values := valuesOf(object); values != "" {
			render(ctx, values, at)
		}
		return
	}
	Expect(err).NotTo(HaveOccurred(), at)
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		// Other pages may have objects with the same name.
		Expect(apiServer.Create(ctx, object.DeepCopy(), client.DryRunAll)).To(Succeed(), at)
	} else {
		object.SetNamespace(namespace)
		Expect(apiServer.Create(ctx, object)).To(Succeed(), at)
	}
	expectUsable(object, at)
}

// expectUsable checks the parts that the API server cannot check: profiles and templates.
func expectUsable(object *unstructured.Unstructured, at string) {
	GinkgoHelper()
	switch object.GetKind() {
	case "ClientCredential":
		owner := typed[v1alpha1.ClientCredential](object)
		if owner.Spec.AuthorizationServer != nil {
			expectUsableServer(*owner.Spec.AuthorizationServer, owner.Spec.Parameters, at)
		}
		if fault := tokensecret.Check(owner); fault != nil {
			Fail(at + ": " + fault.Error())
		}
	case "AuthorizationServer":
		expectUsableServer(typed[v1alpha1.AuthorizationServer](object).Spec, nil, at)
	case "ClusterAuthorizationServer":
		expectUsableServer(typed[v1alpha1.ClusterAuthorizationServer](object).Spec.AuthorizationServerSpec, nil, at)
	}
}

func expectUsableServer(declared v1alpha1.AuthorizationServerSpec, parameters []v1alpha1.Parameter, at string) {
	GinkgoHelper()
	_, err := profile.Complete(declared, parameters)
	Expect(err).NotTo(HaveOccurred(), at)
}

func typed[T any](object *unstructured.Unstructured) *T {
	GinkgoHelper()
	converted := new(T)
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, converted)).To(Succeed())
	return converted
}
