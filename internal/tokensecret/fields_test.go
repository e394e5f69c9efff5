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
	It("are keys of the Secret, and their names, but not their values, are in its metadata", func() {
		secret := written(rich, provenance)
		Expect(secret.Data).To(HaveLen(5))
		Expect(secret.Data).To(And(HaveKeyWithValue("instance_url", []byte("https://eu.example.com")), HaveKeyWithValue("id_token", []byte("the-id-token"))))
		Expect(secret.Annotations).To(HaveKeyWithValue(v1alpha1.ResponseFieldsAnnotation, "id_token,instance_url"))
		Expect(secret.Annotations).NotTo(ContainElement(ContainSubstring("the-id-token")))
		Expect(tokensecret.RecordOf(secret.Annotations).Fields).To(Equal([]string{"id_token", "instance_url"}))
		Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeFalse())
	})

	It("may be empty, and are there all the same", func() {
		secret := written(withFields("region", ""), provenance)
		Expect(secret.Data).To(HaveKeyWithValue("region", BeEmpty()))
		Expect(tokensecret.VerifiedToken(secret, provenance)).NotTo(BeNil())
	})

	It("come back with a token that is intact, and are written again", func() {
		secret := written(rich, provenance)
		again := *tokensecret.VerifiedToken(secret, provenance)
		Expect(again.Fields).To(HaveLen(2))
		Expect(again.Fields["id_token"].Reveal()).To(Equal("the-id-token"))
		Expect(written(again, provenance)).To(Equal(secret))
	})

	It("are none in a token without", func() {
		secret := written(token, provenance)
		Expect(tokensecret.RecordOf(secret.Annotations).Fields).To(BeNil())
		Expect(tokensecret.VerifiedToken(secret, provenance).Fields).To(BeNil())
	})

	DescribeTable("tell by the fingerprint whether they are as they were:",
		func(intact bool, change func(*corev1.Secret, *tokensecret.Provenance)) {
			secret, now := written(rich, provenance), provenance
			change(secret, &now)
			Expect(tokensecret.VerifiedToken(secret, now) != nil).To(Equal(intact))
		},
		Entry("they are, in another order", true, annotate(v1alpha1.ResponseFieldsAnnotation, "instance_url,id_token")),
		Entry("they are, with a key of somebody else", true, put("ca.crt", "x")),
		Entry("not after a change of one", false, put("id_token", "other")),
		Entry("not after a removal of one", false, remove("id_token")),
		Entry("not when two have changed places", false, func(s *corev1.Secret, _ *tokensecret.Provenance) {
			s.Data["id_token"], s.Data["instance_url"] = s.Data["instance_url"], s.Data["id_token"]
		}),
		Entry("not when the record leaves one out", false, annotate(v1alpha1.ResponseFieldsAnnotation, "id_token")),
		Entry("not when the record names no field", false, annotate(v1alpha1.ResponseFieldsAnnotation, "")),
		Entry("not when the record of the fields is gone", false, unannotate(v1alpha1.ResponseFieldsAnnotation)),
		Entry("not when the record names one more", false, func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.ResponseFieldsAnnotation, "ca.crt,id_token,instance_url")(s, p)
			put("ca.crt", "x")(s, p)
		}),
		Entry("not when the record names one more that is not there", false, annotate(v1alpha1.ResponseFieldsAnnotation, "id_token,instance_url,x")),
		Entry("not when the record names the token as a field", false, annotate(v1alpha1.ResponseFieldsAnnotation, "access_token,id_token,instance_url")),
		Entry("not when the record names nothing at all as a field", false, annotate(v1alpha1.ResponseFieldsAnnotation, "id_token,,instance_url")),
		Entry("not when one got another name", false, func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.ResponseFieldsAnnotation, "id_tokenx,instance_url")(s, p)
			put("id_tokenx", "the-id-token")(s, p)
		}),
		Entry("not when a letter moved from a name to a value", false, func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.ResponseFieldsAnnotation, "id_toke,instance_url")(s, p)
			put("id_toke", "nthe-id-token")(s, p)
		}),
	)

	It("are not intact where a token had none, and somebody adds one", func() {
		secret := written(token, provenance)
		secret.Annotations[v1alpha1.ResponseFieldsAnnotation], secret.Data["ca.crt"] = "ca.crt", []byte("x")
		Expect(tokensecret.VerifiedToken(secret, provenance)).To(BeNil())
	})

	DescribeTable("are tampered with, like the token itself,",
		func(change func(*corev1.Secret)) {
			secret := written(rich, provenance)
			change(secret)
			Expect(tokensecret.StateOf(owner, secret)).To(HaveValue(And(HaveField("Tampered", true), HaveField("Drifted", true))))
		},
		Entry("when somebody writes to one", func(s *corev1.Secret) { edited(s, "id_token") }),
		Entry("when somebody removes one", func(s *corev1.Secret) {
			delete(s.Data, "id_token")
			s.ManagedFields = []metav1.ManagedFieldsEntry{wrote(tokensecret.FieldManager, updated, fieldsOf(s))}
		}),
		Entry("when somebody writes to the record of them", func(s *corev1.Secret) { edited(s, v1alpha1.ResponseFieldsAnnotation) }),
		Entry("when the record names one that the operator did not write", func(s *corev1.Secret) {
			s.Annotations[v1alpha1.ResponseFieldsAnnotation] = "ca.crt,id_token,instance_url"
		}),
		Entry("when the record is no list of names", func(s *corev1.Secret) { s.Annotations[v1alpha1.ResponseFieldsAnnotation] = "," }),
	)

	It("have drifted when the record left one out", func() {
		secret := written(rich, provenance)
		secret.Annotations[v1alpha1.ResponseFieldsAnnotation] = "id_token"
		Expect(tokensecret.StateOf(owner, secret).Drifted).To(BeTrue())
	})
})

