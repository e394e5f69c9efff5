package metrics_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/problem"
)

const (
	requests  = "tokensync_token_requests_total"
	durations = "tokensync_token_request_duration_seconds"
	waits     = "tokensync_rate_limit_wait_seconds"
	left      = "tokensync_token_lifetime_left_at_renewal_ratio"
)

var _ = DescribeTable("a token request",
	func(url string, err error, expected ...string) {
		collector := metrics.New("")
		collector.TokenRequested("shop", url, time.Second, err)
		Expect(series(collector, requests)).To(ConsistOf(expected))
		Expect(series(collector, durations)).To(HaveLen(13 * len(expected)))
	},
	Entry("that returns a token is a success",
		"https://idp.example.com/oauth2/token", nil, `token_requests_total{result="success",server="idp.example.com"} 1`),
	Entry("is counted by host and port, without other parts of the URL",
		"https://shop:s3cr3t@IDP.example.com:8443/tenant/token?client_secret=s3cr3t#x", nil,
		`token_requests_total{result="success",server="idp.example.com:8443"} 1`),
	Entry("that fails is counted by its reason",
		"https://idp.example.com/token", fmt.Errorf("ask: %w", &problem.Problem{Reason: "InvalidClient", Message: "not you"}),
		`token_requests_total{result="InvalidClient",server="idp.example.com"} 1`),
	Entry("that fails for an unknown reason is also counted",
		"https://idp.example.com/token", &problem.Problem{Reason: "s3cr3t"}, `token_requests_total{result="other",server="idp.example.com"} 1`),
	Entry("that a shutdown of the operator interrupts is also counted",
		"https://idp.example.com/token", context.Canceled, `token_requests_total{result="other",server="idp.example.com"} 1`),
	Entry("to a host that is not valid UTF-8 is also counted",
		"https://%ff.example.com/token", nil, `token_requests_total{result="success",server="other"} 1`),
	Entry("to a host that is too long is also counted",
		"https://"+strings.Repeat("a", 260), nil, `token_requests_total{result="success",server="other"} 1`),
	Entry("that is not sent because it is not https is not counted",
		"http://idp.example.com/token", &problem.Problem{Reason: "TokenEndpointInsecure"}),
	Entry("that is not sent because the address is denied is not counted",
		"https://localhost/token", &problem.Problem{Reason: "AddressDenied"}),
	Entry("that is not sent because there is no endpoint is not counted",
		"", &problem.Problem{Reason: "TokenEndpointMissing"}),
)

var _ = Describe("the label server", func() {
	It("has at most a hundred values of a single namespace, over all metrics", func() {
		collector := metrics.New("")
		for i := range 150 {
			collector.TokenRequested("shop", fmt.Sprintf("https://%d.example.com/token", i), time.Second, nil)
			collector.Waited("shop", fmt.Sprintf("https://%d.example.com/token", i), time.Second)
		}
		for _, name := range []string{durations, waits} {
			Expect(series(collector, name)).To(And(
				ContainElement(MatchRegexp(`_count{server="99.example.com"} 1`)),
				ContainElement(MatchRegexp(`_count{server="other"} 50`)),
				Not(ContainElement(ContainSubstring("100.example.com")))))
		}
		Expect(series(collector, requests)).To(HaveLen(101))
	})

	It("has values for a namespace even if another namespace used its whole share", func() {
		collector := metrics.New("")
		for i := range 300 {
			collector.TokenRequested("hostile", fmt.Sprintf("https://%d.example.com/token", i), time.Second, nil)
		}
		collector.TokenRequested("shop", "https://idp.example.com/token", time.Second, nil)
		Expect(series(collector, requests)).To(ContainElement(ContainSubstring(`server="idp.example.com"`)))
	})
})

var _ = DescribeTable("the remaining lifetime of a token that is replaced",
	func(now time.Time, bucketBelow, bucketAbove string) {
		collector := metrics.New("")
		collector.Renewed(issuedAt, expiresAt, now)
		Expect(series(collector, left)).To(ContainElement("token_lifetime_left_at_renewal_ratio_bucket{le=\"" + bucketAbove + "\"} 1"))
		if bucketBelow != "" {
			Expect(series(collector, left)).To(ContainElement("token_lifetime_left_at_renewal_ratio_bucket{le=\"" + bucketBelow + "\"} 0"))
		}
	},
	Entry("in time is a third", renewAt, "0.3", "0.35"),
	Entry("immediately is the whole lifetime", issuedAt, "0.75", "1"),
	Entry("before its issue, by another clock, is the whole lifetime", issuedAt.Add(-time.Hour), "0.75", "1"),
	Entry("just before it expires is not zero", expiresAt.Add(-time.Second), "0", "0.05"),
	Entry("at its expiry is zero", expiresAt, "", "0"),
	Entry("long after its expiry is zero", expiresAt.Add(time.Hour), "", "0"),
)

var _ = Describe("the remaining lifetime of a token with a lifetime of zero", func() {
	It("is zero", func() {
		collector := metrics.New("")
		collector.Renewed(expiresAt, expiresAt, issuedAt)
		Expect(series(collector, left)).To(ContainElement(`token_lifetime_left_at_renewal_ratio_sum 0`))
	})
})
