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

// request is the token request of a ClientCredential, such as "shop/a", whose token expires so many
// minutes after now.
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

// causeOf is what a request waits for; zero if it is reserved.
func causeOf(wait *throttle.Wait) throttle.Cause {
	if wait == nil {
		return 0
	}
	return wait.Cause
}

var _ = Describe("A throttle", func() {
	var t *throttle.Throttle
	BeforeEach(func() { t = throttle.New() })

	reserves := func(r throttle.Request, seconds float64) throttle.Cause {
		return causeOf(t.Reserve(r, after(seconds)))
	}

	It("reserves the same request again, when its client is known", func() {
		for range 3 {
			Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		}
		Expect(reserves(request("shop/b", none, limited(1)), 0)).To(Equal(throttle.RateLimited))
	})

	It("counts a request under a rate limit from when it is sent", func() {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		t.Sent("shop/a", after(10))
		t.Succeeded("shop/a", after(10), after(11))
		t.Release("shop/a", after(11))
		Expect(t.Reserve(request("shop/b", none, limited(1)), after(12)).Until).To(Equal(after(70)))
	})

	DescribeTable("counts no request under a rate limit that was not sent", func(ends func()) {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		ends()
		t.Release("shop/a", after(1))
		Expect(reserves(request("shop/b", none, limited(1)), 2)).To(BeZero())
	},
		Entry("since the credentials were missing", func() {}),
		Entry("since the address is denied", func() {
			t.Sent("shop/a", after(1))
			t.Failed("shop/a", throttle.Failure{IsUnsent: true}, after(1))
		}),
		Entry("since the host is busy that the metadata name", func() {
			for i, ok := 0, true; ok; i++ {
				_, ok = t.TryEnter("idp", fmt.Sprint(i))
			}
			Expect(causeOf(t.Enter(request("shop/a", none, limited(1), at("idp")), after(1)))).To(Equal(throttle.HostBusy))
		}),
		Entry("since the ClientCredential was deleted", func() { t.Forget("shop/a", after(1)) }),
	)

	It("tells since when a request waited for a rate limit", func() {
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

	It("tells since when a request waits for a busy host", func() {
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

	It("gives the place of an answered request to the next, before that is released", func() {
		for i := range 16 {
			Expect(reserves(request(fmt.Sprintf("shop/%d", i), none), 0)).To(BeZero())
		}
		Expect(reserves(request("shop/a", none), 0)).To(Equal(throttle.HostBusy))
		t.Sent("shop/3", after(0))
		t.Succeeded("shop/3", after(0), after(1))
		Expect(t.Calling()).To(Receive())
		Expect(t.Due(after(1))).To(Equal([]string{"shop/a"}))
	})

	It("lets a request that failed wait behind tokens that are due", func() {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		failed := request("shop/failed", none, limited(1), func(r *throttle.Request) { r.HasFailed = true })
		Expect(reserves(failed, 1)).To(Equal(throttle.RateLimited))
		Expect(reserves(request("shop/due", 10, limited(1)), 2)).To(Equal(throttle.RateLimited))
		Expect(reserves(failed, 60)).To(Equal(throttle.RateLimited))
		Expect(reserves(request("shop/due", 10, limited(1)), 60)).To(BeZero())
	})

	It("forgets a request to another server when the spec was edited", func() {
		Expect(reserves(request("shop/a", none, limited(1)), 0)).To(BeZero())
		Expect(reserves(request("shop/b", none, limited(1)), 0)).To(Equal(throttle.RateLimited))
		Expect(reserves(request("shop/c", none, limited(1)), 0)).To(Equal(throttle.RateLimited))
		other := func(r *throttle.Request) { r.Server, r.Host = "https://other.example.com/", "other.example.com:443" }
		Expect(reserves(request("shop/b", none, other), 1)).To(BeZero())
		Expect(reserves(request("shop/c", none, limited(1)), 60)).To(BeZero())
	})

	It("remembers nothing of requests that are over", func() {
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

	It("keeps to a limit when it is used by several goroutines", func() {
		var group sync.WaitGroup
		// One at a time reads the clock and reserves: a goroutine that is stopped in between would be
		// minutes late here, where a call takes 25 ms.
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
