package throttle_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

var _ = Describe("an outage", func() {
	var t *throttle.Throttle
	BeforeEach(func() { t = throttle.New() })

	// answers sends a request, and calls answer at the same instant.
	answers := func(id string, seconds float64, answer func()) {
		GinkgoHelper()
		Expect(t.Reserve(request(id, none), after(seconds))).To(BeNil(), id)
		t.Sent(id, after(seconds))
		answer()
		t.Release(id, after(seconds))
	}
	fails := func(id string, seconds float64) {
		GinkgoHelper()
		answers(id, seconds, func() { t.Failed(id, throttle.Failure{Down: "Timeout"}, after(seconds)) })
	}
	succeeds := func(id string, seconds float64) {
		GinkgoHelper()
		answers(id, seconds, func() { t.Succeeded(id, after(seconds), after(seconds)) })
	}
	begins := func() {
		GinkgoHelper()
		for _, id := range []string{"shop/1", "shop/2", "shop/3"} {
			fails(id, 0)
		}
	}
	waits := func(id string, minutes int, seconds float64) {
		GinkgoHelper()
		Expect(causeOf(t.Reserve(request(id, minutes), after(seconds)))).To(Equal(throttle.ServerDown), id)
		t.Release(id, after(seconds))
	}

	It("begins when the requests of three ClientCredentials fail in a row", func() {
		fails("shop/1", 0)
		fails("shop/2", 0)
		fails("shop/3", 0)
		Expect(t.Reserve(request("shop/4", none), after(1))).To(HaveValue(Equal(throttle.Wait{
			Cause: throttle.ServerDown, Down: "Timeout", Until: after(121),
		})))
	})

	DescribeTable("does not begin if", func(prepare func()) {
		prepare()
		Expect(t.Reserve(request("shop/9", none), after(1))).To(BeNil())
	},
		Entry("only two ClientCredentials fail", func() { fails("shop/1", 0); fails("shop/2", 0) }),
		Entry("a single ClientCredential keeps failing", func() {
			for range 10 {
				fails("shop/1", 0)
			}
		}),
		Entry("a request succeeds in between", func() {
			fails("shop/1", 0)
			fails("shop/2", 0)
			succeeds("shop/9", 0)
			fails("shop/3", 0)
		}),
		Entry("the server refuses the requests", func() {
			for i := range 10 {
				id := fmt.Sprintf("shop/%d", i)
				answers(id, 0, func() { t.Failed(id, throttle.Failure{}, after(0)) })
			}
		}),
		Entry("another server is down", func() {
			for i := range 10 {
				id := fmt.Sprintf("shop/%d", i)
				other := request(id, none, func(r *throttle.Request) { r.Server = "other" })
				t.Enter(other, after(0))
				t.Failed(id, throttle.Failure{Down: "Timeout"}, after(0))
				t.Release(id, after(0))
			}
		}),
	)

	It("is probed with the most urgent request every 5 s", func() {
		begins()
		waits("shop/late", 20, 1)
		waits("shop/soon", 10, 1)
		waits("shop/new", none, 1)
		Expect(t.Due(after(4))).To(BeEmpty())
		Expect(t.Due(after(5))).To(Equal([]string{"shop/new"}))
		Expect(t.Due(after(6))).To(BeEmpty())
		waits("shop/soon", 10, 6)
		fails("shop/new", 6)
		Expect(t.Due(after(10))).To(BeEmpty())
		Expect(t.Due(after(11))).To(Equal([]string{"shop/soon"}))
	})

	It("is probed immediately with a request that comes when a probe is due", func() {
		begins()
		waits("shop/late", 20, 1)
		fails("shop/new", 5)
		waits("shop/newer", none, 9)
		fails("shop/newer", 10)
	})

	It("is probed with requests of the tenants in turn", func() {
		begins()
		waits("shop/new", none, 1)
		waits("shop/newer", none, 1)
		waits("bank/late", 20, 1)
		Expect(t.Due(after(5))).To(Equal([]string{"shop/new"}))
		fails("shop/new", 5)
		Expect(t.Due(after(10))).To(Equal([]string{"bank/late"}))
		fails("bank/late", 10)
		Expect(t.Due(after(15))).To(Equal([]string{"shop/newer"}))
	})

	It("is probed with another request if the first does not come within 5 s", func() {
		begins()
		waits("shop/gone", none, 1)
		waits("shop/late", 20, 1)
		Expect(t.Due(after(5))).To(Equal([]string{"shop/gone"}))
		Expect(t.Due(after(9))).To(BeEmpty())
		Expect(t.Due(after(10))).To(Equal([]string{"shop/late"}))
	})

	DescribeTable("is probed with another request if the first", func(ends func()) {
		begins()
		waits("shop/new", none, 1)
		waits("shop/late", 20, 1)
		Expect(t.Due(after(5))).To(Equal([]string{"shop/new"}))
		Expect(t.Reserve(request("shop/new", none), after(5))).To(BeNil())
		ends()
		Expect(t.Due(after(6))).To(Equal([]string{"shop/late"}))
	},
		Entry("cannot be sent", func() { t.Release("shop/new", after(5)) }),
		Entry("is withdrawn", func() { t.Withdraw("shop/new", after(5)) }),
		Entry("is of a client that the server asked to wait", func() {
			other := request("shop/other", none)
			other.Client = "shop/new"
			t.Enter(other, after(5))
			t.Failed(other.ID, throttle.Failure{RetryAfter: 60e9}, after(5))
			Expect(causeOf(t.Reserve(request("shop/new", none), after(5)))).To(Equal(throttle.ServerPaused))
		}),
	)

	It("ends with the first success, and calls all requests that waited or failed, the most urgent first", func() {
		begins()
		waits("shop/late", 20, 1)
		waits("shop/soon", 10, 1)
		waits("shop/new", none, 1)
		succeeds("shop/new", 5)
		Expect(t.Calling()).To(Receive())
		called := t.Due(after(5))
		Expect(called).To(Equal([]string{"shop/1", "shop/2", "shop/3", "shop/soon", "shop/late"}))
		for _, id := range called {
			Expect(t.IsRecovered(id)).To(BeTrue(), id)
			succeeds(id, 5)
			Expect(t.IsRecovered(id)).To(BeFalse(), id)
		}
		Expect(t.Due(after(6))).To(BeEmpty())
	})

	It("ends when too few of the failed ClientCredentials remain, and calls the waiting requests", func() {
		begins()
		waits("shop/new", none, 1)
		t.Forget("shop/1", after(1))
		Expect(t.Calling()).To(Receive())
		Expect(t.Due(after(1))).To(Equal([]string{"shop/new"}))
		Expect(t.Reserve(request("shop/new", none), after(1))).To(BeNil())
	})

	It("does not begin again with ClientCredentials that failed before", func() {
		begins()
		succeeds("shop/4", 5)
		for range 10 {
			for _, id := range []string{"shop/1", "shop/2", "shop/3"} {
				fails(id, 6)
			}
		}
		succeeds("shop/4", 7)
		Expect(t.IsRecovered("shop/1")).To(BeFalse(), "its own backoff continues")
	})

	It("ends, and then the requests that failed during it go before requests that fail for their own reasons", func() {
		begins()
		succeeds("shop/4", 5)
		failed := func(r *throttle.Request) { r.HasFailed = true }
		Expect(t.Reserve(request("shop/4", none, limited(1)), after(6))).To(BeNil())
		t.Sent("shop/4", after(6))
		Expect(causeOf(t.Reserve(request("shop/broken", none, limited(1), failed), after(7)))).To(Equal(throttle.RateLimited))
		Expect(causeOf(t.Reserve(request("shop/1", 10, limited(1), failed), after(8)))).To(Equal(throttle.RateLimited))
		Expect(causeOf(t.Reserve(request("shop/broken", none, limited(1), failed), after(66)))).To(Equal(throttle.RateLimited))
		Expect(t.Reserve(request("shop/1", 10, limited(1), failed), after(66))).To(BeNil())
	})

	DescribeTable("is still probed if the clock is set back by two hours", func(prepare func()) {
		begins()
		prepare()
		isProbe := t.Reserve(request("shop/late", 20), after(-7200)) == nil
		Expect(isProbe || len(t.Due(after(-7199))) == 1).To(BeTrue())
	},
		Entry("between two probes", func() { waits("shop/new", none, 1) }),
		Entry("during a probe", func() { Expect(t.Reserve(request("shop/new", none), after(6))).To(BeNil()) }),
	)
	It("is not kept up by a probe that waits for a busy host", func() {
		for i := range 112 {
			Expect(t.Reserve(request(fmt.Sprint("slow/", i), none, func(r *throttle.Request) {
				r.Server, r.Host = fmt.Sprint("slow", i), fmt.Sprint("slow", i)
			}), after(0))).To(BeNil())
		}
		begins()
		waits("slow/probe", none, 1)
		waits("shop/good", 60, 1)
		probed := false
		for seconds := 5.0; seconds < 60 && !probed; seconds++ {
			for _, id := range t.Due(after(seconds)) {
				// The tenant of the first probe has used its share of all slots.
				probed = t.Reserve(request(id, none), after(seconds)) == nil
				t.Release(id, after(seconds))
			}
			// Edits trigger further reconciles.
			t.Reserve(request("slow/probe", none), after(seconds))
			t.Release("slow/probe", after(seconds))
		}
		Expect(probed).To(BeTrue())
	})

	It("is probed every 5 s if the probes are refused, and a ClientCredential that was refused probes last", func() {
		begins()
		for i := range 20 {
			waits(fmt.Sprint("shop/refused-", i), none, 1)
		}
		waits("shop/good", 60, 1)
		var probes []string
		for seconds := 5.0; seconds < 300; seconds++ {
			for _, id := range t.Due(after(seconds)) {
				probes = append(probes, id)
				answers(id, seconds, func() { t.Failed(id, throttle.Failure{}, after(seconds)) })
				// The backoff of a refused request is over soon.
				t.Reserve(request(id, none), after(seconds))
				t.Release(id, after(seconds))
			}
		}
		Expect(len(probes)).To(BeNumerically("~", 59, 1))
		Expect(probes).To(ContainElement("shop/good"))
		Expect(probes[:21]).To(HaveLen(len(distinct(probes[:21]))), "each ClientCredential probes once before one of them probes again")
	})

	It("is called off when the ClientCredentials that failed name other servers", func() {
		other := func(r *throttle.Request) { r.Server = "https://other.example.com/token" }
		for i := range 3 {
			id := fmt.Sprint("shop/", i)
			fails(id, 0)
			Expect(t.Reserve(request(id, none, other), after(1))).To(BeNil())
			t.Sent(id, after(1))
			t.Succeeded(id, after(1), after(1))
			t.Release(id, after(1))
		}
		for _, id := range []string{"shop/x", "shop/y"} {
			Expect(t.Reserve(request(id, none), after(2))).To(BeNil())
			t.Release(id, after(2))
		}
	})

	It("leaves nothing in memory of a ClientCredential whose server was edited again and again", func() {
		for i := range 100 {
			Expect(t.Reserve(request("shop/a", none, func(r *throttle.Request) { r.Server = fmt.Sprint("typo-", i) }), after(float64(i)))).To(BeNil())
			t.Sent("shop/a", after(float64(i)))
			t.Failed("shop/a", throttle.Failure{Down: "Timeout"}, after(float64(i)))
			t.Release("shop/a", after(float64(i)))
		}
		t.Forget("shop/a", after(200))
		t.Due(after(300))
		Expect(t.Size()).To(BeZero())
	})

	It("calls at its end also a ClientCredential that failed in an earlier outage", func() {
		begins()
		succeeds("shop/good", 6)
		t.Due(after(6))
		for _, id := range []string{"shop/4", "shop/5", "shop/6"} {
			fails(id, 7)
		}
		waits("shop/1", none, 8)
		Expect(t.Due(after(13))).To(ConsistOf("shop/1"))
		fails("shop/1", 13)
		Expect(t.IsRecovered("shop/1")).To(BeFalse())
		succeeds("shop/good", 19)
		Expect(t.IsRecovered("shop/1")).To(BeTrue())
	})

	It("that is over lets a request skip its backoff once, even if it fails before it is sent", func() {
		begins()
		succeeds("shop/good", 6)
		Expect(t.IsRecovered("shop/1")).To(BeTrue())
		Expect(t.Reserve(request("shop/1", none), after(7))).To(BeNil())
		t.Failed("shop/1", throttle.Failure{Down: "Timeout", IsUnsent: true}, after(7))
		t.Release("shop/1", after(7))
		Expect(t.IsRecovered("shop/1")).To(BeFalse())
	})

})
