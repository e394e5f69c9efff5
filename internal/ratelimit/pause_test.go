package ratelimit_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/ratelimit"
)

var _ = Describe("a pause", func() {
	const client = "shop"

	// paused is a limiter with pauses of the client, in seconds after now.
	paused := func(until ...float64) *ratelimit.Limiter {
		l := ratelimit.New()
		for _, seconds := range until {
			l.Pause(server, client, after(0), after(seconds))
		}
		return l
	}

	DescribeTable("holds", func(asked, expected float64, until ...float64) {
		Expect(paused(until...).PausedUntil(server, client, after(asked))).To(Equal(after(expected)))
	},
		Entry("until its end", 0.0, 30.0, 30.0),
		Entry("to the last instant", 29.9, 30.0, 30.0),
		Entry("after the clock was set back by a second", -1.0, 30.0, 30.0),
		Entry("until the end of the later one, which came last", 0.0, 60.0, 30.0, 60.0),
		Entry("until the end of the later one, which came first", 0.0, 60.0, 60.0, 30.0),
	)

	DescribeTable("does not hold", func(server, client string, asked float64) {
		Expect(paused(30).PausedUntil(server, client, after(asked))).To(BeZero())
	},
		Entry("in the instant of its end", server, client, 30.0),
		Entry("after its end", server, client, 31.0),
		Entry("after the clock was set back by two hours", server, client, -7200.0),
		Entry("another client of the server", server, "blog", 0.0),
		Entry("the same client of another server", "https://other.example.com", client, 0.0),
	)

	DescribeTable("and a request of the client that is answered well", func(startedAt float64, remains bool) {
		l := paused(30)
		l.Resume(server, client, after(startedAt))
		Expect(l.PausedUntil(server, client, after(10)).IsZero()).To(Equal(!remains))
	},
		Entry("ends it", 5.0, false),
		Entry("does not end it, if it began before", -1.0, true),
		Entry("does not end it, if it began at the same instant", 0.0, true),
	)

	It("gives way to the next one after the clock was set back by two hours", func() {
		l := paused(30)
		l.Pause(server, client, after(-7200), after(-7100))
		Expect(l.PausedUntil(server, client, after(-7150))).To(Equal(after(-7100)))
	})

	It("ends with a request after the clock was set back by two hours", func() {
		l := paused(30)
		l.Resume(server, client, after(-7200))
		Expect(l.PausedUntil(server, client, after(10))).To(BeZero())
	})

	It("does not end with a request of another client", func() {
		l := paused(30)
		l.Resume(server, "blog", after(5))
		Expect(l.PausedUntil(server, client, after(10))).To(Equal(after(30)))
	})

	It("is forgotten when it is over", func() {
		l := paused(30)
		l.Pause(server, "blog", after(0), after(60))
		l.PausedUntil("any", "client", after(30))
		Expect(l.Size()).To(Equal(1))
		l.Due(after(60))
		Expect(l.Size()).To(BeZero())
	})
})
