package tokensecret_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

func annotate(key, value string) func(*corev1.Secret, *tokensecret.Provenance) {
	return func(secret *corev1.Secret, _ *tokensecret.Provenance) { secret.Annotations[key] = value }
}

func unannotate(key string) func(*corev1.Secret, *tokensecret.Provenance) {
	return func(secret *corev1.Secret, _ *tokensecret.Provenance) { delete(secret.Annotations, key) }
}

func put(key, value string) func(*corev1.Secret, *tokensecret.Provenance) {
	return func(secret *corev1.Secret, _ *tokensecret.Provenance) { secret.Data[key] = []byte(value) }
}

func remove(key string) func(*corev1.Secret, *tokensecret.Provenance) {
	return func(secret *corev1.Secret, _ *tokensecret.Provenance) { delete(secret.Data, key) }
}

func credentialsAre(id, secret string) func(*corev1.Secret, *tokensecret.Provenance) {
	return func(_ *corev1.Secret, p *tokensecret.Provenance) {
		p.Credentials = oauth2.Credentials{ClientID: oauth2.NewSensitive(id), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}
	}
}

var _ = Describe("a token in its Secret", func() {
	intact := func(change func(*corev1.Secret, *tokensecret.Provenance)) *oauth2.Token {
		GinkgoHelper()
		secret, now := written(token, provenance), provenance
		change(secret, &now)
		return tokensecret.VerifiedToken(secret, now)
	}

	DescribeTable("is intact, and need not be requested again, after",
		func(change func(*corev1.Secret, *tokensecret.Provenance)) {
			found := intact(change)
			Expect(found).NotTo(BeNil())
			Expect(found.AccessToken.Reveal()).To(Equal(accessToken))
			Expect(*found).To(And(HaveField("Type", "Bearer"), HaveField("Scope", "read write"),
				HaveField("IssuedAt", issuedAt), HaveField("ExpiresAt", expiresAt)))
		},
		Entry("no change", func(*corev1.Secret, *tokensecret.Provenance) {}),
		Entry("an edit of its labels", func(s *corev1.Secret, _ *tokensecret.Provenance) { s.Labels = map[string]string{"team": "web"} }),
		Entry("an annotation by another writer", annotate("team", "web")),
		Entry("a key by another writer", put("ca.crt", "x")),
		Entry("an edit of the credentials Secret that did not change the credentials", func(_ *corev1.Secret, p *tokensecret.Provenance) { p.CredentialsVersion = "8" }),
		Entry("a renew request", func(_ *corev1.Secret, p *tokensecret.Provenance) { p.RenewRequest = "tomorrow" }),
		Entry("a change of the mounted expiry, because the expiry is also in the record", put("expires_at", "2027-03-01T13:00:00Z")),
		Entry("a removal of the mounted expiry", remove("expires_at")),
		Entry("a change of the recorded version of the credentials", annotate(v1alpha1.CredentialsVersionAnnotation, "0")),
	)

	DescribeTable("is not intact after",
		func(change func(*corev1.Secret, *tokensecret.Provenance)) { Expect(intact(change)).To(BeNil()) },
		Entry("a change of the token", put("access_token", "another")),
		Entry("a removal of the token", remove("access_token")),
		Entry("a change of the type", put("token_type", "bearer")),
		Entry("a removal of the type", remove("token_type")),
		Entry("a removal of all data", func(s *corev1.Secret, _ *tokensecret.Provenance) { s.Data = nil }),
		Entry("a change of the recorded issue time", annotate(v1alpha1.IssuedAtAnnotation, "2026-03-01T12:00:01Z")),
		Entry("a removal of the recorded issue time", unannotate(v1alpha1.IssuedAtAnnotation)),
		Entry("a change of the recorded expiry", annotate(v1alpha1.ExpiresAtAnnotation, "2027-03-01T13:00:00Z")),
		Entry("a change of both expiries", func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.ExpiresAtAnnotation, "2027-03-01T13:00:00Z")(s, p)
			put("expires_at", "2027-03-01T13:00:00Z")(s, p)
		}),
		Entry("a change of the scope", annotate(v1alpha1.ScopeAnnotation, "admin")),
		Entry("a removal of the scope", unannotate(v1alpha1.ScopeAnnotation)),
		Entry("a change of the recorded request", annotate(v1alpha1.RequestHashAnnotation, "other")),
		Entry("a change of the fingerprint", annotate(v1alpha1.FingerprintAnnotation, "0000")),
		Entry("a removal of the fingerprint", unannotate(v1alpha1.FingerprintAnnotation)),
		Entry("a removal of all annotations", func(s *corev1.Secret, _ *tokensecret.Provenance) { s.Annotations = nil }),
		Entry("a change of the request", func(_ *corev1.Secret, p *tokensecret.Provenance) { p.RequestHash = "other" }),
		Entry("a change of the request, with the record edited to match", func(s *corev1.Secret, p *tokensecret.Provenance) {
			annotate(v1alpha1.RequestHashAnnotation, "other")(s, p)
			p.RequestHash = "other"
		}),
		Entry("a change of the client secret", credentialsAre("shop-id", "rotated")),
		Entry("a change of the client ID", credentialsAre("other-id", clientSecret)),
		Entry("a letter moved from the client ID to the secret", credentialsAre("shop-i", "d"+clientSecret)),
		Entry("a removal of the client secret", credentialsAre("shop-id", "")),
	)

	It("is not intact if it is empty, even if the record is valid", func() {
		empty := token
		empty.AccessToken = oauth2.NewSensitive("")
		Expect(tokensecret.VerifiedToken(written(empty, provenance), provenance)).To(BeNil())
	})
})

var _ = DescribeTable("a token that could not be written is good for",
	func(expected bool, change func(*corev1.Secret, *tokensecret.Provenance)) {
		now := provenance
		change(nil, &now)
		Expect(provenance.Equal(now)).To(Equal(expected))
	},
	Entry("the same request", true, func(*corev1.Secret, *tokensecret.Provenance) {}),
	Entry("the same request after a label edit of the credentials Secret", true, func(_ *corev1.Secret, p *tokensecret.Provenance) { p.CredentialsVersion = "8" }),
	Entry("the same request with the same credentials, read again", true, credentialsAre("shop-id", clientSecret)),
	Entry("no other request", false, func(_ *corev1.Secret, p *tokensecret.Provenance) { p.RequestHash = "other" }),
	Entry("no other client", false, credentialsAre("other-id", clientSecret)),
	Entry("no other client secret", false, credentialsAre("shop-id", "rotated")),
)

var _ = It("a token keeps its record when it is written again", func() {
	secret := written(token, provenance)
	again := *tokensecret.VerifiedToken(secret, provenance)
	Expect(written(again, provenance)).To(Equal(secret))
	Expect(again.ExpiresAt.Sub(again.IssuedAt)).To(Equal(time.Hour))
})