var _ = Describe("the fingerprint", func() {
	It("is the same in every version, or an upgrade would ask for every token anew", func() {
		Expect(tokensecret.NewRecord(token, provenance).Fingerprint).
			To(Equal("10eb91238afea632fcc3880fe1004e141bfe94c02730c3b8bd7672452bd92055"))
	})

	sensitive := oauth2.NewSensitive
	DescribeTable("covers of the credentials",
		func(before, after func(*oauth2.Credentials)) {
			was, is := provenance, provenance
			before(&was.Credentials)
			after(&is.Credentials)
			secret := written(token, was)
			Expect(tokensecret.VerifiedToken(secret, was)).NotTo(BeNil())
			Expect(tokensecret.VerifiedToken(secret, is)).To(BeNil())
			Expect(was.Equal(is)).To(BeFalse())
		},
		Entry("a private key that came", func(*oauth2.Credentials) {}, func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }),
		Entry("a private key that went", func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }, func(*oauth2.Credentials) {}),
		Entry("a private key that changed", func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }, func(c *oauth2.Credentials) { c.PrivateKey = sensitive("l") }),
		Entry("a certificate", func(c *oauth2.Credentials) { c.Certificate = sensitive("k") }, func(c *oauth2.Credentials) { c.Certificate = sensitive("l") }),
		Entry("the key of a certificate", func(c *oauth2.Credentials) { c.CertificateKey = sensitive("k") }, func(c *oauth2.Credentials) { c.CertificateKey = sensitive("l") }),
		Entry("a certificate that turned into its key", func(c *oauth2.Credentials) { c.Certificate = sensitive("k") }, func(c *oauth2.Credentials) { c.CertificateKey = sensitive("k") }),
		Entry("a value that a parameter takes", valueIs("tenant", "a"), valueIs("tenant", "b")),
		Entry("the key of a value that a parameter takes", valueIs("tenant", "a"), valueIs("region", "a")),
		Entry("a value that came and is empty", func(*oauth2.Credentials) {}, valueIs("tenant", "")),
		Entry("a value by the name of the private key", func(c *oauth2.Credentials) { c.PrivateKey = sensitive("k") }, valueIs("private_key", "k")),
	)
})

func valueIs(key, value string) func(*oauth2.Credentials) {
	return func(c *oauth2.Credentials) { c.Values = map[string]oauth2.Sensitive{key: oauth2.NewSensitive(value)} }
}
