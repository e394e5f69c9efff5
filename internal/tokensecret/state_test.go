package tokensecret_test

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

const (
	updated = metav1.ManagedFieldsOperationUpdate
	applied = metav1.ManagedFieldsOperationApply
)

var _ = Describe("the state of a target Secret", func() {
	It("is read from its metadata", func() {
		secret := written(token, provenance)
		Expect(tokensecret.StateOf(owner, secret)).To(HaveValue(And(
			HaveField("ResourceVersion", "42"), HaveField("UID", "secret-uid"),
			HaveField("Owner", "ClientCredential shop"), HaveField("Owned", true),
			HaveField("Record", tokensecret.RecordOf(secret.Annotations)), HaveField("Record", Not(BeNil())),
			HaveField("Drifted", false), HaveField("Tampered", false))))
	})

	DescribeTable("names the owner",
		func(change func(*corev1.Secret), owned bool, display string) {
			secret := written(token, provenance)
			change(secret)
			state := tokensecret.StateOf(owner, secret)
			Expect(state.Owned).To(Equal(owned))
			Expect(state.Owner).To(Equal(display))
			Expect(state.Adoptable).To(BeFalse())
		},
		Entry("as the ClientCredential itself", func(*corev1.Secret) {}, true, "ClientCredential shop"),
		Entry("as the ClientCredential itself, although the owner reference was removed", func(s *corev1.Secret) { s.OwnerReferences = nil }, true, "ClientCredential shop"),
		Entry("as missing", func(s *corev1.Secret) { s.OwnerReferences, s.Annotations = nil, nil }, false, "no controller"),
		Entry("as an earlier ClientCredential that left it", func(s *corev1.Secret) {
			s.OwnerReferences, s.Annotations[v1alpha1.OwnerUIDAnnotation] = nil, "x"
		}, false, "an earlier ClientCredential of this name"),
		Entry("as a ClientCredential whose name is not known", func(s *corev1.Secret) {
			s.OwnerReferences, s.Annotations[v1alpha1.OwnerUIDAnnotation] = nil, "x"
			delete(s.Annotations, v1alpha1.OwnerNameAnnotation)
		}, false, "another ClientCredential, or to one that was deleted"),
		Entry("as another ClientCredential that left it", leftBy("warehouse"), false, "ClientCredential warehouse"),
		Entry("as another object, although the ClientCredential was the owner before", func(s *corev1.Secret) {
			s.OwnerReferences[0].Kind, s.OwnerReferences[0].UID = "SealedSecret", "x"
			Expect(s.Annotations).To(HaveKeyWithValue(v1alpha1.OwnerUIDAnnotation, "owner-uid"))
		}, false, "SealedSecret shop"),
		Entry("as another object", func(s *corev1.Secret) { s.OwnerReferences[0].Kind, s.OwnerReferences[0].UID = "SealedSecret", "x" }, false, "SealedSecret shop"),
		Entry("as an earlier ClientCredential of the same name", func(s *corev1.Secret) { s.OwnerReferences[0].UID = "x" }, false, "an earlier ClientCredential of this name"),
		Entry("as a kind of the same name in another group", func(s *corev1.Secret) {
			s.OwnerReferences[0].UID, s.OwnerReferences[0].APIVersion = "x", "example.com/v1"
		}, false, "ClientCredential.example.com shop"),
		Entry("as the ClientCredential itself, although it is no longer the controller", func(s *corev1.Secret) { s.OwnerReferences[0].Controller = nil }, true, "ClientCredential shop"),
	)

	It("of another owner is never drift", func() {
		secret := written(token, provenance)
		secret.OwnerReferences[0].UID, secret.ManagedFields = "x", nil
		Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeFalse())
	})

	DescribeTable("is drift when the owner reference", func(policy v1alpha1.DeletionPolicy, change func(*corev1.Secret)) {
		with := withTarget(&v1alpha1.TokenTarget{DeletionPolicy: policy})
		secret := writtenFor(with, token, provenance)
		Expect(tokensecret.StateOf(with, secret).Drifted).To(BeFalse())
		change(secret)
		state := tokensecret.StateOf(with, secret)
		Expect(state.Owned).To(BeTrue())
		Expect(state.Drifted).To(BeTrue())
		Expect(state.Tampered).To(BeFalse())
	},
		Entry("was removed", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { s.OwnerReferences = nil }),
		Entry("is no longer a controller reference", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { s.OwnerReferences[0].Controller = nil }),
		Entry("no longer blocks the owner's deletion", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { s.OwnerReferences[0].BlockOwnerDeletion = nil }),
		Entry("has the wrong name", v1alpha1.DeletionPolicyDelete, func(s *corev1.Secret) { s.OwnerReferences[0].Name = "other" }),
		Entry("exists, but not as a controller reference, although the Secret must be retained", v1alpha1.DeletionPolicyRetain, func(s *corev1.Secret) {
			s.OwnerReferences = written(token, provenance).OwnerReferences
			s.OwnerReferences[0].Controller = nil
		}),
		Entry("exists although the Secret must be retained", v1alpha1.DeletionPolicyRetain, func(s *corev1.Secret) {
			s.OwnerReferences = written(token, provenance).OwnerReferences
		}),
	)

	DescribeTable("shows whether the Secret may be adopted, and what is missing:",
		func(adopt bool, change func(*corev1.Secret), adoptable bool, remedy string) {
			with := withTarget(&v1alpha1.TokenTarget{Adopt: &adopt})
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "shop-token", Annotations: map[string]string{}}}
			change(secret)
			state := tokensecret.StateOf(with, secret)
			Expect(state.Owned).To(BeFalse())
			Expect(state.Adoptable).To(Equal(adoptable))
			Expect(state.Remedy).To(ContainSubstring(remedy))
		},
		Entry("it may if both agree", true, agrees, true, ""),
		Entry("it may not if the Secret does not agree", true, func(*corev1.Secret) {}, false,
			"let it be adopted (kubectl annotate secret shop-token oauth2.tokensync.dev/adoptable-by=shop)"),
		Entry("it may not if the spec does not agree", false, agrees, false, "let it be adopted (set spec.target.adopt to true)"),
		Entry("it may not if neither agrees", false, func(*corev1.Secret) {}, false,
			"let it be adopted (set spec.target.adopt to true, and kubectl annotate secret shop-token oauth2.tokensync.dev/adoptable-by=shop)"),
		Entry("it may not if the Secret names another ClientCredential", true, func(s *corev1.Secret) {
			s.Annotations[v1alpha1.AdoptableByAnnotation] = "warehouse"
		}, false, "kubectl annotate"),
		Entry("it may not if it has another controller", true, func(s *corev1.Secret) {
			agrees(s)
			s.OwnerReferences = written(token, provenance).OwnerReferences
			s.OwnerReferences[0].Name, s.OwnerReferences[0].UID = "warehouse", "x"
		}, false, "delete that Secret"),
	)

	DescribeTable("is not drift",
		func(change func(*corev1.Secret)) {
			secret := written(token, provenance)
			change(secret)
			Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeFalse())
		},
		Entry("after the operator created it", func(*corev1.Secret) {}),
		Entry("after the operator applied it", func(s *corev1.Secret) { s.ManagedFields[0].Operation = applied }),
		Entry("when the operator created one part and applied the other part", func(s *corev1.Secret) {
			s.ManagedFields = []metav1.ManagedFieldsEntry{
				wrote(tokensecret.FieldManager, updated, without(fieldsOf(s), "access_token")),
				wrote(tokensecret.FieldManager, applied, [][]string{{"data", "access_token"}}),
			}
		}),
		Entry("when an entry of the operator names no fields", func(s *corev1.Secret) {
			s.ManagedFields = append(s.ManagedFields, metav1.ManagedFieldsEntry{Manager: tokensecret.FieldManager, Operation: applied})
		}),
		Entry("when another writer adds a label, an annotation and a key", func(s *corev1.Secret) {
			s.Labels["team"], s.Annotations["team"], s.Data["ca.crt"] = "web", "web", nil
			s.ManagedFields = append(s.ManagedFields, wrote("kubectl", updated,
				[][]string{{"metadata", "labels", "team"}, {"metadata", "annotations", "team"}, {"data", "ca.crt"}}))
		}),
		Entry("when another writer applies the same value, and shares the field", func(s *corev1.Secret) {
			s.ManagedFields = append(s.ManagedFields, wrote("argocd", applied, fieldsOf(s)))
		}),
	)

	It("is not drift if the record lacks optional values", func() {
		bare := token
		bare.Scope = ""
		Expect(tokensecret.StateOf(owner, written(bare, tokensecret.Provenance{RequestHash: "hash"})).Drifted).To(BeFalse())
	})

	DescribeTable("is drift when another writer changed or removed",
		func(key string) {
			secret := written(token, provenance)
			fields := fieldsOf(secret)
			Expect(without(fields, key)).To(HaveLen(len(fields) - 1))
			others := slices.DeleteFunc(fields, func(path []string) bool { return path[len(path)-1] != key })
			secret.ManagedFields = []metav1.ManagedFieldsEntry{
				wrote(tokensecret.FieldManager, updated, without(fieldsOf(secret), key)), wrote("kubectl", updated, others),
			}
			Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeTrue())
		},
		Entry("the token", "access_token"),
		Entry("the token type", "token_type"),
		Entry("the expiry", "expires_at"),
		Entry("the label", v1alpha1.ManagedByLabel),
		Entry("the recorded issue time", v1alpha1.IssuedAtAnnotation),
		Entry("the recorded expiry", v1alpha1.ExpiresAtAnnotation),
		Entry("the recorded scope", v1alpha1.ScopeAnnotation),
		Entry("the recorded request", v1alpha1.RequestHashAnnotation),
		Entry("the recorded version of the credentials", v1alpha1.CredentialsVersionAnnotation),
		Entry("the recorded renew request", v1alpha1.RenewRequestAnnotation),
		Entry("the recorded names of further fields", v1alpha1.ResponseFieldsAnnotation),
		Entry("the fingerprint", v1alpha1.FingerprintAnnotation),
		Entry("the UID of the owner", v1alpha1.OwnerUIDAnnotation),
		Entry("the name of the owner", v1alpha1.OwnerNameAnnotation),
		Entry("the hash of the template", v1alpha1.TemplateHashAnnotation),
	)

	DescribeTable("is drift when the last writer is unknown",
		func(entries func(*corev1.Secret) []metav1.ManagedFieldsEntry) {
			secret := written(token, provenance)
			secret.ManagedFields = entries(secret)
			Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeTrue())
		},
		Entry("because the managed fields were cleared", func(*corev1.Secret) []metav1.ManagedFieldsEntry { return nil }),
		Entry("because they are empty", func(*corev1.Secret) []metav1.ManagedFieldsEntry {
			return []metav1.ManagedFieldsEntry{{Manager: tokensecret.FieldManager, Operation: applied}}
		}),
		Entry("because they cannot be read", func(*corev1.Secret) []metav1.ManagedFieldsEntry {
			return []metav1.ManagedFieldsEntry{{Manager: tokensecret.FieldManager, Operation: applied, FieldsV1: metav1.NewFieldsV1("?")}}
		}),
		Entry("because one part of them cannot be read", func(s *corev1.Secret) []metav1.ManagedFieldsEntry {
			return append(s.ManagedFields, metav1.ManagedFieldsEntry{
				Manager: tokensecret.FieldManager, Operation: applied, FieldsV1: metav1.NewFieldsV1("?"),
			})
		}),
		Entry("because the Secret was restored as a whole", func(s *corev1.Secret) []metav1.ManagedFieldsEntry {
			return []metav1.ManagedFieldsEntry{wrote("velero-server", updated, fieldsOf(s))}
		}),
	)
})

