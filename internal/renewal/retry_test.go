package renewal_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
)

// retryIn returns the bounds of the delay after the given number of attempts of a class. left is the
// remaining lifetime of the valid token; 0 without one.
func retryIn(failure problem.Problem, attempts int32, left time.Duration) (minDelay, maxDelay time.Duration) {
	var expiresAt time.Time
	if left > 0 {
		expiresAt = now.Add(left)
	}
	return spread(renewal.Policy{}, func(p renewal.Policy) time.Duration {
		return p.RetryAt(now, &failure, attempts, expiresAt).Sub(now)
	})
}

var _ = Describe("the retry", func() {
	DescribeTable("comes after a delay that grows with each attempt of its class",
		func(class problem.Class, delays ...time.Duration) {
			expect := func(attempts int32, delay time.Duration) {
				GinkgoHelper()
				// Up to a fifth earlier, or up to a fifth later once credentials were refused 4 times.
				from, to := 80, 100
				if class == problem.CredentialsRefused && attempts >= 4 {
					from, to = 100, 120
				}
				earliest, latest := delay*time.Duration(from)/100, delay*time.Duration(to)/100
				minDelay, maxDelay := retryIn(problem.Problem{Class: class}, attempts, 0)
				Expect(minDelay).To(And(BeNumerically(">=", earliest), BeNumerically("~", earliest, delay/100)))
				Expect(maxDelay).To(And(BeNumerically("<=", latest), BeNumerically("~", latest, delay/100)))
			}
			for i, delay := range delays {
				expect(int32(i+1), delay) //nolint:gosec // A few attempts.
			}
			expect(100, delays[len(delays)-1])
			expect(1<<31-1, delays[len(delays)-1])
		},
		Entry("of an outage: 5 s, doubling to 5 min", problem.Unavailable,
			5*time.Second, 10*time.Second, 20*time.Second, 40*time.Second, 80*time.Second, 160*time.Second, 5*time.Minute, 5*time.Minute),
		Entry("of another response that may be temporary: 15 s, doubling to 5 min", problem.MayPass,
			15*time.Second, 30*time.Second, time.Minute, 2*time.Minute, 4*time.Minute, 5*time.Minute, 5*time.Minute),
		Entry("of refused credentials: 1 min, 5 min, 15 min, then hourly", problem.CredentialsRefused,
			time.Minute, 5*time.Minute, 15*time.Minute, time.Hour, time.Hour),
		Entry("of an object that is not ready: hourly, because a watch reports the change", problem.ObjectNotReady, time.Hour, time.Hour),
		Entry("of an object that must be changed: hourly, because a watch reports the change", problem.Invalid, time.Hour, time.Hour),
	)

	It("of an unknown class has the delays of a response that may be temporary", func() {
		_, maxDelay := retryIn(problem.Problem{}, 1, 0)
		Expect(maxDelay).To(BeNumerically("~", 15*time.Second, time.Second/5))
	})

	It("comes after the first delay if no attempts were counted", func() {
		_, maxDelay := retryIn(problem.Problem{Class: problem.Unavailable}, 0, 0)
		Expect(maxDelay).To(BeNumerically("~", 5*time.Second, time.Second/10))
	})

	DescribeTable("comes, while a token is valid, after half of its remaining lifetime",
		func(class problem.Class, attempts int32, left, expected time.Duration) {
			minDelay, maxDelay := retryIn(problem.Problem{Class: class}, attempts, left)
			Expect(maxDelay).To(BeNumerically("~", expected, expected/50))
			Expect(minDelay).To(BeNumerically(">=", expected*8/10))
		},
		Entry("after an outage", problem.Unavailable, int32(10), 6*time.Minute, 3*time.Minute),
		Entry("after a response that may be temporary", problem.MayPass, int32(10), 8*time.Minute, 4*time.Minute),
		Entry("after refused credentials", problem.CredentialsRefused, int32(3), 12*time.Minute, 6*time.Minute),
		Entry("after an object was not ready", problem.ObjectNotReady, int32(1), 20*time.Minute, 10*time.Minute),
		Entry("but not before the first delay of an outage", problem.Unavailable, int32(10), 6*time.Second, 5*time.Second),
		Entry("but not before the first delay of a response that may be temporary", problem.MayPass, int32(10), 20*time.Second, 15*time.Second),
		Entry("but not after credentials were refused 4 times: servers lock accounts", problem.CredentialsRefused, int32(4), 12*time.Minute, 72*time.Minute),
		Entry("but not later than without a token", problem.Unavailable, int32(1), 10*time.Hour, 5*time.Second),
	)

	DescribeTable("never comes before the server allows it",
		func(class problem.Class, left, retryAfter, minimum time.Duration) {
			minDelay, _ := retryIn(problem.Problem{Class: class, RetryAfter: retryAfter}, 1, left)
			Expect(minDelay).To(BeNumerically(">=", minimum))
		},
		Entry("after an outage", problem.Unavailable, time.Duration(0), 10*time.Minute, 10*time.Minute),
		Entry("after a response that may be temporary", problem.MayPass, time.Duration(0), 10*time.Minute, 10*time.Minute),
		Entry("after refused credentials", problem.CredentialsRefused, time.Duration(0), 3*time.Hour, 3*time.Hour),
		Entry("while a token is valid", problem.Unavailable, 6*time.Minute, 5*time.Minute, 5*time.Minute),
		Entry("but not sooner, if the Retry-After is short", problem.Unavailable, time.Duration(0), time.Second, 4*time.Second),
	)

	DescribeTable("of refused credentials comes at most 4 times in the first hour",
		func(left time.Duration) {
			manySeeds(renewal.Policy{}, func(p renewal.Policy) {
				expiresAt, at, requests := now.Add(left), now, 0
				for attempts := int32(1); at.Before(now.Add(time.Hour)); attempts++ {
					requests++
					valid := expiresAt
					if !at.Before(expiresAt) {
						valid = time.Time{}
					}
					at = p.RetryAt(at, &problem.Problem{Class: problem.CredentialsRefused}, attempts, valid)
				}
				Expect(requests).To(Equal(4))
			})
		},
		Entry("without a token", time.Duration(0)),
		Entry("while a token has 2 minutes left", 2*time.Minute),
		Entry("while a token has 20 minutes left", 20*time.Minute),
		Entry("while a token has 80 minutes left", 80*time.Minute),
		Entry("while a token has a day left", 24*time.Hour),
	)
})

var _ = DescribeTable("a problem is Stalled",
	func(class problem.Class, expected time.Time) {
		Expect(renewal.StallsAt(class, now)).To(Equal(expected))
	},
	Entry("never, if it is an outage", problem.Unavailable, time.Time{}),
	Entry("never, if an older version recorded it without a class", problem.Class(""), time.Time{}),
	Entry("after two minutes, if it is a response that may be temporary", problem.MayPass, now.Add(2*time.Minute)),
	Entry("after two minutes, if the credentials were refused", problem.CredentialsRefused, now.Add(2*time.Minute)),
	Entry("after two minutes, if an object is not ready", problem.ObjectNotReady, now.Add(2*time.Minute)),
	Entry("immediately, if an object must be changed", problem.Invalid, now),
)
