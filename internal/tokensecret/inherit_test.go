package tokensecret_test

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// leftBy changes the Secret as if a ClientCredential with this name and another UID had left it without a
// controller.
func leftBy(name string) func(*corev1.Secret) {
	return func(s *corev1.Secret) {
		s.OwnerReferences, s.Annotations[v1alpha1.OwnerUIDAnnotation], s.Annotations[v1alpha1.OwnerNameAnnotation] = nil, "x", name
	}
}

// byOlderVersion is like leftBy, for an older version that recorded no owner name. It recorded an adopter,
// unless adopter is empty.
func byOlderVersion(adopter string) func(*corev1.Secret) {
	return func(s *corev1.Secret) {
		leftBy("")(s)
		delete(s.Annotations, v1alpha1.OwnerNameAnnotation)
		if adopter != "" {
			s.Annotations[v1alpha1.AdoptableByAnnotation] = adopter
		}
	}
}

// controlledBefore makes a ClientCredential with another UID the controller of the Secret.
func controlledBefore(changes ...func(*metav1.OwnerReference)) func(*corev1.Secret) {
	return func(s *corev1.Secret) {
		s.OwnerReferences[0].UID, s.Annotations[v1alpha1.OwnerUIDAnnotation] = "x", "x"
		for _, change := range changes {
			change(&s.OwnerReferences[0])
		}
	}
}

func also(changes ...func(*corev1.Secret)) func(*corev1.Secret) {
	return func(s *corev1.Secret) {
		for _, change := range changes {
			change(s)
		}
	}
}

func annotatedWith(key, value string) func(*corev1.Secret) {
	return func(s *corev1.Secret) { s.Annotations[key] = value }
}

