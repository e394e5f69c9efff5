package tokensecret_test

import (
	"encoding/json"
	"maps"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// texts holds labels or annotations.
type texts = map[string]string

// mine returns the label that every token Secret has, and the given labels.
func mine(others ...string) texts {
	labels := texts{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy}
	for i := 0; i < len(others); i += 2 {
		labels[others[i]] = others[i+1]
	}
	return labels
}

// besidesTheRecord returns the annotations of a Secret that do not belong to its record.
func besidesTheRecord(secret *corev1.Secret) texts {
	others := maps.Clone(secret.Annotations)
	maps.DeleteFunc(others, func(key, _ string) bool {
		_, own := written(token, provenance).Annotations[key]
		return own
	})
	return others
}

// retained returns the owner with a Secret that outlives it.
func retained(owner *v1alpha1.ClientCredential) *v1alpha1.ClientCredential {
	with := owner.DeepCopy()
	with.Spec.Target.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	return with
}

func withTarget(target *v1alpha1.TokenTarget) *v1alpha1.ClientCredential {
	with := owner.DeepCopy()
	with.Spec.Target = target
	return with
}

var _ = Describe("the labels and annotations of a token Secret", func() {
	DescribeTable("are",
		func(wanting *v1alpha1.ClientCredential, labels, annotations texts) {
			unchanged := wanting.DeepCopy()
			secret := writtenFor(wanting, token, provenance)
			Expect(secret.Labels).To(Equal(labels))
			Expect(besidesTheRecord(secret)).To(Equal(annotations))
			Expect(tokensecret.RecordOf(secret.Annotations)).To(Equal(tokensecret.RecordOf(written(token, provenance).Annotations)))
			Expect(tokensecret.StateOf(wanting, secret).Drifted).To(BeFalse())
			Expect(wanting).To(Equal(unchanged))
		},
		Entry("only the operator's own if the spec has no target", withTarget(nil), mine(), texts{}),
		Entry("only the operator's own if the target has no template", withTarget(&v1alpha1.TokenTarget{Name: "shop-token"}), mine(), texts{}),
		Entry("only the operator's own if the template is empty", withTarget(&v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{}}), mine(), texts{}),
		Entry("only the operator's own if the template has no labels or annotations", wanting(nil, nil), mine(), texts{}),
		Entry("only the operator's own if the template's labels and annotations are empty", wanting(texts{}, texts{}), mine(), texts{}),
		Entry("the operator's own and the labels of the template", wanting(texts{"team": "web"}, nil), mine("team", "web"), texts{}),
		Entry("the operator's own and the annotations of the template", wanting(nil, texts{"note": "a"}), mine(), texts{"note": "a"}),
		Entry("the operator's own and a label with an empty value", wanting(texts{"canary": ""}, nil), mine("canary", ""), texts{}),
		Entry("the operator's own and those of the template, whose names may have dots and slashes", wanting(texts{"example.com/team.web": "a"}, texts{"example.com/a.b": "c"}),
			mine("example.com/team.web", "a"), texts{"example.com/a.b": "c"}),
		Entry("the operator's own and a label and an annotation with the same name, each with its value", wanting(texts{"data": "a"}, texts{"data": "b"}), mine("data", "a"), texts{"data": "b"}),
		Entry("the operator's own and the label that allows the token to be used as credentials", wanting(texts{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}, nil),
			mine(v1alpha1.UsageLabel, v1alpha1.UsageClientCredential), texts{}),
	)

	// The CRD rejects such a template.
	DescribeTable("are never overridden by a template that sets",
		func(wanting *v1alpha1.ClientCredential) {
			secret := writtenFor(wanting, token, provenance)
			Expect(secret.Labels).To(Equal(mine()))
			Expect(secret.Annotations).To(Equal(written(token, provenance).Annotations))
		},
		Entry("the operator's label", wanting(texts{v1alpha1.ManagedByLabel: "helm"}, nil)),
		Entry("the fingerprint", wanting(nil, texts{v1alpha1.FingerprintAnnotation: "forged"})),
		Entry("the expiry", wanting(nil, texts{v1alpha1.ExpiresAtAnnotation: "2099-01-01T00:00:00Z"})),
	)
})