// agrees permits the ClientCredential shop to adopt a Secret.
func agrees(secret *corev1.Secret) { secret.Annotations[v1alpha1.AdoptableByAnnotation] = "shop" }

var _ = Describe("the cached metadata of a Secret", func() {
	stripped := func(change func(*corev1.Secret)) (*corev1.Secret, *metav1.PartialObjectMetadata) {
		GinkgoHelper()
		secret := written(token, provenance)
		change(secret)
		metadata := &metav1.PartialObjectMetadata{ObjectMeta: *secret.ObjectMeta.DeepCopy()}
		tokensecret.Strip(metadata)
		return secret, metadata
	}

	addForeign := func(s *corev1.Secret) {
		s.Labels["team"], s.Annotations["team"] = "web", "web"
		s.Labels[v1alpha1.UsageLabel] = v1alpha1.UsageClientCredential
		s.Annotations["kubectl.kubernetes.io/last-applied-configuration"] = "{...}"
		s.OwnerReferences = append(s.OwnerReferences, metav1.OwnerReference{Kind: "Other", UID: "x"})
		s.ManagedFields = append(s.ManagedFields, wrote("kubectl", updated, fieldsOf(s)))
	}

	DescribeTable("has the same state as the full metadata",
		func(change func(*corev1.Secret)) {
			secret, metadata := stripped(change)
			Expect(tokensecret.StateOf(owner, metadata)).To(Equal(tokensecret.StateOf(owner, secret)))
			Expect(metadata.Name).To(Equal("shop-token"))
			Expect(metadata.Labels[v1alpha1.UsageLabel]).To(Equal(secret.Labels[v1alpha1.UsageLabel]))
		},
		Entry("of a token Secret", func(*corev1.Secret) {}),
		Entry("of a token Secret that another writer added to", addForeign),
		Entry("of a token Secret that another writer changed", func(s *corev1.Secret) { s.ManagedFields[0].Manager = "kubectl" }),
		Entry("of a token Secret whose further fields another writer changed", func(s *corev1.Secret) {
			s.Annotations[v1alpha1.ResponseFieldsAnnotation] = "id_token"
		}),
		Entry("of a token Secret with a label that is no longer wanted", func(s *corev1.Secret) {
			s.Labels["team"] = "web"
			s.ManagedFields = append(s.ManagedFields, wrote(tokensecret.FieldManager, applied, [][]string{{"metadata", "labels", "team"}}))
		}),
		Entry("of a token Secret that lost its fingerprint, and has no controller", func(s *corev1.Secret) {
			s.OwnerReferences = nil
			delete(s.Annotations, v1alpha1.FingerprintAnnotation)
		}),
		Entry("of a token Secret that an earlier ClientCredential left", leftBy("shop")),
		Entry("of a token Secret of another owner", func(s *corev1.Secret) { s.OwnerReferences[0].UID = "x" }),
		Entry("of a Secret that may be adopted", func(s *corev1.Secret) {
			s.OwnerReferences, s.Annotations, s.Labels, s.ManagedFields = nil, map[string]string{"other": "x"}, nil, nil
			agrees(s)
		}),
		Entry("of a Secret without a controller and a record", func(s *corev1.Secret) {
			s.OwnerReferences, s.Annotations, s.Labels, s.ManagedFields = nil, nil, nil, nil
		}),
	)

	It("holds only what the operator reads", func() {
		_, metadata := stripped(addForeign)
		Expect(metadata.Annotations).NotTo(HaveKey(corev1.LastAppliedConfigAnnotation))
	})

	It("has all labels and annotations of a token Secret, because its template may set any of them", func() {
		secret, metadata := stripped(addForeign)
		Expect(metadata.Labels).To(Equal(secret.Labels))
		delete(secret.Annotations, corev1.LastAppliedConfigAnnotation)
		Expect(metadata.Annotations).To(Equal(secret.Annotations))
	})

	It("is almost empty for a foreign Secret", func() {
		_, metadata := stripped(func(s *corev1.Secret) {
			addForeign(s)
			delete(s.Annotations, v1alpha1.FingerprintAnnotation)
			delete(s.Annotations, v1alpha1.OwnerUIDAnnotation)
			s.OwnerReferences = s.OwnerReferences[1:]
		})
		Expect(metadata.OwnerReferences).To(BeNil())
		Expect(metadata.Labels).To(Equal(map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}))
		Expect(metadata.Annotations).To(BeNil())
		Expect(metadata.ManagedFields).To(BeNil())
	})
})
