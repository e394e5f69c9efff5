package throttle_test

import (
	"fmt"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

// request returns the token request of a ClientCredential, such as "shop/a". Its token expires the given
// number of minutes after now.
func request(id string, minutes int, changes ...func(*throttle.Request)) throttle.Request {
	made := throttle.Request{Waiter: token{id, minutes}.waiter(), Server: server, Host: "idp.example.com:443", Client: id}
	for _, change := range changes {
		change(&made)
	}
	return made
}

func limited(requests int) func(*throttle.Request) {
	return func(r *throttle.Request) { r.Limit = perMinute(requests) }
}

func at(host string) func(*throttle.Request) { return func(r *throttle.Request) { r.Host = host } }

// causeOf returns what a request waits for; zero if it is reserved.
func causeOf(wait *throttle.Wait) throttle.Cause {
	if wait == nil {
		return 0
	}
	return wait.Cause
}

var _ = Describe("a throttle", func() {
	var t *throttle.Throttle
	BeforeEach(func() { t = throttle.New() })

	reserves := func(r throttle.Request, seconds float64) throttle.Cause {
		return causeOf(t.Reserve(r, after(seconds)))
	}

	It("counts a request once, even if Reserve is called again when its client is known", func() {
		for range 3 {
			Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		}
		Expect(reserves(request("shop/b", none, limited(1)), 0)).To(Equal(throttle.RateLimited))
	})

	DescribeTable("keeps a limit of 1 per second when requests are sent long after they were reserved",
		func(interval float64) {
			limit := func(r *throttle.Request) { r.Limit = throttle.Limit{Requests: 1, Per: time.Second} }
			for i := range 5 {
				Expect(reserves(request(fmt.Sprint("shop/", i), none, limit), interval*float64(i))).To(BeZero())
			}
			sent := 0
			for i := range 5 {
				id := fmt.Sprint("shop/", i)
				if causeOf(t.Enter(request(id, none, limit), after(20))) == 0 {
					t.Sent(id, after(20))
					sent++
				}
				t.Release(id, after(20))
			}
			Expect(sent).To(Equal(1))
			Expect(reserves(request("shop/other", none, limit), 20.2)).To(Equal(throttle.RateLimited))
		},
		Entry("one after the other", 1.01),
		Entry("long before, so that the limiter has forgotten them", 3.0),
	)

	It("does not count a request without a limit that is reserved but not sent", func() {
		Expect(reserves(request("shop/a", none, limited(3)), 0)).To(BeZero())
		t.Sent("shop/a", after(0))
		t.Succeeded("shop/a", after(0), after(0))
		t.Release("shop/a", after(0))
		for seconds := 1.0; seconds < 6; seconds++ {
			Expect(reserves(request("shop/unlimited", none), seconds)).To(BeZero())
			Expect(reserves(request("shop/unlimited", none), seconds)).To(BeZero())
			t.Release("shop/unlimited", after(seconds))
		}
		Expect(reserves(request("shop/b", none, limited(3)), 10)).To(BeZero())
	})

	It("keeps the slot of a request that is called while its reconcile ends", func() {
		for i := range 16 {
			Expect(reserves(request(fmt.Sprint("shop/", i), none), 0)).To(BeZero())
		}
		for _, id := range []string{"shop/x", "shop/y"} {
			Expect(reserves(request(id, none), 0)).To(Equal(throttle.HostBusy))
			t.Release(id, after(0))
		}
		Expect(reserves(request("shop/x", none), 1)).To(Equal(throttle.HostBusy))
		t.Release("shop/0", after(1))
		t.Release("shop/x", after(1))
		Expect(t.Due(after(1))).To(ContainElement("shop/x"))
		Expect(reserves(request("shop/x", none), 1.1)).To(BeZero())
	})

	It("leaves nothing in memory of a request that only entered a host, and is forgotten", func() {
		for i := range 16 {
			Expect(reserves(request(fmt.Sprint("shop/", i), none), 0)).To(BeZero())
		}
		revocation := request("shop/x", none, limited(1))
		Expect(causeOf(t.Enter(revocation, after(0)))).To(Equal(throttle.HostBusy))
		t.Release("shop/x", after(0))
		t.Release("shop/0", after(1))
		Expect(t.Due(after(1))).To(ContainElement("shop/x"))
		Expect(t.Enter(revocation, after(1))).To(BeNil())
		for i := range 16 {
			t.Forget(fmt.Sprint("shop/", i), after(2))
		}
		t.Release("shop/x", after(2))
		t.Forget("shop/x", after(2))
		// Until then, the limiter remembers the limit.
		t.Due(after(70))
		Expect(t.Size()).To(BeZero())
	})

	It("counts a request from when it is sent", func() {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		t.Sent("shop/a", after(10))
		t.Succeeded("shop/a", after(10), after(11))
		t.Release("shop/a", after(11))
		Expect(t.Reserve(request("shop/b", none, limited(1)), after(12)).Until).To(Equal(after(70)))
	})

	DescribeTable("does not count a request that was not sent", func(ends func()) {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		ends()
		t.Release("shop/a", after(1))
		Expect(reserves(request("shop/b", none, limited(1)), 2)).To(BeZero())
	},
		Entry("because the credentials were missing", func() {}),
		Entry("because the address is denied", func() {
			t.Sent("shop/a", after(1))
			t.Failed("shop/a", throttle.Failure{IsUnsent: true}, after(1))
		}),
		Entry("because the host in the metadata is busy", func() {
			for i, ok := 0, true; ok; i++ {
				_, ok = t.TryEnter("idp", fmt.Sprint(i))
			}
			Expect(causeOf(t.Enter(request("shop/a", none, limited(1), at("idp")), after(1)))).To(Equal(throttle.HostBusy))
		}),
		Entry("because the ClientCredential was deleted", func() { t.Forget("shop/a", after(1)) }),
	)

	It("returns when a request began to wait for a rate limit", func() {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		Expect(t.Sent("shop/a", after(0))).To(BeZero())
		t.Release("shop/a", after(0))
		Expect(reserves(request("shop/b", none, limited(1)), 1)).To(Equal(throttle.RateLimited))
		t.Release("shop/b", after(1))
		Expect(reserves(request("shop/b", none, limited(1)), 30)).To(Equal(throttle.RateLimited))
		t.Release("shop/b", after(30))
		Expect(reserves(request("shop/b", none, limited(1)), 60)).To(BeZero())
		Expect(t.Sent("shop/b", after(61))).To(Equal(after(1)))
	})

	It("returns when a request began to wait for a busy host", func() {
		for i := range 16 {
			Expect(reserves(request(fmt.Sprintf("shop/%d", i), none), 0)).To(BeZero())
		}
		for _, seconds := range []float64{1, 20} {
			wait := t.Reserve(request("shop/a", none), after(seconds))
			Expect(wait.Cause).To(Equal(throttle.HostBusy))
			Expect(wait.Since).To(Equal(after(1)))
			t.Release("shop/a", after(seconds))
		}
		Expect(t.Reserve(request("shop/a", none), after(-7200)).Since).To(Equal(after(-7200)), "the clock was set back")
		t.Release("shop/0", after(30))
		Expect(t.Due(after(30))).To(Equal([]string{"shop/a"}))
		Expect(reserves(request("shop/a", none), 30)).To(BeZero())
	})

	It("gives the slot of an answered request to the next request, even before Release", func() {
		for i := range 16 {
			Expect(reserves(request(fmt.Sprintf("shop/%d", i), none), 0)).To(BeZero())
		}
		Expect(reserves(request("shop/a", none), 0)).To(Equal(throttle.HostBusy))
		t.Sent("shop/3", after(0))
		t.Succeeded("shop/3", after(0), after(1))
		Expect(t.Calling()).To(Receive())
		Expect(t.Due(after(1))).To(Equal([]string{"shop/a"}))
	})

	It("puts a request that failed behind requests for tokens that are due", func() {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		failed := request("shop/failed", none, limited(1), func(r *throttle.Request) { r.HasFailed = true })
		Expect(reserves(failed, 1)).To(Equal(throttle.RateLimited))
		Expect(reserves(request("shop/due", 10, limited(1)), 2)).To(Equal(throttle.RateLimited))
		Expect(reserves(failed, 60)).To(Equal(throttle.RateLimited))
		Expect(reserves(request("shop/due", 10, limited(1)), 60)).To(BeZero())
	})

	It("forgets a request to the previous server after an edit of the spec", func() {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		Expect(reserves(request("shop/b", none, limited(1)), 0)).To(Equal(throttle.RateLimited))
		Expect(reserves(request("shop/c", none, limited(1)), 0)).To(Equal(throttle.RateLimited))
		other := func(r *throttle.Request) { r.Server, r.Host = "https://other.example.com/", "other.example.com:443" }
		Expect(reserves(request("shop/b", none, other), 1)).To(BeZero())
		Expect(reserves(request("shop/c", none, limited(1)), 60)).To(BeZero())
	})

	It("forgets completed requests", func() {
		for i := range 100 {
			id := fmt.Sprintf("tenant-%d/%d", i%7, i)
			requester := request(id, i%3, limited(30))
			if t.Reserve(requester, now) == nil {
				t.Sent(id, now)
				t.Failed(id, throttle.Failure{Down: "Timeout"[:7*(i%2)], RetryAfter: time.Duration(i) * time.Second}, now)
			}
			t.Release(id, now)
		}
		for i := range 100 {
			t.Forget(fmt.Sprintf("tenant-%d/%d", i%7, i), now)
		}
		t.Due(after(100))
		t.Due(after(200))
		Expect(t.Size()).To(BeZero())
	})

	It("keeps a limit if it is used concurrently", func() {
		var group sync.WaitGroup
		// Only one goroutine at a time reads the clock and reserves. In this test, each call advances the
		// clock by 25 ms, so a goroutine that is stopped in between would be minutes late.
		var clock struct {
			sync.Mutex
			calls float64
		}
		sent := make([][]time.Time, 8)
		for worker := range sent {
			group.Go(func() {
				for i := range 500 {
					id := fmt.Sprintf("%d/%d %d", worker%3, worker, i%7)
					clock.Lock()
					clock.calls++
					at := after(clock.calls / 40)
					isReserved := t.Reserve(request(id, i%5, limited(30)), at) == nil
					if isReserved {
						t.Sent(id, at)
						sent[worker] = append(sent[worker], at)
					}
					clock.Unlock()
					if isReserved {
						t.Succeeded(id, at, at)
					}
					t.Release(id, at)
					t.Withdraw(strings.Replace(id, " 3", " 4", 1), at)
					t.IsRecovered(id)
					t.Due(at)
				}
			})
		}
		group.Wait()
		var all []time.Time
		for _, times := range sent {
			all = append(all, times...)
		}
		expectWithin(perMinute(30), all)
	})
})
