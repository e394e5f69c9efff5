package explain_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

// issued sets a newer token.
func issued(cc *v1alpha1.ClientCredential) {
	cc.Status.Token.IssuedAt, cc.Status.Token.ExpiresAt = at(0), at(time.Hour)
}

var _ = Describe("The result of a renewal request", func() {
	const request = "2026-03-01T12:00:00Z"
	asked, tried := requested(request), handled(request)

	DescribeTable("is",
		func(done, failed bool, message string, changes ...change) {
			Expect(explain.RenewalOf(clientCredential(), clientCredential(changes...), request, now)).To(Equal(
				explain.Renewal{Done: done, Failed: failed, Message: message}))
		},
		Entry("a new token", true, false, `renewed: Secret "orders-token" holds a token that expires at 2026-03-01T13:00:00Z (in 60m)`, asked, tried, issued),
		Entry("a new token, even if another renewal has been requested since", true, false,
			`renewed: Secret "orders-token" holds a token that expires at 2026-03-01T13:00:00Z (in 60m)`, requested("later"), tried, issued),
		Entry("the same token again", true, false,
			`not renewed: the server returned the same token again; Secret "orders-token" holds a token that expires at 2026-03-01T12:40:00Z (in 40m)`, asked, tried),
		Entry("a failure while the old token is valid", true, true, "not renewed: Timeout: message of Timeout (the next attempt is in 30s)",
			asked, tried, renewalFailing("Timeout"), failed("Timeout", 1, 30*time.Second)),
		Entry("a failure without a token", true, true, "not renewed: InvalidClient: message of InvalidClient", asked, tried, noToken, stalled("InvalidClient")),
		Entry("no token, without a reason", true, true, "not renewed: there is no valid token", asked, tried, noToken),
		Entry("nothing yet", false, true, "not renewed yet", asked),
		Entry("nothing yet, with the reason", false, true, "not renewed yet: RateLimited: message of RateLimited", asked, noToken, reconciling("RateLimited")),
		Entry("a suspension", true, true, "not renewed: it was suspended meanwhile", asked, suspended),
		Entry("a suspension after the attempt, without a valid token", true, true, "not renewed: it was suspended meanwhile",
			asked, tried, suspended, noToken, stalled("Suspended")),
		Entry("a deletion", true, true, "not renewed: it was deleted meanwhile", asked, deleted(0)),
		Entry("another object of the same name", true, true, "not renewed: it was deleted meanwhile", asked, tried,
			func(cc *v1alpha1.ClientCredential) { cc.UID = "other" }),
		Entry("another request", true, true, "unknown: another renewal request replaced this request", requested("later")),
	)

	It("is a new token even if it was issued in the same second as the old token", func() {
		answers := func(cc *v1alpha1.ClientCredential) { cc.Status.Token.RenewRequest = request }
		Expect(explain.RenewalOf(clientCredential(), clientCredential(asked, tried, answers), request, now)).To(
			HaveField("Message", HavePrefix("renewed: ")))
	})

	It("is a new token if there was none before", func() {
		Expect(explain.RenewalOf(clientCredential(noToken), clientCredential(asked, tried), request, now)).To(
			HaveField("Message", HavePrefix("renewed: ")))
	})
})
