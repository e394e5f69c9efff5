package tokensecret_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// rich is the token with further fields of its response.
var rich = withFields("instance_url", "https://eu.example.com", "id_token", "the-id-token")

var _ = Describe("further fields of a token response", func() {
	It("are keys of the Secret, and only their names are in its metadata", func() {
		secret := written(rich, provenance)
		Expect(secret.Data).To(HaveLen(5))
		Expect(secret.Data).To(And(HaveKeyWithValue("instance_url", []byte("https://eu.example.com")), HaveKeyWithValue("id_token", []byte("the-id-token"))))
		Expect(secret.Annotations).To(HaveKeyWithValue(v1alpha1.ResponseFieldsAnnotation, "id_token,instance_url"))
		Expect(secret.Annotations).NotTo(ContainElement(ContainSubstring("the-id-token")))
		Expect(tokensecret.RecordOf(secret.Annotations).Fields).To(Equal([]string{"id_token", "instance_url"}))
		Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeFalse())
	})

	It("are written even if they are empty", func() {
		secret := written(withFields("region", ""), provenance)
		Expect(secret.Data).To(HaveKeyWithValue("region", BeEmpty()))
		Expect(tokensecret.VerifiedToken(secret, provenance)).NotTo(BeNil())
	})

	It("are part of the verified token, and are written again", func() {
		secret := written(rich, provenance)
		again := *tokensecret.VerifiedToken(secret, provenance)
		Expect(again.Fields).To(HaveLen(2))
		Expect(again.Fields["id_token"].Reveal()).To(Equal("the-id-token"))
		Expect(written(again, provenance)).To(Equal(secret))
	})

	It("are absent from a token without further fields", func() {
		secret := written(token, provenance)
		Expect(tokensecret.RecordOf(secret.Annotations).Fields).To(BeNil())
		Expect(tokensecret.VerifiedToken(secret, provenance).Fields).To(BeNil())
	})

	DescribeTable("match the fingerprint",
		func(intact bool, change func(*corev1.Secret, *tokensecret.Provenance)) {
			secret, now := written(rich, provenance), provenance
			change(secret, &now)
			Expect(tokensecret.VerifiedToken(secret, now) != nil).To(Equal(intact))
		},
		Entry("if their names are in another order", true, annotate(v1alpha1.ResponseFieldsAnnotation, "instance_url,id_token")),
		Entry("if another writer adds a key", true, put("ca.crt", "x")),
		Entry("but not after a change of one field", false, put("id_token", "other")),
		Entry("but not after a removal of one field", false, remove("id_token")),
		Entry("but not when two values are swapped", false, func(s *corev1.Secret, _ *tokensecret.Provenance) {
			s.Data["id_token"], s.Data["instance_url"] = s.Data["instance_url"], s.Data["id_token"]
		}),
		Entry("but not when the record lacks a name", false, annotate(v1alpha1.ResponseFieldsAnnotation, "id_token")),
		Entry("but not when the record names no field", false, annotate(v1alpha1.ResponseFieldsAnnotation, "")),
		Entry("but not when the record of the names was removed", false, unannotate(v1alpha1.ResponseFieldsAnnotation)),
		Entry("but not when the record also names another key of the Secret", false, func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.ResponseFieldsAnnotation, "ca.crt,id_token,instance_url")(s, p)
			put("ca.crt", "x")(s, p)
		}),
		Entry("but not when the record names a key that does not exist", false, annotate(v1alpha1.ResponseFieldsAnnotation, "id_token,instance_url,x")),
		Entry("but not when the record names the token as a field", false, annotate(v1alpha1.ResponseFieldsAnnotation, "access_token,id_token,instance_url")),
		Entry("but not when the record has an empty name for a field", false, annotate(v1alpha1.ResponseFieldsAnnotation, "id_token,,instance_url")),
		Entry("but not when a field has another name", false, func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.ResponseFieldsAnnotation, "id_tokenx,instance_url")(s, p)
			put("id_tokenx", "the-id-token")(s, p)
		}),
		Entry("but not when a letter moved from a name to a value", false, func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.ResponseFieldsAnnotation, "id_toke,instance_url")(s, p)
			put("id_toke", "nthe-id-token")(s, p)
		}),
	)

	It("do not match the fingerprint if the token had no further fields, and another writer adds one", func() {
		secret := written(token, provenance)
		secret.Annotations[v1alpha1.ResponseFieldsAnnotation], secret.Data["ca.crt"] = "ca.crt", []byte("x")
		Expect(tokensecret.VerifiedToken(secret, provenance)).To(BeNil())
	})

	DescribeTable("count as tampered with, like the token itself,",
		func(change func(*corev1.Secret)) {
			secret := written(rich, provenance)
			change(secret)
			Expect(tokensecret.StateOf(owner, secret)).To(HaveValue(And(HaveField("Tampered", true), HaveField("Drifted", true))))
		},
		Entry("when another writer changes a field", func(s *corev1.Secret) { edited(s, "id_token") }),
		Entry("when another writer removes a field", func(s *corev1.Secret) {
			delete(s.Data, "id_token")
			s.ManagedFields = []metav1.ManagedFieldsEntry{wrote(tokensecret.FieldManager, updated, fieldsOf(s))}
		}),
		Entry("when another writer changes the record of their names", func(s *corev1.Secret) { edited(s, v1alpha1.ResponseFieldsAnnotation) }),
		Entry("when the record names a field that the operator did not write", func(s *corev1.Secret) {
			s.Annotations[v1alpha1.ResponseFieldsAnnotation] = "ca.crt,id_token,instance_url"
		}),
		Entry("when the record is not a list of names", func(s *corev1.Secret) { s.Annotations[v1alpha1.ResponseFieldsAnnotation] = "," }),
	)

	It("have drifted when the record lacks a name", func() {
		secret := written(rich, provenance)
		secret.Annotations[v1alpha1.ResponseFieldsAnnotation] = "id_token"
		Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeTrue())
	})
})

