package renewal_test

import (
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
)

// manySeeds calls do with the policies of many ClientCredentials.
func manySeeds(policy renewal.Policy, do func(renewal.Policy)) {
	for i := range 1000 {
		policy.Seed = "uid-" + strconv.Itoa(i)
		do(policy)
	}
}

// spread returns the minimum and the maximum of the delays for many seeds.
func spread(policy renewal.Policy, delay func(renewal.Policy) time.Duration) (lower, upper time.Duration) {
	lower, upper = 1<<62, -1<<62
	manySeeds(policy, func(p renewal.Policy) { lower, upper = min(lower, delay(p)), max(upper, delay(p)) })
	return lower, upper
}

var _ = Describe("the renewal", func() {
	DescribeTable("comes when this much of the lifetime is left, or up to a tenth of the lifetime earlier",
		func(lifetime time.Duration, policy renewal.Policy, left time.Duration) {
			lower, upper := spread(policy, func(p renewal.Policy) time.Duration {
				return now.Add(lifetime).Sub(p.RenewAt(now, now.Add(lifetime)))
			})
			// A thousand seeds come close to both ends.
			Expect(lower).To(BeNumerically("~", left, lifetime/200))
			Expect(lower).To(BeNumerically(">=", left))
			Expect(upper).To(BeNumerically("~", left+lifetime/10, lifetime/200))
			Expect(upper).To(BeNumerically("<=", left+lifetime/10))
		},
		Entry("a third by default", time.Hour, renewal.Policy{}, 33*time.Hour/100),
		Entry("a third of a day", 24*time.Hour, renewal.Policy{}, 33*24*time.Hour/100),
		Entry("a third of ten years, the maximum lifetime", 10*365*24*time.Hour, renewal.Policy{}, 33*365*24*time.Hour/10),
		Entry("renewBefore", time.Hour, renewal.Policy{Before: 10 * time.Minute}, 10*time.Minute),
		Entry("a third if renewBefore is the whole lifetime", time.Hour, renewal.Policy{Before: time.Hour}, 33*time.Hour/100),
		Entry("a third if renewBefore is longer than the lifetime", time.Hour, renewal.Policy{Before: 2 * time.Hour}, 33*time.Hour/100),
		Entry("the percentage", time.Hour, renewal.Policy{BeforePercentage: 10}, 6*time.Minute),
		Entry("the percentage of ten years", 10*365*24*time.Hour, renewal.Policy{BeforePercentage: 50}, 5*365*24*time.Hour),
	)

	DescribeTable("comes no sooner than ten seconds after the issue",
		func(lifetime time.Duration, policy renewal.Policy) {
			lower, upper := spread(policy, func(p renewal.Policy) time.Duration { return p.RenewAt(now, now.Add(lifetime)).Sub(now) })
			Expect(lower).To(Equal(10 * time.Second))
			Expect(upper).To(Equal(10 * time.Second))
		},
		Entry("for a token of 12 seconds", 12*time.Second, renewal.Policy{}),
		Entry("for a token that has expired by then", 3*time.Second, renewal.Policy{}),
		Entry("for a renewBefore of nearly the whole lifetime", time.Hour, renewal.Policy{Before: time.Hour - time.Second}),
		Entry("for a percentage of nearly the whole lifetime", 15*time.Minute, renewal.Policy{BeforePercentage: 99}),
	)

	It("is brought forward by at most half of the time since the issue", func() {
		lower, upper := spread(renewal.Policy{BeforePercentage: 90}, func(p renewal.Policy) time.Duration {
			return p.RenewAt(now, now.Add(time.Hour)).Sub(now)
		})
		Expect(lower).To(And(BeNumerically(">=", 3*time.Minute), BeNumerically("~", 3*time.Minute, 10*time.Second)))
		Expect(upper).To(And(BeNumerically("<=", 6*time.Minute), BeNumerically("~", 6*time.Minute, 10*time.Second)))
	})

	It("comes at the same time for the same token, even after a restart", func() {
		policy := renewal.Policy{Seed: "uid"}
		Expect(policy.RenewAt(now, now.Add(time.Hour))).To(Equal(renewal.Policy{Seed: "uid"}.RenewAt(now, now.Add(time.Hour))))
	})

	It("comes at different times for tokens that were issued together", func() {
		perMinute := map[time.Time]int{}
		manySeeds(renewal.Policy{}, func(p renewal.Policy) {
			perMinute[p.RenewAt(now, now.Add(time.Hour)).Truncate(time.Minute)]++
		})
		// The renewals spread over six minutes, about a sixth in each minute.
		for minute, renewals := range perMinute {
			Expect(renewals).To(BeNumerically("<", 250), minute.String())
		}
	})

	It("comes after a different delay each time, so that no ClientCredential is always first", func() {
		policy := renewal.Policy{Seed: "uid"}
		Expect(policy.RenewAt(now, now.Add(time.Hour)).Sub(now)).
			NotTo(Equal(policy.RenewAt(now.Add(time.Hour), now.Add(2*time.Hour)).Sub(now.Add(time.Hour))))
	})
})