var _ = Describe("a Secret that an earlier ClientCredential left", func() {
	sameRequest := provenance
	BeforeEach(func() {
		hash, err := tokensecret.RequestHash(owner.Spec)
		Expect(err).NotTo(HaveOccurred())
		sameRequest.RequestHash = hash
	})

	left := func(change func(*corev1.Secret)) *tokensecret.State {
		GinkgoHelper()
		secret := written(token, provenance)
		change(secret)
		return tokensecret.StateOf(owner, secret)
	}

	DescribeTable("is inherited by the next ClientCredential of its name",
		func(change func(*corev1.Secret)) {
			state := left(change)
			Expect(state).To(HaveValue(And(HaveField("Inherited", true), HaveField("Owned", false), HaveField("Adoptable", false),
				HaveField("Owner", "an earlier ClientCredential of this name"))))
			Expect(state.IsFree()).To(BeFalse(), "another ClientCredential with this target must not take it")
		},
		Entry("by its owner reference", controlledBefore()),
		Entry("by its owner reference of an older version, which has no name in the annotations", also(controlledBefore(), func(s *corev1.Secret) {
			delete(s.Annotations, v1alpha1.OwnerNameAnnotation)
		})),
		Entry("by its owner reference of another version of the API", controlledBefore(func(r *metav1.OwnerReference) { r.APIVersion = "oauth2.tokensync.dev/v1" })),
		Entry("by its owner reference, although its token expired", also(controlledBefore(), annotatedWith(v1alpha1.ExpiresAtAnnotation, "2020-01-01T00:00:00Z"))),
		Entry("by its owner reference, although its token is for another request", also(controlledBefore(), annotatedWith(v1alpha1.RequestHashAnnotation, "other"))),
		Entry("by its annotation", leftBy("shop")),
		Entry("by its annotation, with the adopter of a retained Secret", also(leftBy("shop"), annotatedWith(v1alpha1.AdoptableByAnnotation, "shop"))),
		Entry("by the adopter of a retained Secret of an older version", byOlderVersion("shop")),
		Entry("by its annotation, with an owner reference that is not a controller reference", also(controlledBefore(func(r *metav1.OwnerReference) { r.Controller = nil }))),
	)

	DescribeTable("is not inherited",
		func(change func(*corev1.Secret), whose string) {
			state := left(change)
			Expect(state).To(HaveValue(And(HaveField("Inherited", false), HaveField("Owned", false), HaveField("Owner", whose))))
			Expect(state.IsFree()).To(BeFalse())
			Expect(state.Owner).NotTo(Equal("ClientCredential shop"))
		},
		Entry("from a ClientCredential of another name, by the owner reference", controlledBefore(func(r *metav1.OwnerReference) { r.Name = "warehouse" }), "ClientCredential warehouse"),
		Entry("from a ClientCredential of another name, by the annotation", leftBy("warehouse"), "ClientCredential warehouse"),
		Entry("from a ClientCredential of another name, if its Secret was copied to the name of this target", also(leftBy("warehouse"), annotatedWith(v1alpha1.OwnerUIDAnnotation, "y")), "ClientCredential warehouse"),
		Entry("from a ClientCredential of another name, by the adopter that an older version recorded", byOlderVersion("warehouse"), "ClientCredential warehouse"),
		Entry("if it names another adopter", also(leftBy("shop"), annotatedWith(v1alpha1.AdoptableByAnnotation, "warehouse")),
			"an earlier ClientCredential of this name, and may be adopted by ClientCredential warehouse"),
		Entry("from another kind of this name", controlledBefore(func(r *metav1.OwnerReference) { r.Kind = "SealedSecret" }), "SealedSecret shop"),
		Entry("from another kind of this name, although the annotation names this ClientCredential", also(controlledBefore(func(r *metav1.OwnerReference) { r.Kind = "SealedSecret" }),
			annotatedWith(v1alpha1.OwnerNameAnnotation, "shop")), "SealedSecret shop"),
		Entry("from the same kind of another group", controlledBefore(func(r *metav1.OwnerReference) { r.APIVersion = "example.com/v1" }), "ClientCredential.example.com shop"),
		Entry("without a record", also(controlledBefore(), func(s *corev1.Secret) { s.Annotations = nil }),
			"an earlier ClientCredential of this name, and has no complete record of a token"),
		Entry("without a fingerprint", also(leftBy("shop"), annotatedWith(v1alpha1.FingerprintAnnotation, "")),
			"an earlier ClientCredential of this name, and has no complete record of a token"),
		Entry("without the hash of the request", also(leftBy("shop"), annotatedWith(v1alpha1.RequestHashAnnotation, "")),
			"an earlier ClientCredential of this name, and has no complete record of a token"),
		Entry("if it names no ClientCredential, and its token is for another request", byOlderVersion(""), "another ClientCredential, or to one that was deleted"),
		Entry("if no ClientCredential left it", func(s *corev1.Secret) { s.OwnerReferences, s.Annotations = nil, nil }, "no controller"),
	)

	It("is inherited for the same request if it names no owner, even by another ClientCredential with the same target", func() {
		secret := written(token, sameRequest)
		byOlderVersion("")(secret)
		state := tokensecret.StateOf(owner, secret)
		Expect(state.Inherited).To(BeTrue())
		Expect(state.IsFree()).To(BeTrue())
		secret.Annotations[v1alpha1.FingerprintAnnotation] = ""
		Expect(tokensecret.StateOf(owner, secret)).To(HaveValue(And(HaveField("Inherited", false), HaveField("Owned", false))))
	})

	It("is inherited, not adopted, because an adoption would request a new token", func() {
		adopting := withTarget(&v1alpha1.TokenTarget{Adopt: ptr.To(true)})
		secret := written(token, provenance)
		also(leftBy("shop"), annotatedWith(v1alpha1.AdoptableByAnnotation, "shop"))(secret)
		Expect(tokensecret.StateOf(adopting, secret)).To(HaveValue(And(HaveField("Inherited", true), HaveField("Adoptable", false))))
	})

	DescribeTable("is taken over by one patch, and counts as drifted until it is written:",
		func(with *v1alpha1.ClientCredential, change func(*corev1.Secret), references []metav1.OwnerReference) {
			secret := written(token, provenance)
			change(secret)
			secret.Data["ca.crt"], secret.Labels["team"] = []byte("pem"), "web"
			after := patched(secret, tokensecret.StateOf(with, secret).TakeOverPatch(with))
			Expect(after.OwnerReferences).To(ConsistOf(references))
			Expect(after.Annotations).To(And(HaveKeyWithValue(v1alpha1.OwnerUIDAnnotation, "owner-uid"), HaveKeyWithValue(v1alpha1.OwnerNameAnnotation, "shop")))
			Expect(after.Data).To(Equal(secret.Data))
			Expect(after.Labels).To(Equal(secret.Labels))
			Expect(tokensecret.RecordOf(after.Annotations)).To(Equal(tokensecret.RecordOf(secret.Annotations)))
			Expect(tokensecret.StateOf(with, after)).To(HaveValue(And(HaveField("Owned", true), HaveField("Inherited", false), HaveField("Drifted", true), HaveField("Tampered", true))))
			_, adoptable := after.Annotations[v1alpha1.AdoptableByAnnotation]
			Expect(adoptable).To(Equal(with.RetainsTarget()))
		},
		Entry("an earlier controller is replaced", withTarget(nil), controlledBefore(), []metav1.OwnerReference{tokensecret.ReferenceTo(owner)}),
		Entry("a missing owner reference is added", withTarget(nil), leftBy("shop"), []metav1.OwnerReference{tokensecret.ReferenceTo(owner)}),
		Entry("a missing owner reference is added, also if the target has a template", withTarget(&v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: texts{"a": "b"}}}),
			leftBy("shop"), []metav1.OwnerReference{tokensecret.ReferenceTo(owner)}),
		Entry("references to other owners are kept", withTarget(nil), also(controlledBefore(), func(s *corev1.Secret) {
			s.OwnerReferences = append(s.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "shop", UID: "z"})
		}), []metav1.OwnerReference{tokensecret.ReferenceTo(owner), {APIVersion: "v1", Kind: "ConfigMap", Name: "shop", UID: "z"}}),
		Entry("the owner reference is removed if the Secret must be retained", retained(withTarget(&v1alpha1.TokenTarget{})), controlledBefore(), nil),
		Entry("no owner reference is added if the Secret must still be retained", retained(withTarget(&v1alpha1.TokenTarget{})), also(leftBy("shop"), annotatedWith(v1alpha1.AdoptableByAnnotation, "shop")), nil),
		Entry("an owner reference is added if the Secret need no longer be retained", withTarget(nil), also(leftBy("shop"), annotatedWith(v1alpha1.AdoptableByAnnotation, "shop")),
			[]metav1.OwnerReference{tokensecret.ReferenceTo(owner)}),
	)

	It("has a record that shows its token as expired after a revocation", func() {
		secret := written(token, provenance)
		after := patched(secret, tokensecret.StateOf(owner, secret).RevokedPatch(issuedAt.Add(time.Minute)))
		Expect(tokensecret.RecordOf(after.Annotations)).To(HaveField("ExpiresAt", issuedAt.Add(time.Minute)))
		Expect(tokensecret.VerifiedToken(after, provenance)).To(BeNil())
	})

	It("is taken over only if it has not changed since it was observed", func() {
		secret := written(token, provenance)
		leftBy("shop")(secret)
		Expect(string(tokensecret.StateOf(owner, secret).TakeOverPatch(owner))).To(And(
			ContainSubstring(`"uid":"secret-uid"`), ContainSubstring(`"resourceVersion":"42"`)))
	})
})

