package profile_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/profile"
)

// startedAt is the time when the requests of the recorded exchanges started.
var startedAt = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

var _ = Describe("the exchanges", func() {
	recorded := readExchanges()

	It("exist for every profile", func() {
		var names []string
		for _, e := range recorded {
			names = append(names, e.Spec.AuthorizationServer.Profile)
		}
		Expect(names).To(ContainElements(profile.Names()))
	})

	var entries []TableEntry
	for _, e := range recorded {
		entries = append(entries, Entry(e.Name, e))
	}
	DescribeTable("are as they were recorded", func(e exchange) {
		completed, request := build(e.Spec, e.Secret, e.ServiceAccountToken)
		Expect(e.withoutAssertion(asText(request))).To(Equal(e.Request))

		token, err := oauth2.ReadResponse(completed, request, responseOf(e.Response))
		Expect(err).NotTo(HaveOccurred())
		Expect(token.AccessToken.Reveal()).To(Equal(e.Token.AccessToken))
		Expect(token.Type).To(Equal(e.Token.Type))
		Expect(token.Scope).To(Equal(e.Token.Scope))
		Expect(token.ExpiresAt.Sub(startedAt)).To(Equal(e.Token.Lifetime.Duration))
		Expect(token.Lifetime.IsAssumed()).To(Equal(e.Token.Assumed))

		refused := responseOf(e.Refusal)
		_, err = oauth2.ReadResponse(completed, request, refused)
		var failure *oauth2.Error
		Expect(errors.As(err, &failure)).To(BeTrue(), "the refusal is read as a token")
		Expect(failure.Message).To(ContainSubstring(e.said(refused.StatusCode)))
		Expect(failure.Reason).To(Equal(e.Reason))
		Expect(failure.StatusCode).To(Equal(refused.StatusCode))
		Expect(failure.RetryAfter).To(Equal(e.RetryAfter.Duration))
	}, entries)
})
