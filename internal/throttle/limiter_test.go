package throttle_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

var _ = Describe("a limit", func() {
	DescribeTable("holds:", func(requests int, steps ...step) { play(perMinute(requests), steps...) },
		// The number of requests.
		Entry("as many requests as the limit allows are sent immediately", 3, others(0, 3)),
		Entry("one more request waits until the first reservation expires", 3, others(0, 1), others(20, 2), waits(30, "a", 5, 60)),
		Entry("the next request waits until the second reservation expires", 3, others(0, 1), others(20, 2), waits(30, "a", 5, 60), waits(30, "b", 6, 80)),
		Entry("later requests wait a period longer", 2, others(0, 1), others(20, 1),
			waits(30, "a", 5, 60), waits(30, "b", 6, 80), waits(30, "c", 7, 120), waits(30, "d", 8, 140), waits(30, "e", 9, 180)),
		Entry("a reservation expires exactly a period after it was made", 1, others(0, 1), waits(59.999, "a", 5, 60), sends(60, "a", 5)),
		Entry("a request is not sent early if its caller read the clock before it locked the mutex", 1, others(0.001, 1), waits(0, "a", 5, 60.001)),
		Entry("reservations are ordered by time, even if the calls come in another order", 2, others(1, 1), others(0, 1), waits(2, "a", 5, 60), waits(2, "b", 6, 61)),
		Entry("no request waits longer than an hour before it is tried again", 1, others(0, 1), func(s *scene) {
			for i := range 100 {
				_, ok := s.takes(0, fmt.Sprint(i), 5)
				Expect(ok).To(BeFalse())
			}
		}, waits(0, "last", 9, 3600)),

		// The order of requests.
		Entry("the request whose token expires first goes first", 1, others(0, 1), waits(1, "late", 20, 60), waits(1, "soon", 10, 60),
			waits(60, "late", 20, 120), sends(60, "soon", 10)),
		Entry("a request without a token goes before requests with a token", 1, others(0, 1), waits(1, "soon", 1, 60), waits(1, "nothing", none, 60),
			waits(60, "soon", 1, 120), sends(60, "nothing", none)),
		Entry("equally urgent requests go in the order of arrival", 1, others(0, 1), waits(1, "first", 5, 60), waits(2, "second", 5, 120),
			waits(60, "second", 5, 120), sends(60, "first", 5)),
		Entry("a request that tries again keeps its position among equally urgent requests", 1, others(0, 1), waits(1, "first", 5, 60), waits(2, "second", 5, 120),
			waits(3, "first", 5, 60), waits(3, "second", 5, 120)),
		Entry("a request that comes too early gets the same time again", 1, others(0, 1), waits(1, "a", 5, 60), waits(30, "a", 5, 60)),
		Entry("as many waiting requests as there are free reservations are sent, in any order", 2, others(0, 2), waits(1, "a", 5, 60), waits(1, "b", 6, 60),
			sends(60, "b", 6), sends(60, "a", 5)),
		Entry("a reservation is kept for a more urgent request that is expected", 2, others(0, 1), others(20, 1), waits(30, "a", 5, 60),
			waits(60, "b", 6, 80), sends(61, "a", 5)),
		Entry("more urgent requests delay less urgent requests", 1, others(0, 1), waits(1, "a", 5, 60), waits(2, "b", 4, 60), waits(3, "c", none, 60),
			waits(60, "a", 5, 180), waits(60, "b", 4, 120), sends(60, "c", none), waits(120, "a", 5, 180), sends(120, "b", 4), sends(180, "a", 5)),
		Entry("a request moves to the front if its token expired earlier than expected", 1, others(0, 1), waits(1, "a", 5, 60), waits(2, "b", 6, 120),
			waits(3, "b", none, 60), waits(60, "a", 5, 120), sends(60, "b", none)),
		Entry("a request moves back if its token now expires later", 1, others(0, 1), waits(1, "a", 5, 60), waits(2, "b", 6, 120),
			waits(3, "a", 60, 120), sends(60, "b", 6)),

		// Requests that do not come.
		Entry("a reservation is kept for 5 s for a request that does not come", 1, others(0, 1), waits(1, "gone", 5, 60), waits(1, "b", 6, 120),
			waits(60, "b", 6, 120), waits(65, "b", 6, 125), sends(66, "b", 6)),
		Entry("the next request is called after a request did not come", 2, others(0, 2), waits(1, "gone", 5, 60), waits(1, "b", 6, 60), waits(1, "c", 7, 120),
			sends(60, "b", 6), calls(60), calls(65), calls(66, "c"), sends(66, "c", 7)),
		Entry("a request that comes late, but within 5 s, keeps its position", 1, others(0, 1), waits(1, "late", 5, 60), waits(1, "b", 6, 120),
			waits(64, "b", 6, 124), sends(64.9, "late", 5)),
		Entry("a request that comes much later is ordered by its urgency again", 1, others(0, 1), waits(1, "lost", 5, 60), waits(1, "b", 6, 120),
			calls(66, "b"), sends(67, "lost", 5), waits(68, "b", 6, 127)),

		// Requests that are withdrawn.
		Entry("the next request moves up after a withdrawal", 1, others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 6, 120),
			withdraws("a"), waits(2, "b", 6, 60), sends(60, "b", 6)),
		Entry("after a withdrawal, the next request is called when a reservation expires", 1, others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 6, 120),
			withdraws("a"), calls(2), calls(59), calls(60, "b"), sends(60.5, "b", 6)),
		Entry("a request is called only once, and not if it comes on its own", 2, others(0, 2), waits(1, "a", 5, 60), waits(1, "b", 6, 60),
			waits(1, "c", 7, 120), withdraws("b"), calls(60, "c"), calls(61)),
		Entry("a called request that does not come is skipped", 1, others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 6, 120), waits(1, "c", 7, 180),
			withdraws("a"), calls(60, "b"), calls(65), calls(66, "c")),
		Entry("a withdrawal of an unknown request has no effect", 1, withdraws("stranger"), sends(0, "a", 5)),

		// Reservations that are released.
		Entry("a released reservation is free immediately", 1, sends(0, "a", 5), releases(0), sends(0, "b", 6)),
		Entry("a release calls the next request", 1, sends(0, "a", 5), waits(1, "b", 6, 60), releases(0), calls(2, "b")),
		Entry("a released reservation goes to the more urgent request", 1, sends(0, "a", 5), waits(1, "b", 6, 60),
			releases(0), sends(2, "a", 5), waits(2, "b", 6, 62)),
		Entry("a release affects only the reservation made at that time", 2, others(0, 1), others(1, 1), releases(1), releases(1), releases(0.5),
			sends(2, "a", 5), waits(2, "b", 6, 60)),
		Entry("a release long after the reservation has no effect", 1, sends(0, "a", 5), calls(100), releases(0), sends(100, "b", 5)),
	)

	DescribeTable("can differ by request:", func(steps ...step) { play(perMinute(1), steps...) },
		Entry("each limit counts the requests of all callers", sends(0, "a", 5), under(perMinute(2)), sends(1, "b", 5),
			under(perMinute(1)), waits(2, "c", 5, 61)),
		Entry("a smaller limit does not delay a request with a larger limit", sends(0, "a", 5), waits(1, "b", none, 60),
			under(perMinute(3)), sends(2, "c", 9)),
		Entry("the more urgent request goes first, even if its limit is smaller", under(perMinute(2)), sends(0, "a", 5), sends(0, "b", 5),
			waits(1, "c", 9, 60), under(perMinute(1)), waits(1, "d", 5, 60), under(perMinute(2)),
			waits(59, "c", 9, 60), sends(60, "c", 9)),
		Entry("a more urgent request that its smaller limit allows goes before a request with a larger limit", under(throttle.Limit{Requests: 1, Per: time.Second}),
			sends(0, "a", 5), waits(0, "b", 5, 1), under(perMinute(2)), waits(1, "c", 9, 60)),
		Entry("waiting requests with a small limit delay other requests only as often as the small limit allows",
			under(throttle.Limit{Requests: 1, Per: 10 * time.Minute}), sends(0, "a", 5),
			waits(0, "b", none, 600), waits(0, "c", none, 1200), waits(0, "d", none, 1800),
			under(perMinute(1)), waits(1, "e", 5, 60), waits(1, "f", 6, 120)),
		Entry("a request whose limit changes keeps its position among equally urgent requests", sends(0, "a", 5), waits(1, "b", 5, 60), waits(1, "c", 5, 120),
			under(perMinute(2)), sends(2, "x", none), under(throttle.Limit{Requests: 2, Per: 2 * time.Minute}), waits(3, "b", 5, 120)),
		Entry("reservations are remembered for the longest period", under(throttle.Limit{Requests: 3, Per: time.Hour}), sends(0, "a", 5),
			under(perMinute(2)), sends(600, "b", 5), calls(1200), sends(1800, "c", 5),
			under(throttle.Limit{Requests: 3, Per: time.Hour}), waits(1900, "d", 5, 3600)),
		Entry("a limit of zero requests is ignored", under(throttle.Limit{Per: time.Minute}), others(0, 100)),
		Entry("a limit without a period is ignored", under(throttle.Limit{Requests: 1}), others(0, 100)),
		Entry("requests without a limit count against the limits of other requests", sends(0, "a", 5), under(throttle.Limit{}), sends(30, "b", 5),
			under(perMinute(1)), waits(60, "c", 5, 90)),
		Entry("a request no longer waits once its limit is removed", sends(0, "a", 5), waits(1, "b", 5, 60), under(throttle.Limit{}), sends(2, "b", 5),
			under(perMinute(1)), waits(3, "c", 5, 62)),
	)

	DescribeTable("is shared by tenants:", func(requests int, steps ...step) { play(perMinute(requests), steps...) },
		// The number of requests.
		Entry("a single tenant uses the whole limit", 6, takeAll(0, "a", 6), waits(0, "a/x", none, 60)),
		Entry("while another tenant has a reservation, a tenant holds no more reservations than are free", 6, takeAll(0, "b", 1), takeAll(1, "a", 3),
			waits(2, "a/x", none, 61)),
		Entry("each of two tenants holds a third", 6, takeAll(0, "a", 2), takeAll(0, "b", 2), waits(1, "a/x", none, 60), waits(1, "b/x", none, 60)),
		Entry("a tenant gets more as soon as reservations expire", 6, takeAll(0, "a", 1), takeAll(10, "a", 1), takeAll(20, "b", 2), waits(30, "a/x", none, 60),
			waits(30, "a/y", none, 70), sends(60, "a/x", none), waits(60, "a/y", none, 70), sends(70, "a/y", none)),
		Entry("a tenant uses the whole limit again when the other tenant's reservations have expired", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61),
			calls(60, "a/x"), sends(60, "a/x", none), takeAll(60, "a", 2), waits(60, "a/y", none, 61)),
		Entry("a waiting tenant counts", 4, takeAll(0, "a", 4), waits(10, "b/x", 60, 60), waits(10, "a/x", none, 60), waits(10, "a/y", none, 120), waits(10, "a/z", none, 180),
			sends(60, "b/x", 60), sends(60, "a/x", none), sends(60, "a/y", none), waits(60, "a/z", none, 120)),
		Entry("a tenant whose request was withdrawn does not count", 4, takeAll(0, "a", 4), waits(10, "b/x", 60, 60), withdraws("b/x"), takeAll(60, "a", 4)),
		Entry("a tenant that waits for something else does not count", 4, takeAll(0, "a", 4), waits(10, "b/x", 60, 60), func(s *scene) {
			s.Await(server, s.limit, token{"b/x", 60}.waiter(), after(100), after(20))
		}, takeAll(60, "a", 4)),

		// The order of requests.
		Entry("a tenant at its threshold does not delay other tenants, even if its requests are more urgent", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61),
			sends(2, "b/x", 60)),
		Entry("the most urgent request of the tenants below their thresholds goes first", 8, takeAll(0, "a", 4), takeAll(20, "b", 2), waits(21, "b/x", 60, 60),
			waits(21, "a/x", 5, 60), waits(21, "a/y", 6, 60), withdraws("a/y"), sends(60, "a/x", 5)),
		Entry("the next free reservation goes to the tenant without a reservation", 2, takeAll(0, "a", 1), takeAll(20, "a", 1), waits(30, "a/x", none, 60),
			waits(30, "b/x", 60, 60), waits(60, "a/x", none, 80), sends(60.5, "b/x", 60)),
		Entry("tenants take turns under a limit of one request", 1, takeAll(0, "a", 1), waits(1, "a/x", none, 60), waits(1, "b/x", 60, 60), waits(1, "b/y", 60, 180),
			waits(60, "a/x", none, 120), sends(60, "b/x", 60), waits(120, "b/y", 60, 180), sends(120, "a/x", none), waits(121, "a/y", none, 180),
			waits(180, "a/y", none, 240), sends(180, "b/y", 60)),
		Entry("the most urgent request of a tenant goes first", 1, takeAll(0, "a", 1), waits(1, "b/x", 60, 60), waits(1, "b/y", 5, 60),
			waits(60, "b/x", 60, 120), sends(60, "b/y", 5)),

		// Calls.
		Entry("the next tenant in turn is called", 1, takeAll(0, "a", 1), waits(1, "a/x", none, 60), waits(1, "a/y", none, 120), waits(1, "b/x", 60, 60),
			withdraws("b/x"), withdraws("a/x"), calls(60, "a/y"), sends(60, "a/y", none)),
		Entry("waiting requests of a tenant are called when no other tenant is left", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61),
			calls(2), releases(0), calls(3, "a/x")),
		Entry("a tenant at its threshold is not called", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61), calls(3), calls(59)),

		// Reservations that are released.
		Entry("a released reservation no longer counts for its tenant", 6, takeAll(0, "b", 1), takeAll(1, "a", 2), takeAll(2, "a", 1), waits(3, "a/x", none, 61),
			releases(2), calls(4, "a/x"), sends(4, "a/x", none)),
	)

	It("of a server forgets tenants that neither wait nor have a reservation", func() {
		s := play(perMinute(2), takeAll(0, "a", 1), takeAll(100, "b", 1), calls(101))
		Expect(s.Tenants(server)).To(Equal(1))
	})

	DescribeTable("is one of at most 8 limits of a server:", func(steps ...step) { play(perMinute(1), steps...) },
		Entry("a ninth limit replaces the least recently used idle limit, which still applies", sends(0, "a", 5),
			limits(8, 1, "idle"), under(perMinute(1)), remembersEight, waits(2, "b", 5, 61)),
		Entry("a replaced limit still applies after its replacements are forgotten", under(throttle.Limit{Requests: 1, Per: time.Hour}), sends(0, "a", 5),
			limits(8, 60, "idle"), calls(600), sends(660, "x", 5), calls(1200), under(throttle.Limit{Requests: 1, Per: time.Hour}), waits(1201, "b", 5, 4260)),
		Entry("the strictest limit applies to a request with a ninth limit if requests wait with all eight", sends(0, "a", 5), waits(1, "b", 5, 60),
			limitsWithWaiters(7, 1), under(throttle.Limit{Requests: 1, Per: time.Second}), remembersEight, waits(2, "c", 5, 120)),
		Entry("a request moves to its own limit once fewer than eight limits are in use", sends(0, "a", 5), waits(1, "b", 5, 60),
			limitsWithWaiters(7, 1), under(throttle.Limit{Requests: 1, Per: time.Second}), waits(2, "c", 5, 120), withdraws("waits 3"), sends(3, "c", 5)),
		Entry("500 waiting requests with different limits leave 8 limits", sends(0, "a", 5), limitsWithWaiters(500, 1), remembersEight),
		Entry("500 limits, one after another, leave 8 limits", limits(500, 1, "idle"), remembersEight),
	)

	It("of a server does not delay requests to another server", func() {
		s := play(perMinute(1), sends(0, "a", 5), waits(0, "b", 5, 60), waits(0, "c", 5, 120))
		_, ok := s.Reserve("https://other.example.com", perMinute(1), token{"b", 5}.waiter(), after(1))
		Expect(ok).To(BeTrue(), "b sends to another server")
		waits(2, "c", 5, 60)(s)
	})

	It("moves a request that comes back from another server behind equally urgent requests", func() {
		s := play(perMinute(1), sends(0, "a", 5), waits(0, "b", 5, 60), waits(0, "c", 5, 120))
		s.Reserve("https://other.example.com", perMinute(1), token{"x", 5}.waiter(), after(1))
		_, ok := s.Reserve("https://other.example.com", perMinute(1), token{"b", 5}.waiter(), after(1))
		Expect(ok).To(BeFalse())
		waits(2, "b", 5, 120)(s)
		waits(2, "c", 5, 60)(s)
	})

	DescribeTable("always returns a time after now, even if the limit is", func(limits ...throttle.Limit) {
		l := throttle.NewLimiter()
		for i := range 400 {
			at := after(float64(i / 50))
			until, ok := l.Reserve(server, limits[i%len(limits)], throttle.Waiter{ID: fmt.Sprint(i)}, at)
			Expect(ok || until.After(at)).To(BeTrue(), "until %s", until)
			Expect(until).To(BeTemporally("<=", at.Add(time.Hour)))
		}
	},
		Entry("one request a year", throttle.Limit{Requests: 1, Per: 365 * 24 * time.Hour}),
		Entry("one request a nanosecond", throttle.Limit{Requests: 1, Per: 1}),
		Entry("one request a year for some callers, and one a nanosecond for others", throttle.Limit{Requests: 1, Per: 365 * 24 * time.Hour}, throttle.Limit{Requests: 1, Per: 1}),
		Entry("millions of requests a nanosecond for some callers, and one an hour for others", throttle.Limit{Requests: 4_500_000, Per: 1}, throttle.Limit{Requests: 1, Per: time.Hour}),
	)
})

