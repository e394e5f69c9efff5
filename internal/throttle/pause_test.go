package throttle_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

var _ = Describe("a pause", func() {
	const client = "shop"
	request := func(server, client string) throttle.Request {
		return throttle.Request{Waiter: throttle.Waiter{ID: "shop/" + client, Tenant: "shop"}, Server: server, Host: server, Client: client}
	}
	// attempts sends a request that fails with a Retry-After.
	attempts := func(t *throttle.Throttle, at, retryAfter float64) {
		requester := request(server, client)
		requester.ID = "shop/another"
		t.Enter(requester, after(at))
		t.Failed(requester.ID, throttle.Failure{RetryAfter: time.Duration(retryAfter * float64(time.Second))}, after(at))
		t.Release(requester.ID, after(at))
	}
	// paused returns a throttle with pauses of the client that begin now. retryAfter is the length of each
	// pause in seconds.
	paused := func(retryAfter ...float64) *throttle.Throttle {
		t := throttle.New()
		for _, seconds := range retryAfter {
			attempts(t, 0, seconds)
		}
		return t
	}
	pausedUntil := func(t *throttle.Throttle, server, client string, at float64) time.Time {
		if wait := t.Reserve(request(server, client), after(at)); wait != nil {
			Expect(wait.Cause).To(Equal(throttle.ServerPaused))
			return wait.Until
		}
		return time.Time{}
	}

	DescribeTable("continues", func(asked, expected float64, retryAfter ...float64) {
		Expect(pausedUntil(paused(retryAfter...), server, client, asked)).To(Equal(after(expected)))
	},
		Entry("until its end", 0.0, 30.0, 30.0),
		Entry("to the last instant", 29.9, 30.0, 30.0),
		Entry("after the clock was set back by a second", -1.0, 30.0, 30.0),
		Entry("until the end of the longer pause, if it came last", 0.0, 60.0, 30.0, 60.0),
		Entry("until the end of the longer pause, if it came first", 0.0, 60.0, 60.0, 30.0),
	)

	DescribeTable("does not apply", func(server, client string, asked float64) {
		Expect(pausedUntil(paused(30), server, client, asked)).To(BeZero())
	},
		Entry("at the instant of its end", server, client, 30.0),
		Entry("after its end", server, client, 31.0),
		Entry("after the clock was set back by two hours", server, client, -7200.0),
		Entry("to another client of the server", server, "blog", 0.0),
		Entry("to the same client of another server", "https://other.example.com", client, 0.0),
		Entry("while the client is not known", server, "", 0.0),
	)

	// succeeds sends a request of a client at startedAt, and the request succeeds.
	succeeds := func(t *throttle.Throttle, client string, startedAt float64) {
		t.Enter(request(server, client), after(startedAt))
		t.Succeeded("shop/"+client, after(startedAt), after(startedAt))
		t.Release("shop/"+client, after(startedAt))
	}

	DescribeTable("of a client with a successful request", func(startedAt float64, remains bool) {
		t := paused(30)
		succeeds(t, client, startedAt)
		Expect(pausedUntil(t, server, client, 10).IsZero()).To(Equal(!remains))
	},
		Entry("ends, if the request began during the pause", 5.0, false),
		Entry("continues, if the request began before the pause", -1.0, true),
		Entry("continues, if the request began at the same instant", 0.0, true),
	)

	It("is replaced by the next pause after the clock was set back by two hours", func() {
		t := paused(30)
		attempts(t, -7200, 100)
		Expect(pausedUntil(t, server, client, -7150)).To(Equal(after(-7100)))
	})

	It("ends with a successful request after the clock was set back by two hours", func() {
		t := paused(30)
		succeeds(t, client, -7200)
		Expect(pausedUntil(t, server, client, 10)).To(BeZero())
	})

	It("does not end with a request of another client", func() {
		t := paused(30)
		succeeds(t, "blog", 5)
		Expect(pausedUntil(t, server, client, 10)).To(Equal(after(30)))
	})

	It("is forgotten when it is over", func() {
		t := paused(30)
		Expect(t.Size()).To(Equal(1))
		t.Due(after(30))
		Expect(t.Size()).To(BeZero())
	})
})
