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

// compared is what the record tells of a token whose life starts anew, forty minutes
// after it was issued, but for the changes.
func compared(fields []string, changes ...func(*answer)) tokensecret.Given {
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

	DescribeTable("tells of a token that was given",
		func(fields []string, given tokensecret.Given, changes ...func(*answer)) {
			Expect(compared(fields, changes...)).To(Equal(given))
		},
		Entry("that it is the same", nil, tokensecret.GivenAgain),
		Entry("that it is the same, with the same fields", idToken, tokensecret.GivenAgain),
		Entry("that it is the same, although a renewal was requested", nil, tokensecret.GivenAgain, func(a *answer) { a.provenance.RenewRequest = "now" }),
		Entry("that it is the same, although the credentials Secret has another version", nil, tokensecret.GivenAgain, func(a *answer) { a.provenance.CredentialsVersion = "8" }),
		Entry("that it is the same, although its record is over", nil, tokensecret.GivenAgain, askedAfter(2*time.Hour), expiryMoves(2*time.Hour)),
		Entry("that it is the same, although the server spells its type in lower case", nil, tokensecret.GivenAgain, typeIs("bearer")),
		Entry("that it is the same, although the server spells its type in capitals", nil, tokensecret.GivenAgain, typeIs("BEARER")),
		Entry("that it is another", nil, tokensecret.GivenNew, another),
		Entry("that its expiry can be believed, since it is no later", nil, tokensecret.GivenNew, expiryMoves(0)),
		Entry("that it is the same, although an earlier expiry is assumed", nil, tokensecret.GivenAgain, expiryMoves(-time.Minute), isAssumed),
		Entry("nothing if a field differs: a response may have a fresh one beside a cached token", idToken, tokensecret.GivenUnknown,
			func(a *answer) { a.token.Fields["id_token"] = oauth2.NewSensitive("fresh") }),
		Entry("nothing if the client secret was rotated", nil, tokensecret.GivenUnknown, rotated, func(a *answer) { a.provenance.CredentialsVersion = "8" }),
		Entry("that it is the same, although its scope is narrower", nil, tokensecret.GivenAgain, func(a *answer) { a.token.Scope = "read" }),
		Entry("that it is the same, although the request is another", nil, tokensecret.GivenAgain, func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("nothing if the request is another and may use other credentials", nil, tokensecret.GivenUnknown, another, func(a *answer) { a.provenance.RequestHash = "other" }),
		Entry("that a JWT may be believed, since it says itself when it expires", idToken, tokensecret.GivenNew, another, hasClaim),
		Entry("nothing that someone else wrote", idToken, tokensecret.GivenNew, another, func(a *answer) { edited(a.secret, v1alpha1.ExpiresAtAnnotation) }),
		Entry("nothing that belongs to someone else", nil, tokensecret.GivenNew, func(a *answer) { a.secret.OwnerReferences[0].UID = "x" }),
	)

	It("is not there without a Secret", func() {
		Expect(tokensecret.Compare(nil, token, provenance)).To(Equal(tokensecret.GivenNew))
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

var _ = Describe("a token that a server gave again", func() {
	// given is the token with an hour to live, asked for so long after its believed expiry.
	given := func(after time.Duration, lifetime oauth2.Lifetime) oauth2.Token {
		again := token
		again.IssuedAt, again.Lifetime = expiresAt.Add(after), lifetime
		again.ExpiresAt = again.IssuedAt.Add(time.Hour)
		return again
	}
	told := oauth2.Lifetime{Source: oauth2.LifetimeFromExpiresIn}
	assumed := oauth2.Lifetime{Source: oauth2.LifetimeFromDefault, Assumed: time.Hour}
	claimed := oauth2.Lifetime{Source: oauth2.LifetimeFromClaim, HasClaim: true}

	DescribeTable("is believed to expire when it was",
		func(after time.Duration, lifetime oauth2.Lifetime) {
			Expect(tokensecret.Believe(tokensecret.Expiry{At: expiresAt}, given(after, lifetime))).To(Equal(tokensecret.Expiry{At: expiresAt}))
		},
		Entry("while it lives", -20*time.Minute, told),
		Entry("a second before its expiry", -time.Second, told),
		Entry("as a JWT, while what was told before lies ahead", -time.Second, claimed),
		Entry("if its lifetime is assumed", -10*time.Second, assumed),
	)

	It("is believed to expire when it was, if it comes from its Secret", func() {
		former := tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryAssumed}
		Expect(tokensecret.Believe(former, given(-time.Hour, oauth2.Lifetime{}))).To(Equal(former))
	})

	DescribeTable("is believed to live on",
		func(after time.Duration, lifetime oauth2.Lifetime) {
			token := given(after, lifetime)
			Expect(tokensecret.Believe(tokensecret.Expiry{At: expiresAt}, token)).To(Equal(tokensecret.ExpiryOf(token)))
		},
		Entry("as a JWT whose exp lies ahead", time.Second, claimed),
		Entry("if its lifetime is assumed, and almost over", -9*time.Second, assumed),
		Entry("if its lifetime is assumed, and over", time.Second, assumed),
	)

	cautious := oauth2.Lifetime{Source: oauth2.LifetimeFromExpiresAt, IsCautious: true}

	DescribeTable("whose former expiry was assumed is believed",
		func(after time.Duration, lifetime oauth2.Lifetime, isNew bool) {
			token := given(after, lifetime)
			former := tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryAssumed}
			expected := former
			if isNew {
				expected = tokensecret.ExpiryOf(token)
			}
			Expect(tokensecret.Believe(former, token)).To(Equal(expected))
		},
		Entry("at once, when the server tells", -20*time.Minute, told, true),
		Entry("when it is over, and the server tells", time.Second, told, true),
		Entry("not before it is almost over, when it is guessed again", -20*time.Minute, cautious, false),
		Entry("when it is over, and is guessed again", time.Second, cautious, true),
	)

	DescribeTable("whose former expiry the server stated is not assumed anew",
		func(lifetime oauth2.Lifetime) {
			_, err := tokensecret.Believe(tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryFromServer}, given(time.Second, lifetime))
			Expect(err).To(MatchError(ContainSubstring("gave the token again")))
		},
		Entry("without a lifetime", assumed),
		Entry("with a date without a zone", cautious),
	)

	DescribeTable("keeps its stated expiry, whatever is assumed now",
		func(after time.Duration) {
			former := tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryFromServer}
			Expect(tokensecret.Believe(former, given(after, assumed))).To(Equal(former))
		},
		Entry("if that is earlier", -90*time.Minute),
		Entry("if that is the same", -time.Hour),
		Entry("if that is later", -time.Minute),
	)

	It("is believed to expire sooner than before", func() {
		token := given(-90*time.Minute, told)
		Expect(tokensecret.Believe(tokensecret.Expiry{At: expiresAt, Source: v1alpha1.ExpiryFromServer}, token)).To(Equal(tokensecret.ExpiryOf(token)))
	})

	DescribeTable("is refused, and asked for again soon",
		func(after time.Duration) {
			_, err := tokensecret.Believe(tokensecret.Expiry{At: expiresAt}, given(after, told))
			failure := problem.Of(err)
			Expect(failure).To(HaveOccurred())
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonTokenExpired))
			Expect(failure.Class).To(Equal(problem.Unavailable))
			Expect(failure.Message).To(And(ContainSubstring("believed to expire at 2026-03-01T13:00:00Z"), ContainSubstring("defaultTokenLifetime")))
		},
		Entry("at its expiry", 0*time.Second),
		Entry("just after", time.Second),
		Entry("after five minutes", 5*time.Minute),
		Entry("if nobody asked for it for a day", 24*time.Hour),
	)
})
