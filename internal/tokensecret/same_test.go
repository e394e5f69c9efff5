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

// answer is a token that a server returns again. It has the provenance of the request, and the target Secret
// for the comparison.
type answer struct {
	secret     *corev1.Secret
	token      oauth2.Token
	provenance tokensecret.Provenance
}

// isSame returns the result of IsSame, with the given changes, for a token that the server returns again. It
// has further fields, and was issued forty minutes ago.
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

// found changes the Secret and the provenance of the request.
func found(change func(*corev1.Secret, *tokensecret.Provenance)) func(*answer) {
	return func(a *answer) { change(a.secret, &a.provenance) }
}

var _ = Describe("a token that a server returns", func() {
	DescribeTable("is the current token, and is not written again,",
		func(changes ...func(*answer)) { Expect(isSame(changes...)).To(BeTrue()) },
		Entry("when nothing else changed"),
		Entry("when it was requested immediately", askedAfter(0)),
		Entry("when it was requested just before its expiry", askedAfter(time.Hour-time.Second)),
		Entry("when its expiry is two seconds later", expiryMoves(2*time.Second)),
		Entry("when its expiry is two seconds earlier", expiryMoves(-2*time.Second)),
		Entry("when a renewal was requested: the server has no newer token", func(a *answer) { a.provenance.RenewRequest = "tomorrow" }),
		Entry("when another writer added to the Secret", found(annotate("team", "web")), found(put("ca.crt", "x"))),
		Entry("when a lifetime was assumed", func(a *answer) { a.token.Lifetime.Assumed = time.Hour }),
		Entry("when the response lacks a declared field, as before", func(a *answer) { a.token.MissingFields = []string{"region"} }),
		Entry("without further fields", func(a *answer) {
			a.secret, a.token.Fields = written(token, provenance), nil
		}),
	)

	DescribeTable("is another token, and is written,",
		func(changes ...func(*answer)) { Expect(isSame(changes...)).To(BeFalse()) },
		Entry("when it differs", func(a *answer) { a.token.AccessToken = oauth2.NewSensitive("another") }),
		Entry("when it lives longer", expiryMoves(11*time.Second)),
		Entry("when it expires sooner", expiryMoves(-11*time.Second)),
		Entry("when its lifetime starts again", func(a *answer) { a.token.ExpiresAt = a.token.IssuedAt.Add(time.Hour) }),
		Entry("when it never expires", expiryMoves(1<<63-1-time.Hour)),
		Entry("when it has no expiry at all", func(a *answer) { a.token.ExpiresAt = time.Time{} }),
		Entry("when its type is different", func(a *answer) { a.token.Type = "bearer" }),
		Entry("when its scope is narrower", func(a *answer) { a.token.Scope = "read" }),
		Entry("when its scope is wider", func(a *answer) { a.token.Scope = "read write admin" }),
		Entry("when the server no longer states its scope", func(a *answer) { a.token.Scope = "" }),
		Entry("when a field is different", func(a *answer) { a.token.Fields["id_token"] = oauth2.NewSensitive("fresh") }),
		Entry("when a field is new", func(a *answer) { a.token.Fields["region"] = oauth2.NewSensitive("eu") }),
		Entry("when a field is gone", func(a *answer) { delete(a.token.Fields, "id_token") }),
		Entry("when all fields are gone", func(a *answer) { a.token.Fields = nil }),
		Entry("when a field has another name", func(a *answer) {
			delete(a.token.Fields, "id_token")
			a.token.Fields["jwt"] = oauth2.NewSensitive("the-id-token")
		}),
		Entry("when the request is different", func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("when the credentials Secret has another version, which must be recorded", func(a *answer) { a.provenance.CredentialsVersion = "8" }),
		Entry("when the client is different", found(credentialsAre("other-id", clientSecret))),
		Entry("when the client secret is different", found(credentialsAre("shop-id", "rotated"))),
		Entry("when a private key was added", func(a *answer) { a.provenance.Credentials.PrivateKey = oauth2.NewSensitive("k") }),

		Entry("when its record has expired, because the next request could not be planned", askedAfter(time.Hour), expiryMoves(9*time.Second)),
		Entry("when its record expired long ago", askedAfter(2*time.Hour)),
		Entry("when the issue time in its record is in the future", askedAfter(-time.Minute)),

		Entry("when the Secret has another owner", func(a *answer) { a.secret.OwnerReferences[0].UID = "x" }),
		Entry("when the Secret has no owner", func(a *answer) { a.secret.OwnerReferences = nil }),
		Entry("when another writer changed the token", func(a *answer) { edited(a.secret, "access_token") }),
		Entry("when another writer changed a field", func(a *answer) { edited(a.secret, "id_token") }),
		Entry("when another writer changed the record", func(a *answer) { edited(a.secret, v1alpha1.ExpiresAtAnnotation) }),
		Entry("when another writer changed a label", func(a *answer) { edited(a.secret, v1alpha1.ManagedByLabel) }),
		Entry("when there is no record", found(unannotate(v1alpha1.IssuedAtAnnotation))),
		// These changes are by a writer that uses the operator's field manager.
		Entry("when the record has another issue time", found(annotate(v1alpha1.IssuedAtAnnotation, "2026-03-01T11:00:00Z"))),
		Entry("when the record and the response have another expiry", found(annotate(v1alpha1.ExpiresAtAnnotation, "2026-03-01T14:00:00Z")), expiryMoves(time.Hour)),
		Entry("when the record and the response have another scope", found(annotate(v1alpha1.ScopeAnnotation, "admin")), func(a *answer) { a.token.Scope = "admin" }),
		Entry("when the record and the spec have another request", found(annotate(v1alpha1.RequestHashAnnotation, "other")), func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("when there is no fingerprint", found(unannotate(v1alpha1.FingerprintAnnotation))),
		Entry("when the fingerprint is different", found(annotate(v1alpha1.FingerprintAnnotation, "0000"))),
	)

	It("is another token when there is no Secret", func() {
		Expect(tokensecret.IsSame(nil, token, provenance)).To(BeFalse())
	})
})
