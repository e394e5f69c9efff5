package renewal_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/renewal"
)

var _ = Describe("the token requests of a ClientCredential", func() {
	// sent returns requests that were sent the given numbers of seconds after now.
	sent := func(seconds ...int) (requests renewal.Requests) {
		for _, second := range seconds {
			requests = requests.Add(now.Add(time.Duration(second) * time.Second))
		}
		return requests
	}

	DescribeTable("allow the next request",
		func(asked, expected int, seconds ...int) {
			at := now.Add(time.Duration(asked) * time.Second)
			next := sent(seconds...).NextAt(at)
			if expected == asked {
				Expect(next).To(BeZero())
				return
			}
			Expect(next).To(Equal(now.Add(time.Duration(expected) * time.Second)))
		},
		Entry("immediately if there was no request", 0, 0),
		Entry("immediately after one request", 0, 0, 0),
		Entry("immediately after four requests at the same time", 0, 0, 0, 0, 0, 0),
		Entry("10 s after five requests at the same time", 0, 10, 0, 0, 0, 0, 0),
		Entry("10 s after the first of five, even if the last is recent", 9, 10, 0, 3, 6, 8, 9),
		Entry("10 s after the request that used up the allowance", 10, 20, 0, 0, 0, 0, 0, 10),
		Entry("immediately if there is one request per 10 s", 60, 60, 0, 10, 20, 30, 40, 50, 60),
		Entry("immediately after a minute without requests, five times again", 60, 60, 0, 0, 0, 0, 0, 60, 60, 60, 60),
		Entry("10 s later, once these five are used up", 60, 70, 0, 0, 0, 0, 0, 60, 60, 60, 60, 60),
		Entry("immediately after the clock was set back by an hour", -3600, -3600, 0, 0, 0, 0, 0),
	)

	It("are forgotten once none of them counts any more", func() {
		requests := sent(0, 0)
		Expect(requests.IsExpired(now.Add(19 * time.Second))).To(BeFalse())
		Expect(requests.IsExpired(now.Add(20 * time.Second))).To(BeTrue())
		Expect(requests.IsExpired(now.Add(-time.Hour))).To(BeTrue())
	})

	It("are never more than five plus one per 10 s, even if the operator tries more often", func() {
		var requests renewal.Requests
		count := 0
		for at := now; at.Before(now.Add(10 * time.Minute)); at = at.Add(37 * time.Millisecond) {
			if requests.NextAt(at).IsZero() {
				requests = requests.Add(at)
				count++
			}
		}
		Expect(count).To(BeNumerically("~", 5+60, 1))
	})
})