// wanted is the owner with the template that its Secret was written from.
var wanted = wanting(texts{"team": "web", "tier": "front"}, texts{"note": "a", "link": "b"})

// edited changes the managed fields as if another writer changed the given keys.
func edited(secret *corev1.Secret, keys ...string) {
	GinkgoHelper()
	ours := fieldsOf(secret)
	var theirs [][]string
	for _, path := range ours {
		for _, key := range keys {
			if path[len(path)-1] == key {
				theirs = append(theirs, path)
			}
		}
	}
	for _, key := range keys {
		ours = without(ours, key)
	}
	secret.ManagedFields = []metav1.ManagedFieldsEntry{
		wrote(tokensecret.FieldManager, updated, ours), wrote("kubectl", updated, theirs),
	}
}

// removed removes a label or annotation, and changes the managed fields accordingly.
func removed(key string) func(*corev1.Secret) {
	return func(secret *corev1.Secret) {
		delete(secret.Labels, key)
		delete(secret.Annotations, key)
		secret.ManagedFields = []metav1.ManagedFieldsEntry{wrote(tokensecret.FieldManager, updated, fieldsOf(secret))}
	}
}

func unchanged(*corev1.Secret) {}

var _ = Describe("a token Secret with a template", func() {
	DescribeTable("has not drifted",
		func(change func(*corev1.Secret), now *v1alpha1.ClientCredential) {
			secret := writtenFor(wanted, token, provenance)
			change(secret)
			Expect(tokensecret.StateOf(now, secret)).To(HaveValue(And(HaveField("Drifted", false), HaveField("Tampered", false))))
		},
		Entry("after it was written", unchanged, wanted),
		Entry("when the spec sets the name that the target already has", unchanged, func() *v1alpha1.ClientCredential {
			named := wanted.DeepCopy()
			named.Spec.Target.Name = "shop-token"
			return named
		}()),
		Entry("when another writer adds a label and an annotation", func(s *corev1.Secret) {
			s.Labels["owner"], s.Annotations["checksum"] = "bob", "1"
			s.ManagedFields = append(s.ManagedFields, wrote("kubectl", updated, [][]string{{"metadata", "labels", "owner"}, {"metadata", "annotations", "checksum"}}))
		}, wanted),
		Entry("when a label was added without a manager, as by an admission webhook", func(s *corev1.Secret) { s.Labels["injected"] = "yes" }, wanted),
		Entry("when another writer applies the same label, and shares it", func(s *corev1.Secret) {
			s.ManagedFields = append(s.ManagedFields, wrote("argocd", applied, [][]string{{"metadata", "labels", "team"}}))
		}, wanted),
		Entry("when the managed fields have entries other than keys", func(s *corev1.Secret) {
			s.ManagedFields = append(s.ManagedFields, metav1.ManagedFieldsEntry{Manager: tokensecret.FieldManager, Operation: applied, FieldsV1: metav1.NewFieldsV1(
				`{".":{},"f:type":{},"f:data":{".":{}},"f:metadata":{".":{},"f:labels":{".":{}},"f:annotations":{".":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"owner-uid\"}":{".":{},"f:name":{}}}}}`)})
		}, wanted),
	)

	It("has drifted when a label without a value was removed, and no manager is recorded", func() {
		marked := wanting(texts{"canary": ""}, nil)
		secret := writtenFor(marked, token, provenance)
		delete(secret.Labels, "canary")
		Expect(tokensecret.StateOf(marked, secret).Drifted).To(BeTrue())
	})

	DescribeTable("has drifted, while its token is unchanged,",
		func(change func(*corev1.Secret), now *v1alpha1.ClientCredential) {
			secret := writtenFor(wanted, token, provenance)
			change(secret)
			Expect(tokensecret.StateOf(now, secret)).To(HaveValue(And(HaveField("Drifted", true), HaveField("Tampered", false))))
		},
		Entry("when another writer removes a label", removed("team"), wanted),
		Entry("when another writer removes an annotation", removed("note"), wanted),
		Entry("when another writer removes the operator's label", removed(v1alpha1.ManagedByLabel), wanted),
		Entry("when another writer changes a label", func(s *corev1.Secret) {
			s.Labels["team"] = "db"
			edited(s, "team")
		}, wanted),
		Entry("when another writer changes an annotation", func(s *corev1.Secret) {
			s.Annotations["note"] = ""
			edited(s, "note")
		}, wanted),
		Entry("when a label was changed, and no manager is recorded", func(s *corev1.Secret) { s.Labels["team"] = "db" }, wanted),
		Entry("when an annotation was removed, and no manager is recorded", func(s *corev1.Secret) { delete(s.Annotations, "note") }, wanted),
		Entry("when a label was emptied, and no manager is recorded", func(s *corev1.Secret) { s.Labels["team"] = "" }, wanted),
		Entry("when another writer owns a label, and may change it at any time", func(s *corev1.Secret) { edited(s, "team") }, wanted),
		Entry("when the template wants another value", unchanged, wanting(texts{"team": "db", "tier": "front"}, texts{"note": "a", "link": "b"})),
		Entry("when the template wants an additional label", unchanged, wanting(texts{"team": "web", "tier": "front", "new": ""}, texts{"note": "a", "link": "b"})),
		Entry("when the template wants an additional annotation", unchanged, wanting(texts{"team": "web", "tier": "front"}, texts{"note": "a", "link": "b", "new": ""})),
		Entry("when the template no longer wants a label", unchanged, wanting(texts{"team": "web"}, texts{"note": "a", "link": "b"})),
		Entry("when the template no longer wants an annotation", unchanged, wanting(texts{"team": "web", "tier": "front"}, texts{"note": "a"})),
		Entry("when the template wants a label in place of an annotation", unchanged, wanting(texts{"team": "web", "tier": "front", "note": "a"}, texts{"link": "b"})),
		Entry("when the template is removed", unchanged, owner),
		Entry("when the template wants a label that another writer already set to the same value", func(s *corev1.Secret) {
			s.Labels["new"] = "x"
			s.ManagedFields = append(s.ManagedFields, wrote("kubectl", updated, [][]string{{"metadata", "labels", "new"}}))
		}, wanting(texts{"team": "web", "tier": "front", "new": "x"}, texts{"note": "a", "link": "b"})),
	)
})