var _ = Describe("the fingerprint", func() {
	It("is the same in every version, because otherwise an upgrade would request every token again", func() {
		Expect(tokensecret.NewRecord(token, provenance).Fingerprint).
			To(Equal("10eb91238afea632fcc3880fe1004e141bfe94c02730c3b8bd7672452bd92055"))
	})

	sensitive := oauth2.NewSensitive
	DescribeTable("changes with these parts of the credentials:",
		func(before, after func(*oauth2.Credentials)) {
			was, is := provenance, provenance
			before(&was.Credentials)
			after(&is.Credentials)
			secret := written(token, was)
			Expect(tokensecret.VerifiedToken(secret, was)).NotTo(BeNil())
			Expect(tokensecret.VerifiedToken(secret, is)).To(BeNil())
			Expect(was.Equal(is)).To(BeFalse())
		},
		Entry("a private key that was added", func(*oauth2.Credentials) {}, func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }),
		Entry("a private key that was removed", func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }, func(*oauth2.Credentials) {}),
		Entry("a private key that changed", func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }, func(c *oauth2.Credentials) { c.PrivateKey = sensitive("l") }),
		Entry("a certificate", func(c *oauth2.Credentials) { c.Certificate = sensitive("k") }, func(c *oauth2.Credentials) { c.Certificate = sensitive("l") }),
		Entry("the key of a certificate", func(c *oauth2.Credentials) { c.CertificateKey = sensitive("k") }, func(c *oauth2.Credentials) { c.CertificateKey = sensitive("l") }),
		Entry("a certificate that became the certificate's key", func(c *oauth2.Credentials) { c.Certificate = sensitive("k") }, func(c *oauth2.Credentials) { c.CertificateKey = sensitive("k") }),
		Entry("a value that a parameter uses", valueIs("tenant", "a"), valueIs("tenant", "b")),
		Entry("the key of a value that a parameter uses", valueIs("tenant", "a"), valueIs("region", "a")),
		Entry("an empty value that was added", func(*oauth2.Credentials) {}, valueIs("tenant", "")),
		Entry("a value with the name of the private key", func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }, valueIs("private_key", "k")),
	)
})

func valueIs(key, value string) func(*oauth2.Credentials) {
	return func(c *oauth2.Credentials) { c.Values = map[string]oauth2.Sensitive{key: oauth2.NewSensitive(value)} }
}
