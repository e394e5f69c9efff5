package controllers_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/controllers"
)

// cached returns an object as the cache stores it.
func cached[Object client.Object](object Object) Object {
	GinkgoHelper()
	for of, by := range controllers.CacheOptions().ByObject {
		if reflect.TypeOf(of) == reflect.TypeOf(object) {
			stored, err := by.Transform(object)
			Expect(err).NotTo(HaveOccurred())
			again, err := by.Transform(stored.(Object).DeepCopyObject()) //nolint:forcetypeassert // The transform keeps the type.
			Expect(err).NotTo(HaveOccurred())
			Expect(again).To(Equal(stored), "a transform must be idempotent")
			return stored.(Object) //nolint:forcetypeassert // The transform keeps the type.
		}
	}
	Fail(fmt.Sprintf("the cache options have no entry for %T", object))
	return object
}

// largeMetadata returns metadata with many large values, as a user may set them.
func largeMetadata(name string) metav1.ObjectMeta {
	metadata := metav1.ObjectMeta{
		Namespace: "team", Name: name, UID: "1", ResourceVersion: "2", Generation: 3,
		Labels: map[string]string{}, Annotations: map[string]string{
			"much": strings.Repeat("m", 100<<10), v1alpha1.RenewRequestedAtAnnotation: "now" + strings.Repeat("!", 100<<10),
		},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl", FieldsV1: &metav1.FieldsV1{Raw: []byte(`{"f:metadata":{}}`)}}},
	}
	for i := range 1000 {
		metadata.Labels[fmt.Sprintf("label-%d", i)] = strings.Repeat("m", 63)
		metadata.OwnerReferences = append(metadata.OwnerReferences, metav1.OwnerReference{Kind: "Other", Name: strings.Repeat("o", 250), UID: "o"})
		metadata.Finalizers = append(metadata.Finalizers, fmt.Sprintf("example.com/%s-%d", strings.Repeat("f", 50), i))
	}
	metadata.Finalizers = append(metadata.Finalizers, v1alpha1.RevokeTokenFinalizer)
	return metadata
}

var _ = Describe("The cache", func() {
	large := strings.Repeat("m", 100<<10)

	DescribeTable("stores less than 2 KiB of a large object:",
		func(object client.Object) {
			raw, err := json.Marshal(cached(object))
			Expect(err).NotTo(HaveOccurred())
			Expect(len(raw)).To(BeNumerically("<", 2<<10))
		},
		Entry("a ClientCredential", &v1alpha1.ClientCredential{
			ObjectMeta: largeMetadata("shop"), Spec: v1alpha1.ClientCredentialSpec{
				Scopes: []string{large}, Target: &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: map[string]string{"key": large}}},
				AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: large},
			},
		}),
		Entry("an AuthorizationServer", &v1alpha1.AuthorizationServer{
			ObjectMeta: largeMetadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{Issuer: large},
		}),
		Entry("a ClusterAuthorizationServer", &v1alpha1.ClusterAuthorizationServer{
			ObjectMeta: largeMetadata("idp"), Spec: v1alpha1.ClusterAuthorizationServerSpec{
				AllowedNamespaces: &metav1.LabelSelector{MatchLabels: map[string]string{"much": large}},
			},
		}),
	)

	It("stores the whole spec of an object of normal size, and its finalizers in order", func() {
		spec := v1alpha1.ClientCredentialSpec{ClientID: "shop", Scopes: []string{"read"}, Target: &v1alpha1.TokenTarget{Name: "other"}}
		metadata := metav1.ObjectMeta{
			Name: "shop", Labels: map[string]string{"team": "web"}, Finalizers: []string{"example.com/a", v1alpha1.RevokeTokenFinalizer},
			Annotations: map[string]string{v1alpha1.RenewRequestedAtAnnotation: "now", "team": "web"},
		}
		stored := cached(&v1alpha1.ClientCredential{ObjectMeta: metadata, Spec: *spec.DeepCopy()})
		Expect(stored.Spec).To(Equal(spec))
		Expect(stored.Finalizers).To(Equal(metadata.Finalizers))
		Expect(stored.Annotations).To(Equal(map[string]string{v1alpha1.RenewRequestedAtAnnotation: "now"}))
		Expect(stored.Labels).To(BeEmpty())
	})

	It("stores only suspend and the Secret fields of a spec that is too large", func() {
		spec := v1alpha1.ClientCredentialSpec{
			CredentialsRef: &v1alpha1.CredentialsReference{Name: "shop-credentials"}, Suspend: ptr.To(true), Scopes: []string{large},
			Target: &v1alpha1.TokenTarget{Name: "other", DeletionPolicy: v1alpha1.DeletionPolicyRetain},
		}
		stored := cached(&v1alpha1.ClientCredential{ObjectMeta: largeMetadata("shop"), Spec: *spec.DeepCopy()})
		spec.Scopes = nil
		Expect(stored.Spec).To(Equal(spec))
		Expect(stored.Finalizers).To(Equal([]string{v1alpha1.RevokeTokenFinalizer}))
	})
})
