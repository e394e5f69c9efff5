package oauth2_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/oauth2"
)

var _ = Describe("All notices about a token", func() {
	It("are about its lifetime, what was issued, and what the response lacks", func() {
		bound := oauth2.Notice{Reason: "TokenBound", Message: "bound"}
		token := oauth2.Token{
			Lifetime: oauth2.Lifetime{Assumed: time.Hour}, Notices: []oauth2.Notice{bound}, MissingFields: []string{"region", "instance_url"},
		}
		Expect(token.AllNotices()).To(HaveExactElements(
			And(HaveField("Reason", "LifetimeAssumed"), HaveField("Message", ContainSubstring("1h0m0s is assumed"))),
			bound,
			oauth2.Notice{
				Reason:  "ResponseFieldMissing",
				Message: `the token response has nothing at the pointers of authorizationServer.response.fields "region, instance_url", so the token Secret does not hold them: correct the pointers, or remove the fields`,
			},
		))
	})

	It("are none about a token whose response is complete", func() {
		Expect(oauth2.Token{}.AllNotices()).To(BeEmpty())
	})
})