var _ = DescribeTable("the minimum remaining lifetime of a token at its renewal is",
	func(lifetime time.Duration, policy renewal.Policy, margin time.Duration) {
		Expect(policy.Margin(lifetime)).To(Equal(margin))
		lower, _ := spread(policy, func(p renewal.Policy) time.Duration {
			return max(now.Add(lifetime).Sub(p.RenewAt(now, now.Add(lifetime))), 0)
		})
		Expect(lower).To(BeNumerically("~", margin, lifetime/200))
	},
	Entry("a third of an hour", time.Hour, renewal.Policy{}, 33*time.Hour/100),
	Entry("renewBefore", time.Hour, renewal.Policy{Before: 10 * time.Minute}, 10*time.Minute),
	Entry("no more than is left ten seconds after the issue", time.Minute, renewal.Policy{Before: 55 * time.Second}, 50*time.Second),
	Entry("nothing, if the token has expired by then", 5*time.Second, renewal.Policy{}, time.Duration(0)),
)

var _ = DescribeTable("the policy of a ClientCredential has", func(spec v1alpha1.ClientCredentialSpec, expected renewal.Policy) {
	owner := &v1alpha1.ClientCredential{ObjectMeta: metav1.ObjectMeta{UID: "uid"}, Spec: spec}
	expected.Seed = "uid"
	Expect(renewal.PolicyOf(owner)).To(Equal(expected))
},
	Entry("nothing but a seed by default", v1alpha1.ClientCredentialSpec{}, renewal.Policy{}),
	Entry("renewBefore", v1alpha1.ClientCredentialSpec{RenewBefore: &metav1.Duration{Duration: time.Minute}}, renewal.Policy{Before: time.Minute}),
	Entry("renewBeforePercentage", v1alpha1.ClientCredentialSpec{RenewBeforePercentage: 20}, renewal.Policy{BeforePercentage: 20}),
)

var _ = Describe("the next request for a token that the server returned again", func() {
	DescribeTable("comes",
		func(left, expected time.Duration) {
			Expect(renewal.RequestAgainAt(now, now.Add(left))).To(Equal(now.Add(expected)))
		},
		Entry("after half of twenty minutes", 20*time.Minute, 10*time.Minute),
		Entry("after half of ten years", 10*365*24*time.Hour, 5*365*24*time.Hour),
		Entry("after ten seconds when twenty are left", 20*time.Second, 10*time.Second),
		Entry("just after the expiry when half is less than ten seconds", 20*time.Second-1, 21*time.Second-1),
		Entry("just after the expiry when ten seconds are left", 10*time.Second, 11*time.Second),
		Entry("just after the expiry when a second is left", time.Second, 2*time.Second),
		Entry("just after the expiry when nothing is left", time.Duration(0), time.Second),
	)

	DescribeTable("comes, for a token whose lifetime is assumed,",
		func(left, expected time.Duration) {
			Expect(renewal.RequestAssumedAgainAt(now, now.Add(left))).To(Equal(now.Add(expected)))
		},
		Entry("after half of twenty minutes", 20*time.Minute, 10*time.Minute),
		Entry("just before the expiry when half is less than ten seconds", 12*time.Second, 7*time.Second),
		Entry("just after the expiry when it is too late for that", 5*time.Second, 6*time.Second),
	)

	It("comes a few times in the lifetime of a token, at least ten seconds apart, except for the last", func() {
		for _, lifetime := range []time.Duration{30 * time.Second, time.Minute, time.Hour, 24 * time.Hour, 365 * 24 * time.Hour} {
			expiresAt := now.Add(lifetime)
			tries := 0
			for at := now; at.Before(expiresAt); tries++ {
				next := renewal.RequestAgainAt(at, expiresAt)
				if next.Before(expiresAt) {
					Expect(next.Sub(at)).To(BeNumerically(">=", renewal.MinInterval))
				} else {
					Expect(next).To(Equal(expiresAt.Add(time.Second)))
				}
				at = next
			}
			Expect(tries).To(BeNumerically("<=", 23), lifetime.String())
		}
	})
})

var _ = DescribeTable("The notice about short lifetimes",
	func(policy renewal.Policy, lifetime time.Duration, said ...string) {
		notice := policy.LifetimeShort(lifetime)
		if len(said) == 0 {
			Expect(notice).To(BeNil())
			return
		}
		Expect(notice).To(HaveField("Reason", v1alpha1.EventLifetimeShort))
		Expect(notice.Message).To(ContainSubstring(said[0]))
	},
	Entry("proposes an earlier renewal if that can help", renewal.Policy{}, 4*time.Minute, "set spec.renewBefore to 2m30s, or read the Secret through the API"),
	Entry("proposes no earlier renewal if the token does not live that long", renewal.Policy{}, 30*time.Second, "issue longer-lived tokens, or read the Secret through the API"),
	Entry("ends once the renewal is early enough", renewal.Policy{Before: renewal.KubeletDelay}, 4*time.Minute),
	Entry("is absent for long-lived tokens", renewal.Policy{}, time.Hour),
)
