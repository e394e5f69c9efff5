package tokensecret_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// compared returns the result of Compare, with the given changes, for a token that was returned again. It was
// issued forty minutes ago, and has a new expiry.
func compared(fields []string, changes ...func(*answer)) tokensecret.Returned {
	GinkgoHelper()
	issued := token
	if fields != nil {
		issued = withFields(fields...)
	}
	given := answer{secret: written(issued, provenance), token: issued, provenance: provenance}
	askedAfter(40 * time.Minute)(&given)
	expiryMoves(40 * time.Minute)(&given)
	for _, change := range changes {
		change(&given)
	}
	return tokensecret.Compare(tokensecret.StateOf(owner, given.secret), given.token, given.provenance)
}

func hasClaim(a *answer) { a.token.Lifetime.HasClaim = true }

func isAssumed(a *answer) {
	a.token.Lifetime = oauth2.Lifetime{Source: oauth2.LifetimeFromDefault, Assumed: time.Hour}
}

func another(a *answer) { a.token.AccessToken = oauth2.NewSensitive("another") }

func typeIs(spelling string) func(*answer) { return func(a *answer) { a.token.Type = spelling } }

func rotated(a *answer) { credentialsAre("shop-id", "rotated")(a.secret, &a.provenance) }

var _ = Describe("the record of a Secret", func() {
	idToken := []string{"id_token", "the-id-token"}

	DescribeTable("shows, for a token that the server returned,",
		func(fields []string, given tokensecret.Returned, changes ...func(*answer)) {
			Expect(compared(fields, changes...)).To(Equal(given))
		},
		Entry("that it is the same", nil, tokensecret.ReturnedAgain),
		Entry("that it is the same, with the same fields", idToken, tokensecret.ReturnedAgain),
		Entry("that it is the same, although a renewal was requested", nil, tokensecret.ReturnedAgain, func(a *answer) { a.provenance.RenewRequest = "now" }),
		Entry("that it is the same, although the credentials Secret has another version", nil, tokensecret.ReturnedAgain, func(a *answer) { a.provenance.CredentialsVersion = "8" }),
		Entry("that it is the same, although its record has expired", nil, tokensecret.ReturnedAgain, askedAfter(2*time.Hour), expiryMoves(2*time.Hour)),
		Entry("that it is the same, although the server spells its type in lower case", nil, tokensecret.ReturnedAgain, typeIs("bearer")),
		Entry("that it is the same, although the server spells its type in capitals", nil, tokensecret.ReturnedAgain, typeIs("BEARER")),
		Entry("that it is another token", nil, tokensecret.ReturnedNew, another),
		Entry("that its expiry can be trusted, because it is no later", nil, tokensecret.ReturnedNew, expiryMoves(0)),
		Entry("that it is the same, although an earlier expiry is assumed", nil, tokensecret.ReturnedAgain, expiryMoves(-time.Minute), isAssumed),
		Entry("nothing if a field differs, because a response may have a fresh field beside a cached token", idToken, tokensecret.ReturnedUnknown,
			func(a *answer) { a.token.Fields["id_token"] = oauth2.NewSensitive("fresh") }),
		Entry("nothing if the client secret was rotated", nil, tokensecret.ReturnedUnknown, rotated, func(a *answer) { a.provenance.CredentialsVersion = "8" }),
		Entry("that it is the same, although its scope is narrower", nil, tokensecret.ReturnedAgain, func(a *answer) { a.token.Scope = "read" }),
		Entry("that it is the same, although the request is different", nil, tokensecret.ReturnedAgain, func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("nothing if the request is different and may use other credentials", nil, tokensecret.ReturnedUnknown, another, func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("that a JWT can be trusted, because it has its own exp", idToken, tokensecret.ReturnedNew, another, hasClaim),
		Entry("that it counts as another token, because another writer changed the record", idToken, tokensecret.ReturnedNew, another, func(a *answer) { edited(a.secret, v1alpha1.ExpiresAtAnnotation) }),
		Entry("that it counts as another token, because the Secret has another owner", nil, tokensecret.ReturnedNew, func(a *answer) { a.secret.OwnerReferences[0].UID = "x" }),
	)

	It("shows that every token is another token if there is no Secret", func() {
		Expect(tokensecret.Compare(nil, token, provenance)).To(Equal(tokensecret.ReturnedNew))
	})
})

var _ = Describe("the data of a Secret", func() {
	It("shows whether a token is the same", func() {
		Expect(tokensecret.Holds(written(token, provenance), token)).To(BeTrue())
		other := token
		other.AccessToken = oauth2.NewSensitive("another")
		Expect(tokensecret.Holds(written(token, provenance), other)).To(BeFalse())
	})
})

var _ = Describe("a token that a server returned again", func() {
	// given returns the token with a lifetime of an hour, requested the given time after its former expiry.
	given := func(after time.Duration, lifetime oauth2.Lifetime) oauth2.Token {
		again := token
		again.IssuedAt, again.Lifetime = expiresAt.Add(after), lifetime
		again.ExpiresAt = again.IssuedAt.Add(time.Hour)
		return again
	}
	told := oauth2.Lifetime{Source: oauth2.LifetimeFromExpiresIn}
	assumed := oauth2.Lifetime{Source: oauth2.LifetimeFromDefault, Assumed: time.Hour}
	claimed := oauth2.Lifetime{Source: oauth2.LifetimeFromClaim, HasClaim: true}

	DescribeTable("keeps its former expiry",
		func(after time.Duration, lifetime oauth2.Lifetime) {
			Expect(tokensecret.EffectiveExpiry(tokensecret.Expiry{At: expiresAt}, given(after, lifetime))).To(Equal(tokensecret.Expiry{At: expiresAt}))
		},
		Entry("while it has not expired", -20*time.Minute, told),
		Entry("until a second before its expiry", -time.Second, told),
		Entry("as a JWT, while its former expiry is in the future", -time.Second, claimed),
		Entry("if its lifetime is assumed", -10*time.Second, assumed),
	)

	It("keeps its former expiry if it was read from its Secret", func() {
		former := tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryAssumed}
		Expect(tokensecret.EffectiveExpiry(former, given(-time.Hour, oauth2.Lifetime{}))).To(Equal(former))
	})

	DescribeTable("gets the new expiry",
		func(after time.Duration, lifetime oauth2.Lifetime) {
			token := given(after, lifetime)
			Expect(tokensecret.EffectiveExpiry(tokensecret.Expiry{At: expiresAt}, token)).To(Equal(tokensecret.ExpiryOf(token)))
		},
		Entry("as a JWT whose exp is in the future", time.Second, claimed),
		Entry("if its lifetime is assumed, and almost over", -9*time.Second, assumed),
		Entry("if its lifetime is assumed, and has ended", time.Second, assumed),
	)

	cautious := oauth2.Lifetime{Source: oauth2.LifetimeFromExpiresAt, IsCautious: true}

	DescribeTable("whose former expiry was assumed gets the new expiry",
		func(after time.Duration, lifetime oauth2.Lifetime, isNew bool) {
			token := given(after, lifetime)
			former := tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryAssumed}
			expected := former
			if isNew {
				expected = tokensecret.ExpiryOf(token)
			}
			Expect(tokensecret.EffectiveExpiry(former, token)).To(Equal(expected))
		},
		Entry("immediately, if the server states it", -20*time.Minute, told, true),
		Entry("after the former expiry, if the server states it", time.Second, told, true),
		Entry("not before the former expiry is near, if the new expiry is also assumed", -20*time.Minute, cautious, false),
		Entry("after the former expiry, if the new expiry is also assumed", time.Second, cautious, true),
	)

	DescribeTable("whose former expiry the server stated gets no assumed expiry",
		func(lifetime oauth2.Lifetime) {
			_, err := tokensecret.EffectiveExpiry(tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryFromServer}, given(time.Second, lifetime))
			Expect(err).To(MatchError(ContainSubstring("returned the same token")))
		},
		Entry("without a lifetime", assumed),
		Entry("with a date without a zone", cautious),
	)

	DescribeTable("keeps its stated expiry although a new expiry is assumed,",
		func(after time.Duration) {
			former := tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryFromServer}
			Expect(tokensecret.EffectiveExpiry(former, given(after, assumed))).To(Equal(former))
		},
		Entry("if the assumed expiry is earlier", -90*time.Minute),
		Entry("if the assumed expiry is the same", -time.Hour),
		Entry("if the assumed expiry is later", -time.Minute),
	)

	It("gets a new expiry that is earlier than before", func() {
		token := given(-90*time.Minute, told)
		Expect(tokensecret.EffectiveExpiry(tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryFromServer}, token)).To(Equal(tokensecret.ExpiryOf(token)))
	})

	DescribeTable("is refused, and another is requested soon, if the server returned it",
		func(after time.Duration) {
			_, err := tokensecret.EffectiveExpiry(tokensecret.Expiry{At: expiresAt}, given(after, told))
			failure := problem.Of(err)
			Expect(failure).To(HaveOccurred())
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTokenExpired))
			Expect(failure.Class).To(Equal(problem.Unavailable))
			Expect(failure.Message).To(And(ContainSubstring("after its expiry at 2026-03-01T13:00:00Z"), ContainSubstring("defaultTokenLifetime")))
		},
		Entry("at its expiry", 0*time.Second),
		Entry("just after its expiry", time.Second),
		Entry("five minutes after its expiry", 5*time.Minute),
		Entry("a day after its expiry", 24*time.Hour),
	)
})