var _ = Describe("a request that is sent later than it was reserved", func() {
	It("counts from when it is sent", func() {
		s := play(perMinute(1), sends(0, "a", 5))
		s.Sent(server, after(0), after(7))
		waits(60, "b", 5, 67)(s)
		sends(67, "b", 5)(s)
	})

	It("can be released with the time at which it was sent", func() {
		s := play(perMinute(1), sends(0, "a", 5))
		s.Sent(server, after(0), after(7))
		s.Release(server, after(7))
		sends(8, "b", 5)(s)
	})

	It("does not count if its reservation was released before", func() {
		s := play(perMinute(1), sends(0, "a", 5))
		s.Release(server, after(0))
		s.Sent(server, after(0), after(7))
		sends(8, "b", 5)(s)
	})
})

var _ = Describe("a request that waits for something other than the limit", func() {
	urgent := throttle.Waiter{ID: "urgent", ExpiresAt: after(5 * 60)}

	It("does not delay other requests", func() {
		s := play(perMinute(1), sends(0, "x", 5), waits(1, "lazy", 9, 60))
		s.Await(server, perMinute(1), urgent, after(180), after(60))
		sends(60, "lazy", 9)(s)
	})

	It("keeps its position", func() {
		s := play(perMinute(1), sends(0, "x", 5), waits(1, "first", none, 60), waits(2, "second", none, 120))
		s.Await(server, perMinute(1), token{"first", none}.waiter(), after(180), after(60))
		waits(61, "third", none, 121)(s)
		sends(62, "first", none)(s)
	})

	It("is not called before it tries again", func() {
		s := play(perMinute(1), sends(0, "x", 5))
		s.Await(server, perMinute(1), urgent, after(180), after(60))
		Expect(s.Due(after(61))).To(BeEmpty())
	})

	It("is forgotten if it never comes back", func() {
		s := play(perMinute(1), sends(0, "x", 5))
		s.Await(server, perMinute(1), throttle.Waiter{ID: "urgent"}, after(62), after(60))
		s.Due(after(68))
		sends(68, "lazy", 9)(s)
	})

	It("is not remembered without a limit", func() {
		s := play(perMinute(1))
		s.Await(server, throttle.Limit{}, throttle.Waiter{ID: "urgent"}, after(62), after(60))
		Expect(s.Size()).To(BeZero())
	})
})