// merged returns a document after a JSON merge patch (RFC 7386 section 2).
func merged(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result, ok := target.(map[string]any)
	if !ok {
		result = map[string]any{}
	}
	for name, value := range members {
		if value == nil {
			delete(result, name)
		} else {
			result[name] = merged(result[name], value)
		}
	}
	return result
}

// pruned returns a Secret after the patch.
func pruned(secret *corev1.Secret, patch []byte) *corev1.Secret {
	GinkgoHelper()
	raw, err := json.Marshal(secret)
	Expect(err).NotTo(HaveOccurred())
	var document, change any
	Expect(json.Unmarshal(raw, &document)).To(Succeed())
	Expect(json.Unmarshal(patch, &change)).To(Succeed())
	raw, err = json.Marshal(merged(document, change))
	Expect(err).NotTo(HaveOccurred())
	result := &corev1.Secret{}
	Expect(json.Unmarshal(raw, result)).To(Succeed())
	return result
}

var _ = Describe("pruning after a write", func() {
	// patchOf returns the patch for the state of a Secret before the write of a token.
	patchOf := func(now *v1alpha1.ClientCredential, before *corev1.Secret, next oauth2.Token) string {
		GinkgoHelper()
		return string(tokensecret.PrunePatch(now, tokensecret.StateOf(now, before), tokensecret.NewRecord(next, provenance), "43"))
	}
	patch := func(data, labels, annotations string) string {
		return `{"data":` + data + `,"metadata":{"annotations":` + annotations + `,"labels":` + labels + `,"resourceVersion":"43","uid":"secret-uid"}}`
	}

	DescribeTable("removes",
		func(now *v1alpha1.ClientCredential, next oauth2.Token, expected string) {
			secret := writtenFor(wanted, withFields("id_token", "i", "instance_url", "u"), provenance)
			Expect(patchOf(now, secret, next)).To(Equal(expected))
			// The same for fields that were written by an apply.
			secret.ManagedFields[0].Operation = applied
			Expect(patchOf(now, secret, next)).To(Equal(expected))
		},
		Entry("nothing if everything is still wanted", wanted, withFields("id_token", "i2", "instance_url", "u2"), ""),
		Entry("nothing if more is wanted", wanting(texts{"team": "web", "tier": "back", "a": "b"}, texts{"note": "z", "link": "b", "c": "d"}),
			withFields("id_token", "i", "instance_url", "u", "region", "eu"), ""),
		Entry("a label that is no longer wanted", wanting(texts{"team": "web"}, texts{"note": "a", "link": "b"}), withFields("id_token", "i", "instance_url", "u"),
			patch(`{}`, `{"tier":null}`, `{}`)),
		Entry("an annotation that is no longer wanted", wanting(texts{"team": "web", "tier": "front"}, texts{"link": "b"}), withFields("id_token", "i", "instance_url", "u"),
			patch(`{}`, `{}`, `{"note":null}`)),
		Entry("all metadata of a removed template", owner, withFields("id_token", "i", "instance_url", "u"),
			patch(`{}`, `{"team":null,"tier":null}`, `{"link":null,"note":null}`)),
		Entry("a label that is now an annotation", wanting(texts{"team": "web"}, texts{"note": "a", "link": "b", "tier": "front"}), withFields("id_token", "i", "instance_url", "u"),
			patch(`{}`, `{"tier":null}`, `{}`)),
		Entry("a field that is no longer declared", wanted, withFields("instance_url", "u"), patch(`{"id_token":null}`, `{}`, `{}`)),
		Entry("a field that is missing in this response", wanted, withFields("id_token", "i"), patch(`{"instance_url":null}`, `{}`, `{}`)),
		Entry("all fields if none is declared anymore", wanted, token, patch(`{"id_token":null,"instance_url":null}`, `{}`, `{}`)),
		Entry("a field that was renamed", wanted, withFields("jwt", "i", "instance_url", "u"), patch(`{"id_token":null}`, `{}`, `{}`)),
		Entry("the owner reference of a Secret that must be retained", retained(wanted), withFields("id_token", "i", "instance_url", "u"),
			`{"data":{},"metadata":{"annotations":{},"labels":{},"ownerReferences":[{"$patch":"delete","uid":"owner-uid"}],"resourceVersion":"43","uid":"secret-uid"}}`),
		Entry("stale fields, labels and annotations together", owner, token, patch(`{"id_token":null,"instance_url":null}`, `{"team":null,"tier":null}`, `{"link":null,"note":null}`)),
	)

	It("leaves fields that another manager also wrote, and they are not drift", func() {
		secret := writtenFor(wanted, token, provenance)
		secret.ManagedFields = append(secret.ManagedFields, wrote("argocd-controller", applied,
			[][]string{{"metadata", "labels", "team"}, {"metadata", "labels", "tier"}, {"metadata", "annotations", "note"}, {"metadata", "annotations", "link"}}))
		Expect(patchOf(owner, secret, token)).To(BeEmpty())
		Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeFalse())
	})

	DescribeTable("removes nothing",
		func(change func(*corev1.Secret)) {
			secret := writtenFor(wanted, withFields("id_token", "i"), provenance)
			change(secret)
			Expect(patchOf(owner, secret, token)).To(BeEmpty())
		},
		Entry("from a Secret of another owner", func(s *corev1.Secret) { s.OwnerReferences[0].UID = "x" }),
		Entry("from a Secret without a controller", func(s *corev1.Secret) {
			s.OwnerReferences = nil
			delete(s.Annotations, v1alpha1.OwnerUIDAnnotation)
		}),
		Entry("from a Secret without managed fields", func(s *corev1.Secret) { s.ManagedFields = nil }),
		Entry("from a Secret whose managed fields cannot be read", func(s *corev1.Secret) { s.ManagedFields[0].FieldsV1 = metav1.NewFieldsV1("?") }),
		Entry("from a Secret that was restored as a whole", func(s *corev1.Secret) { s.ManagedFields[0].Manager = "velero-server" }),
		Entry("from fields that another writer overwrote", func(s *corev1.Secret) { edited(s, "team", "tier", "note", "link", "id_token") }),
	)

	It("removes nothing from a Secret that did not exist", func() {
		Expect(tokensecret.PrunePatch(owner, nil, tokensecret.NewRecord(token, provenance), "43")).To(BeNil())
	})

	It("does not change the previous state, even if it has no record", func() {
		secret := writtenFor(wanted, withFields("id_token", "i"), provenance)
		delete(secret.Annotations, v1alpha1.IssuedAtAnnotation)
		before := tokensecret.StateOf(owner, secret)
		Expect(tokensecret.PrunePatch(owner, before, tokensecret.NewRecord(token, provenance), "43")).NotTo(BeNil())
		Expect(before.Record).To(BeNil())
	})

	It("does not touch foreign fields, the token or its record", func() {
		secret := writtenFor(wanted, withFields("id_token", "i"), provenance)
		secret.Labels["owner"], secret.Annotations["checksum"], secret.Data["ca.crt"] = "bob", "1", []byte("pem")
		// The operator wrote fields with these names, but under other parents.
		secret.Labels["note"], secret.Annotations["team"], secret.Data["tier"] = "x", "x", []byte("x")
		secret.ManagedFields = append(secret.ManagedFields, wrote("kubectl", updated, [][]string{
			{"metadata", "labels", "owner"}, {"metadata", "annotations", "checksum"}, {"data", "ca.crt"},
			{"metadata", "labels", "note"}, {"metadata", "annotations", "team"}, {"data", "tier"},
		}))
		before := tokensecret.StateOf(owner, secret)
		after := pruned(secret, tokensecret.PrunePatch(owner, before, tokensecret.NewRecord(token, provenance), "43"))

		Expect(after.Labels).To(Equal(mine("owner", "bob", "note", "x")))
		Expect(besidesTheRecord(after)).To(Equal(texts{"checksum": "1", "team": "x"}))
		Expect(after.Annotations).To(HaveLen(13))
		Expect(after.Data).To(And(HaveLen(5), HaveKey("access_token"), HaveKey("token_type"), HaveKey("expires_at"), HaveKey("ca.crt"), HaveKey("tier")))
		Expect(after.OwnerReferences).To(Equal(secret.OwnerReferences))
		Expect(after.Type).To(Equal(secret.Type))
	})

	It("is only applied to the observed Secret", func() {
		secret := writtenFor(wanted, token, provenance)
		secret.UID = "another-uid"
		Expect(patchOf(owner, secret, token)).To(ContainSubstring(`"uid":"another-uid"`))
	})

	It("leaves no drift in the Secret", func() {
		now := wanting(texts{"team": "db"}, nil)
		secret := writtenFor(wanted, withFields("id_token", "i"), provenance)
		before := tokensecret.StateOf(now, secret)
		Expect(before.Drifted).To(BeTrue())
		record := tokensecret.NewRecord(token, provenance)
		// The fields that the apply writes, and the fields that the earlier create left.
		over := writtenFor(now, token, provenance)
		maps.Copy(secret.Labels, over.Labels)
		maps.Copy(secret.Annotations, over.Annotations)
		maps.Copy(secret.Data, over.Data)
		secret.ManagedFields = append(secret.ManagedFields, wrote(tokensecret.FieldManager, applied, fieldsOf(over)))
		Expect(tokensecret.StateOf(now, secret).Drifted).To(BeTrue())

		after := pruned(secret, tokensecret.PrunePatch(now, before, record, "43"))
		after.ManagedFields = []metav1.ManagedFieldsEntry{
			wrote(tokensecret.FieldManager, updated, fieldsOf(after)), wrote(tokensecret.FieldManager, applied, fieldsOf(over)),
		}
		Expect(tokensecret.StateOf(now, after).Drifted).To(BeFalse())
		Expect(tokensecret.PrunePatch(now, tokensecret.StateOf(now, after), record, "43")).To(BeNil())
	})
})
