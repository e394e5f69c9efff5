package tokensecret_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

var _ = Describe("the metadata of a Secret in the cache", func() {
	much := strings.Repeat("m", 100<<10)

	DescribeTable("is small, regardless of the size of",
		func(change func(*metav1.PartialObjectMetadata), limit int) {
			secret := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "shop-token", Annotations: map[string]string{}, Labels: map[string]string{}}}
			change(secret)
			tokensecret.Strip(secret)
			Expect(secret.ObjectMeta.Size()).To(BeNumerically("<=", limit))
		},
		Entry("its labels", func(s *metav1.PartialObjectMetadata) { s.Labels["much"] = much }, 512),
		Entry("its annotations", func(s *metav1.PartialObjectMetadata) { s.Annotations["much"] = much }, 512),
		Entry("the name of its adopter", func(s *metav1.PartialObjectMetadata) {
			s.Annotations[v1alpha1.AdoptableByAnnotation] = much
		}, 512),
		Entry("its owner references", func(s *metav1.PartialObjectMetadata) {
			s.OwnerReferences = []metav1.OwnerReference{{Name: much}, {Name: much}}
		}, 512),
		Entry("the reference to its controller", func(s *metav1.PartialObjectMetadata) {
			s.OwnerReferences = []metav1.OwnerReference{
				{APIVersion: much, Kind: much, Name: much, UID: types.UID(much), Controller: ptr.To(true)}, {Name: much},
			}
		}, 2<<10),
		Entry("its finalizers", func(s *metav1.PartialObjectMetadata) {
			for i := range 1000 {
				s.Finalizers = append(s.Finalizers, fmt.Sprintf("example.com/%s-%d", strings.Repeat("f", 50), i))
			}
		}, 1<<10),
		Entry("the labels of a forged token Secret", func(s *metav1.PartialObjectMetadata) {
			s.Annotations[v1alpha1.FingerprintAnnotation], s.Labels["much"] = "forged", much
		}, 512),
		Entry("the fingerprint of a forged token Secret", func(s *metav1.PartialObjectMetadata) {
			s.Annotations[v1alpha1.FingerprintAnnotation] = much
		}, 512),
		Entry("the managed fields of a forged token Secret", func(s *metav1.PartialObjectMetadata) {
			s.Annotations[v1alpha1.OwnerUIDAnnotation] = "forged"
			s.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: tokensecret.FieldManager, FieldsV1: &metav1.FieldsV1{Raw: []byte(much)}}}
		}, 512),
	)

	It("has no incomplete character at the end of a cut text", func() {
		secret := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			Annotations: map[string]string{v1alpha1.AdoptableByAnnotation: "x" + strings.Repeat("ä", 200)},
		}}
		tokensecret.Strip(secret)
		Expect(secret.Annotations).To(HaveKeyWithValue(v1alpha1.AdoptableByAnnotation, "x"+strings.Repeat("ä", 127)))
	})

	It("keeps the operator's finalizer, even after many other finalizers", func() {
		secret := &metav1.PartialObjectMetadata{}
		for i := range 1000 {
			secret.Finalizers = append(secret.Finalizers, fmt.Sprintf("example.com/%d", i))
		}
		secret.Finalizers = append(secret.Finalizers, v1alpha1.RevokeTokenFinalizer)
		tokensecret.Strip(secret)
		Expect(tokensecret.IsHeld(secret)).To(BeTrue())
		Expect(secret.Finalizers).To(ContainElement("example.com/0"))
	})

	It("does not name the owner of a Secret whose metadata is too large", func() {
		secret := written(token, provenance)
		secret.Annotations["much"] = much
		metadata := &metav1.PartialObjectMetadata{ObjectMeta: secret.ObjectMeta}
		for range 2 {
			tokensecret.Strip(metadata)
			state := tokensecret.StateOf(owner, metadata)
			Expect(state.Owned).To(BeFalse())
			Expect(state.Owner).To(ContainSubstring("more than 64 KiB"))
			Expect(state.Record).To(BeNil())
		}
	})
})