var _ = Describe("the memory of the limiter", func() {
	It("drops a server a period after its last request", func() {
		s := play(perMinute(3), others(0, 3), waits(1, "a", 5, 60), withdraws("a"))
		Expect(s.Size()).To(Equal(5), "a server, a line and three reservations")
		s.Due(after(60))
		Expect(s.Size()).To(Equal(5), "a late caller may still need them")
		s.Due(after(61))
		Expect(s.Size()).To(BeZero())
	})

	It("drops requests that do not come within 5 s", func() {
		s := play(perMinute(1), others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 5, 120))
		s.Due(after(126))
		Expect(s.Size()).To(BeZero())
	})

	It("keeps reservations for the longest period only while a caller has that limit", func() {
		s := play(throttle.Limit{Requests: 5, Per: time.Hour}, others(0, 5), under(perMinute(10)))
		for minutes := range 70 {
			sends(float64(60*minutes+30), "a", 5)(s)
		}
		Expect(s.Size()).To(Equal(4), "a server, a line and two reservations")
	})

	It("keeps no more reservations than the largest limit counts", func() {
		s := play(throttle.Limit{Requests: 5, Per: 24 * time.Hour}, others(0, 1), under(throttle.Limit{Requests: 1, Per: time.Second}))
		for second := range 1000 {
			sends(float64(second+1), "a", 5)(s)
		}
		calls(1001)(s)
		Expect(s.Size()).To(Equal(7), "a server, a line and five reservations")
		under(throttle.Limit{Requests: 5, Per: 24 * time.Hour})(s)
		waits(1002, "b", 5, 4602)(s)
	})

	DescribeTable("counts a dropped reservation again after other reservations were released", func(given int, until float64) {
		s := play(throttle.Limit{Requests: 3, Per: time.Hour}, others(0, 1), under(throttle.Limit{Requests: 1, Per: time.Second}))
		for second := range 9 {
			sends(float64(second+1), "a", 5)(s)
		}
		calls(10)(s)
		for i := range given {
			releases(float64(9 - i))(s)
		}
		under(throttle.Limit{Requests: 3, Per: time.Hour})(s)
		waits(11, "b", 5, until)(s)
	},
		Entry("once", 1, 3606.0),
		Entry("twice", 2, 3606.0),
		Entry("four times", 4, 3606.0),
	)

	It("is empty if there is no limit", func() {
		Expect(play(throttle.Limit{}, others(0, 10)).Size()).To(BeZero())
	})
})