// patched returns the Secret after a strategic merge patch, as the API server applies it.
func patched(secret *corev1.Secret, patch []byte) *corev1.Secret {
	GinkgoHelper()
	raw, err := json.Marshal(secret)
	Expect(err).NotTo(HaveOccurred())
	raw, err = strategicpatch.StrategicMergePatch(raw, patch, secret)
	Expect(err).NotTo(HaveOccurred())
	result := &corev1.Secret{}
	Expect(json.Unmarshal(raw, result)).To(Succeed())
	return result
}

var _ = Describe("a token Secret of a version that did not record the owner's name", func() {
	It("has not drifted, because an upgrade must not rewrite it", func() {
		secret := written(token, provenance)
		delete(secret.Annotations, v1alpha1.OwnerNameAnnotation)
		secret.ManagedFields = []metav1.ManagedFieldsEntry{wrote(tokensecret.FieldManager, updated, fieldsOf(secret))}
		Expect(tokensecret.StateOf(owner, secret)).To(HaveValue(And(HaveField("Owned", true), HaveField("Drifted", false))))
	})

	It("gets the name with the next write", func() {
		Expect(written(token, provenance).Annotations).To(HaveKeyWithValue("oauth2.tokensync.dev/owner-name", "shop"))
	})

	It("has drifted if it has a different name", func() {
		secret := written(token, provenance)
		secret.Annotations[v1alpha1.OwnerNameAnnotation] = "warehouse"
		Expect(tokensecret.StateOf(owner, secret)).To(HaveValue(And(HaveField("Owned", true), HaveField("Drifted", true), HaveField("Tampered", false))))
	})
})
