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

// answer is what a server gives again: to what was asked for when, and by what
// target that is told.
type answer struct {
	secret     *corev1.Secret
	token      oauth2.Token
	provenance tokensecret.Provenance
}

// isSame asks, forty minutes after a token with further fields was issued, for
// another, and is given that again but for the changes.
func isSame(changes ...func(*answer)) bool {
	GinkgoHelper()
	given := answer{secret: written(rich, provenance), token: withFields("instance_url", "https://eu.example.com", "id_token", "the-id-token"), provenance: provenance}
	given.token.IssuedAt = issuedAt.Add(40 * time.Minute)
	for _, change := range changes {
		change(&given)
	}
	return tokensecret.IsSame(tokensecret.StateOf(owner, given.secret), given.token, given.provenance)
}

func expiryMoves(by time.Duration) func(*answer) {
	return func(a *answer) { a.token.ExpiresAt = expiresAt.Add(by) }
}

func askedAfter(d time.Duration) func(*answer) {
	return func(a *answer) { a.token.IssuedAt = issuedAt.Add(d) }
}

// found is a change of the Secret and of what is asked for.
func found(change func(*corev1.Secret, *tokensecret.Provenance)) func(*answer) {
	return func(a *answer) { change(a.secret, &a.provenance) }
}

var _ = Describe("a token that a server gives", func() {
	DescribeTable("is the one that is there, and not written again,",
		func(changes ...func(*answer)) { Expect(isSame(changes...)).To(BeTrue()) },
		Entry("when nothing else changed"),
		Entry("when it was asked for at once", askedAfter(0)),
		Entry("when it was asked for just before its expiry", askedAfter(time.Hour-time.Second)),
		Entry("when its expiry is read a little later", expiryMoves(2*time.Second)),
		Entry("when its expiry is read a little sooner", expiryMoves(-2*time.Second)),
		Entry("when a renewal was requested: what is there is all there is", func(a *answer) { a.provenance.RenewRequest = "tomorrow" }),
		Entry("when somebody added to the Secret", found(annotate("team", "web")), found(put("ca.crt", "x"))),
		Entry("when a lifetime was assumed", func(a *answer) { a.token.Lifetime.Assumed = time.Hour }),
		Entry("when a field is missing as it was", func(a *answer) { a.token.MissingFields = []string{"region"} }),
		Entry("without further fields", func(a *answer) {
			a.secret, a.token.Fields = written(token, provenance), nil
		}),
	)

	DescribeTable("is another, and written,",
		func(changes ...func(*answer)) { Expect(isSame(changes...)).To(BeFalse()) },
		Entry("when it differs", func(a *answer) { a.token.AccessToken = oauth2.NewSensitive("another") }),
		Entry("when it lives longer", expiryMoves(11*time.Second)),
		Entry("when it lives less long", expiryMoves(-11*time.Second)),
		Entry("when its life starts anew", func(a *answer) { a.token.ExpiresAt = a.token.IssuedAt.Add(time.Hour) }),
		Entry("when it never ends", expiryMoves(1<<63-1-time.Hour)),
		Entry("when it has no expiry at all", func(a *answer) { a.token.ExpiresAt = time.Time{} }),
		Entry("when its type is another", func(a *answer) { a.token.Type = "bearer" }),
		Entry("when its scope is narrower", func(a *answer) { a.token.Scope = "read" }),
		Entry("when its scope is wider", func(a *answer) { a.token.Scope = "read write admin" }),
		Entry("when the server does not tell its scope any more", func(a *answer) { a.token.Scope = "" }),
		Entry("when a field is another", func(a *answer) { a.token.Fields["id_token"] = oauth2.NewSensitive("fresh") }),
		Entry("when a field is new", func(a *answer) { a.token.Fields["region"] = oauth2.NewSensitive("eu") }),
		Entry("when a field is gone", func(a *answer) { delete(a.token.Fields, "id_token") }),
		Entry("when all fields are gone", func(a *answer) { a.token.Fields = nil }),
		Entry("when a field has another name", func(a *answer) {
			delete(a.token.Fields, "id_token")
			a.token.Fields["jwt"] = oauth2.NewSensitive("the-id-token")
		}),
		Entry("when the spec asks for it in another way", func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("when the credentials Secret has another version, which is to be noted", func(a *answer) { a.provenance.CredentialsVersion = "8" }),
		Entry("when the client is another", found(credentialsAre("other-id", clientSecret))),
		Entry("when the client secret is another", found(credentialsAre("shop-id", "rotated"))),
		Entry("when a private key came in addition", func(a *answer) { a.provenance.Credentials.PrivateKey = oauth2.NewSensitive("k") }),

		Entry("when its record says that it is over: that would not say when to ask again", askedAfter(time.Hour), expiryMoves(9*time.Second)),
		Entry("when its record says that it is long over", askedAfter(2*time.Hour)),
		Entry("when its record says that it was issued by a clock ahead", askedAfter(-time.Minute)),

		Entry("when the Secret belongs to somebody else", func(a *answer) { a.secret.OwnerReferences[0].UID = "x" }),
		Entry("when the Secret belongs to nobody", func(a *answer) { a.secret.OwnerReferences = nil }),
		Entry("when somebody wrote to the token", func(a *answer) { edited(a.secret, "access_token") }),
		Entry("when somebody wrote to a field", func(a *answer) { edited(a.secret, "id_token") }),
		Entry("when somebody wrote to the record", func(a *answer) { edited(a.secret, v1alpha1.ExpiresAtAnnotation) }),
		Entry("when somebody wrote to a label", func(a *answer) { edited(a.secret, v1alpha1.ManagedByLabel) }),
		Entry("when there is no record", found(unannotate(v1alpha1.IssuedAtAnnotation))),
		// By somebody who writes under the operator's name.
		Entry("when the record has another issue", found(annotate(v1alpha1.IssuedAtAnnotation, "2026-03-01T11:00:00Z"))),
		Entry("when the record has another expiry, and the server too", found(annotate(v1alpha1.ExpiresAtAnnotation, "2026-03-01T14:00:00Z")), expiryMoves(time.Hour)),
		Entry("when the record has another scope, and the server too", found(annotate(v1alpha1.ScopeAnnotation, "admin")), func(a *answer) { a.token.Scope = "admin" }),
		Entry("when the record has another request, and the spec too", found(annotate(v1alpha1.RequestHashAnnotation, "other")), func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("when there is no fingerprint", found(unannotate(v1alpha1.FingerprintAnnotation))),
		Entry("when the fingerprint is another", found(annotate(v1alpha1.FingerprintAnnotation, "0000"))),
	)

	It("is another when there is no Secret", func() {
		Expect(tokensecret.IsSame(nil, token, provenance)).To(BeFalse())
	})
})
