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
		// How many.
		Entry("as many as the limit says are sent at once", 3, others(0, 3)),
		Entry("one more waits until the first place is free again", 3, others(0, 1), others(20, 2), waits(30, "a", 5, 60)),
		Entry("the next waits for the place after that", 3, others(0, 1), others(20, 2), waits(30, "a", 5, 60), waits(30, "b", 6, 80)),
		Entry("who comes after all places are spoken for waits a period longer", 2, others(0, 1), others(20, 1),
			waits(30, "a", 5, 60), waits(30, "b", 6, 80), waits(30, "c", 7, 120), waits(30, "d", 8, 140), waits(30, "e", 9, 180)),
		Entry("a place is free exactly a period after it was taken", 1, others(0, 1), waits(59.999, "a", 5, 60), sends(60, "a", 5)),
		Entry("a clock that is read before the mutex is got sends no more", 1, others(0.001, 1), waits(0, "a", 5, 60.001)),
		Entry("places of late calls count in the order of time", 2, others(1, 1), others(0, 1), waits(2, "a", 5, 60), waits(2, "b", 6, 61)),
		Entry("nobody is told to wait longer than an hour", 1, others(0, 1), func(s *scene) {
			for i := range 100 {
				_, ok := s.takes(0, fmt.Sprint(i), 5)
				Expect(ok).To(BeFalse())
			}
		}, waits(0, "last", 9, 3600)),

		// Who goes first.
		Entry("whose token expires first goes first", 1, others(0, 1), waits(1, "late", 20, 60), waits(1, "soon", 10, 60),
			waits(60, "late", 20, 120), sends(60, "soon", 10)),
		Entry("who has no token goes before all who have one", 1, others(0, 1), waits(1, "soon", 1, 60), waits(1, "nothing", none, 60),
			waits(60, "soon", 1, 120), sends(60, "nothing", none)),
		Entry("of equals, who came first goes first", 1, others(0, 1), waits(1, "first", 5, 60), waits(2, "second", 5, 120),
			waits(60, "second", 5, 120), sends(60, "first", 5)),
		Entry("who asks again keeps its place among equals", 1, others(0, 1), waits(1, "first", 5, 60), waits(2, "second", 5, 120),
			waits(3, "first", 5, 60), waits(3, "second", 5, 120)),
		Entry("who comes too early is told the same again", 1, others(0, 1), waits(1, "a", 5, 60), waits(30, "a", 5, 60)),
		Entry("as many as there are places may go, in any order", 2, others(0, 2), waits(1, "a", 5, 60), waits(1, "b", 6, 60),
			sends(60, "b", 6), sends(60, "a", 5)),
		Entry("a place is kept for who is more urgent and on its way", 2, others(0, 1), others(20, 1), waits(30, "a", 5, 60),
			waits(60, "b", 6, 80), sends(61, "a", 5)),
		Entry("the more urgent push back the others", 1, others(0, 1), waits(1, "a", 5, 60), waits(2, "b", 4, 60), waits(3, "c", none, 60),
			waits(60, "a", 5, 180), waits(60, "b", 4, 120), sends(60, "c", none), waits(120, "a", 5, 180), sends(120, "b", 4), sends(180, "a", 5)),
		Entry("whose token expired sooner than it thought is moved to the front", 1, others(0, 1), waits(1, "a", 5, 60), waits(2, "b", 6, 120),
			waits(3, "b", none, 60), waits(60, "a", 5, 120), sends(60, "b", none)),
		Entry("who has a longer token by now is moved back", 1, others(0, 1), waits(1, "a", 5, 60), waits(2, "b", 6, 120),
			waits(3, "a", 60, 120), sends(60, "b", 6)),

		// Who does not come.
		Entry("a place is kept 5 s for who does not come", 1, others(0, 1), waits(1, "gone", 5, 60), waits(1, "b", 6, 120),
			waits(60, "b", 6, 120), waits(65, "b", 6, 125), sends(66, "b", 6)),
		Entry("those behind who did not come are woken", 2, others(0, 2), waits(1, "gone", 5, 60), waits(1, "b", 6, 60), waits(1, "c", 7, 120),
			sends(60, "b", 6), wakes(60), wakes(65), wakes(66, "c"), sends(66, "c", 7)),
		Entry("who comes late, but within 5 s, keeps its place", 1, others(0, 1), waits(1, "late", 5, 60), waits(1, "b", 6, 120),
			waits(64, "b", 6, 124), sends(64.9, "late", 5)),
		Entry("who comes after all is in its order again", 1, others(0, 1), waits(1, "lost", 5, 60), waits(1, "b", 6, 120),
			wakes(66, "b"), sends(67, "lost", 5), waits(68, "b", 6, 127)),

		// Who leaves.
		Entry("who leaves makes place for the next", 1, others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 6, 120),
			leaves("a"), waits(2, "b", 6, 60), sends(60, "b", 6)),
		Entry("those behind who left are woken when a place is free", 1, others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 6, 120),
			leaves("a"), wakes(2), wakes(59), wakes(60, "b"), sends(60.5, "b", 6)),
		Entry("nobody is woken twice, nor who comes by itself", 2, others(0, 2), waits(1, "a", 5, 60), waits(1, "b", 6, 60),
			waits(1, "c", 7, 120), leaves("b"), wakes(60, "c"), wakes(61)),
		Entry("who is woken and does not come is passed over", 1, others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 6, 120), waits(1, "c", 7, 180),
			leaves("a"), wakes(60, "b"), wakes(65), wakes(66, "c")),
		Entry("nobody minds who leaves without having waited", 1, leaves("stranger"), sends(0, "a", 5)),

		// Who gives back.
		Entry("a place that is given back is free at once", 1, sends(0, "a", 5), givesBack(0), sends(0, "b", 6)),
		Entry("a place that is given back wakes the next", 1, sends(0, "a", 5), waits(1, "b", 6, 60), givesBack(0), wakes(2, "b")),
		Entry("a place that is given back goes to the more urgent", 1, sends(0, "a", 5), waits(1, "b", 6, 60),
			givesBack(0), sends(2, "a", 5), waits(2, "b", 6, 62)),
		Entry("only the place that was taken then is given back", 2, others(0, 1), others(1, 1), givesBack(1), givesBack(1), givesBack(0.5),
			sends(2, "a", 5), waits(2, "b", 6, 60)),
		Entry("nobody minds a place given back long after", 1, sends(0, "a", 5), wakes(100), givesBack(0), sends(100, "b", 5)),
	)

	DescribeTable("differs:", func(steps ...step) { play(perMinute(1), steps...) },
		Entry("each is judged by its own limit and by the requests of all", sends(0, "a", 5), under(perMinute(2)), sends(1, "b", 5),
			under(perMinute(1)), waits(2, "c", 5, 61)),
		Entry("who comes with a larger limit is not held up by the smaller one", sends(0, "a", 5), waits(1, "b", none, 60),
			under(perMinute(3)), sends(2, "c", 9)),
		Entry("the more urgent goes first, whatever its limit", under(perMinute(2)), sends(0, "a", 5), sends(0, "b", 5),
			waits(1, "c", 9, 60), under(perMinute(1)), waits(1, "d", 5, 60), under(perMinute(2)),
			waits(59, "c", 9, 60), sends(60, "c", 9)),
		Entry("who may send under a smaller limit is let go first under a larger one", under(throttle.Limit{Requests: 1, Per: time.Second}),
			sends(0, "a", 5), waits(0, "b", 5, 1), under(perMinute(2)), waits(1, "c", 9, 60)),
		Entry("who waits with a small limit counts only as often as that allows",
			under(throttle.Limit{Requests: 1, Per: 10 * time.Minute}), sends(0, "a", 5),
			waits(0, "b", none, 600), waits(0, "c", none, 1200), waits(0, "d", none, 1800),
			under(perMinute(1)), waits(1, "e", 5, 60), waits(1, "f", 6, 120)),
		Entry("who changes its limit keeps its place among equals", sends(0, "a", 5), waits(1, "b", 5, 60), waits(1, "c", 5, 120),
			under(perMinute(2)), sends(2, "x", none), under(throttle.Limit{Requests: 2, Per: 2 * time.Minute}), waits(3, "b", 5, 120)),
		Entry("a limit that looks back longer makes the limiter remember longer", under(throttle.Limit{Requests: 3, Per: time.Hour}), sends(0, "a", 5),
			under(perMinute(2)), sends(600, "b", 5), wakes(1200), sends(1800, "c", 5),
			under(throttle.Limit{Requests: 3, Per: time.Hour}), waits(1900, "d", 5, 3600)),
		Entry("without requests there is no limit", under(throttle.Limit{Per: time.Minute}), others(0, 100)),
		Entry("without a period there is no limit", under(throttle.Limit{Requests: 1}), others(0, 100)),
		Entry("requests without a limit count for those with one", sends(0, "a", 5), under(throttle.Limit{}), sends(30, "b", 5),
			under(perMinute(1)), waits(60, "c", 5, 90)),
		Entry("who has no limit any more waits no more", sends(0, "a", 5), waits(1, "b", 5, 60), under(throttle.Limit{}), sends(2, "b", 5),
			under(perMinute(1)), waits(3, "c", 5, 62)),
	)

	DescribeTable("is shared:", func(requests int, steps ...step) { play(perMinute(requests), steps...) },
		// How many.
		Entry("a tenant that is alone uses the whole limit", 6, takeAll(0, "a", 6), waits(0, "a/x", none, 60)),
		Entry("beside a tenant that took a place, a tenant holds no more places than are free", 6, takeAll(0, "b", 1), takeAll(1, "a", 3),
			waits(2, "a/x", none, 61)),
		Entry("two tenants hold a third each", 6, takeAll(0, "a", 2), takeAll(0, "b", 2), waits(1, "a/x", none, 60), waits(1, "b/x", none, 60)),
		Entry("each takes more as soon as places come back", 6, takeAll(0, "a", 1), takeAll(10, "a", 1), takeAll(20, "b", 2), waits(30, "a/x", none, 60),
			waits(30, "a/y", none, 70), sends(60, "a/x", none), waits(60, "a/y", none, 70), sends(70, "a/y", none)),
		Entry("a tenant is alone again when the places of the other are over", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61),
			wakes(60, "a/x"), sends(60, "a/x", none), takeAll(60, "a", 2), waits(60, "a/y", none, 61)),
		Entry("a tenant that waits counts", 4, takeAll(0, "a", 4), waits(10, "b/x", 60, 60), waits(10, "a/x", none, 60), waits(10, "a/y", none, 120), waits(10, "a/z", none, 180),
			sends(60, "b/x", 60), sends(60, "a/x", none), sends(60, "a/y", none), waits(60, "a/z", none, 120)),
		Entry("a tenant that left does not", 4, takeAll(0, "a", 4), waits(10, "b/x", 60, 60), leaves("b/x"), takeAll(60, "a", 4)),
		Entry("a tenant that cannot send because of something else does not", 4, takeAll(0, "a", 4), waits(10, "b/x", 60, 60), func(s *scene) {
			s.Await(server, s.limit, token{"b/x", 60}.waiter(), after(100), after(20))
		}, takeAll(60, "a", 4)),

		// Who goes first.
		Entry("a tenant at its threshold holds up nobody, however urgent", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61),
			sends(2, "b/x", 60)),
		Entry("of tenants that may take a place, the most urgent waiter goes first", 8, takeAll(0, "a", 4), takeAll(20, "b", 2), waits(21, "b/x", 60, 60),
			waits(21, "a/x", 5, 60), waits(21, "a/y", 6, 60), leaves("a/y"), sends(60, "a/x", 5)),
		Entry("the next free place is for the tenant that has none", 2, takeAll(0, "a", 1), takeAll(20, "a", 1), waits(30, "a/x", none, 60),
			waits(30, "b/x", 60, 60), waits(60, "a/x", none, 80), sends(60.5, "b/x", 60)),
		Entry("tenants take turns with a single place", 1, takeAll(0, "a", 1), waits(1, "a/x", none, 60), waits(1, "b/x", 60, 60), waits(1, "b/y", 60, 180),
			waits(60, "a/x", none, 120), sends(60, "b/x", 60), waits(120, "b/y", 60, 180), sends(120, "a/x", none), waits(121, "a/y", none, 180),
			waits(180, "a/y", none, 240), sends(180, "b/y", 60)),
		Entry("within a tenant, the most urgent goes first", 1, takeAll(0, "a", 1), waits(1, "b/x", 60, 60), waits(1, "b/y", 5, 60),
			waits(60, "b/x", 60, 120), sends(60, "b/y", 5)),

		// Who is woken.
		Entry("the next tenant in turn is woken", 1, takeAll(0, "a", 1), waits(1, "a/x", none, 60), waits(1, "a/y", none, 120), waits(1, "b/x", 60, 60),
			leaves("b/x"), leaves("a/x"), wakes(60, "a/y"), sends(60, "a/y", none)),
		Entry("waiters of a tenant are woken when it is alone again", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61),
			wakes(2), givesBack(0), wakes(3, "a/x")),
		Entry("a tenant at its threshold is not woken", 6, takeAll(0, "b", 1), takeAll(1, "a", 3), waits(2, "a/x", none, 61), wakes(3), wakes(59)),

		// What is given back.
		Entry("a place that is given back counts for its tenant no more", 6, takeAll(0, "b", 1), takeAll(1, "a", 2), takeAll(2, "a", 1), waits(3, "a/x", none, 61),
			givesBack(2), wakes(4, "a/x"), sends(4, "a/x", none)),
	)

	It("of a server forgets tenants that neither wait nor hold a place", func() {
		s := play(perMinute(2), takeAll(0, "a", 1), takeAll(100, "b", 1), wakes(101))
		Expect(s.Tenants(server)).To(Equal(1))
	})

	DescribeTable("is one of 8 that differ at a server:", func(steps ...step) { play(perMinute(1), steps...) },
		Entry("the ninth takes the place of the idle limit that was used longest ago, which still holds", sends(0, "a", 5),
			limits(8, 1, "idle"), under(perMinute(1)), remembersEight, waits(2, "b", 5, 61)),
		Entry("a limit that made place for others holds when these are forgotten", under(throttle.Limit{Requests: 1, Per: time.Hour}), sends(0, "a", 5),
			limits(8, 60, "idle"), wakes(600), sends(660, "x", 5), wakes(1200), under(throttle.Limit{Requests: 1, Per: time.Hour}), waits(1201, "b", 5, 4260)),
		Entry("the ninth is judged by the strictest when all have waiters", sends(0, "a", 5), waits(1, "b", 5, 60),
			limitsWithWaiters(7, 1), under(throttle.Limit{Requests: 1, Per: time.Second}), remembersEight, waits(2, "c", 5, 120)),
		Entry("a waiter moves to its own limit when there is place again", sends(0, "a", 5), waits(1, "b", 5, 60),
			limitsWithWaiters(7, 1), under(throttle.Limit{Requests: 1, Per: time.Second}), waits(2, "c", 5, 120), leaves("waits 3"), sends(3, "c", 5)),
		Entry("any number of waiters with as many limits leaves 8", sends(0, "a", 5), limitsWithWaiters(500, 1), remembersEight),
		Entry("any number of limits in turn leaves 8", limits(500, 1, "idle"), remembersEight),
	)

	It("of one server does not hold up another", func() {
		s := play(perMinute(1), sends(0, "a", 5), waits(0, "b", 5, 60), waits(0, "c", 5, 120))
		_, ok := s.Reserve("https://other.example.com", perMinute(1), token{"b", 5}.waiter(), after(1))
		Expect(ok).To(BeTrue(), "b asks another server")
		waits(2, "c", 5, 60)(s)
	})

	It("puts who comes back from another server behind its equals", func() {
		s := play(perMinute(1), sends(0, "a", 5), waits(0, "b", 5, 60), waits(0, "c", 5, 120))
		s.Reserve("https://other.example.com", perMinute(1), token{"x", 5}.waiter(), after(1))
		_, ok := s.Reserve("https://other.example.com", perMinute(1), token{"b", 5}.waiter(), after(1))
		Expect(ok).To(BeFalse())
		waits(2, "b", 5, 120)(s)
		waits(2, "c", 5, 60)(s)
	})

	DescribeTable("always names a time after now, however odd it is", func(limits ...throttle.Limit) {
		l := throttle.NewLimiter()
		for i := range 400 {
			at := after(float64(i / 50))
			until, ok := l.Reserve(server, limits[i%len(limits)], throttle.Waiter{ID: fmt.Sprint(i)}, at)
			Expect(ok || until.After(at)).To(BeTrue(), "until %s", until)
			Expect(until).To(BeTemporally("<=", at.Add(time.Hour)))
		}
	},
		Entry("a request a year", throttle.Limit{Requests: 1, Per: 365 * 24 * time.Hour}),
		Entry("a request a nanosecond", throttle.Limit{Requests: 1, Per: 1}),
		Entry("both", throttle.Limit{Requests: 1, Per: 365 * 24 * time.Hour}, throttle.Limit{Requests: 1, Per: 1}),
		Entry("millions a nanosecond, and one an hour", throttle.Limit{Requests: 4_500_000, Per: 1}, throttle.Limit{Requests: 1, Per: time.Hour}),
	)
})

var _ = Describe("a request that goes out later than its place was taken", func() {
	It("counts from then", func() {
		s := play(perMinute(1), sends(0, "a", 5))
		s.Sent(server, after(0), after(7))
		waits(60, "b", 5, 67)(s)
		sends(67, "b", 5)(s)
	})

	It("can be given back by when it went out", func() {
		s := play(perMinute(1), sends(0, "a", 5))
		s.Sent(server, after(0), after(7))
		s.Release(server, after(7))
		sends(8, "b", 5)(s)
	})

	It("is none when its place is not known any more", func() {
		s := play(perMinute(1), sends(0, "a", 5))
		s.Release(server, after(0))
		s.Sent(server, after(0), after(7))
		sends(8, "b", 5)(s)
	})
})

var _ = Describe("a waiter that may not send because of something else", func() {
	urgent := throttle.Waiter{ID: "urgent", ExpiresAt: after(5 * 60)}

	It("holds up nobody", func() {
		s := play(perMinute(1), sends(0, "x", 5), waits(1, "lazy", 9, 60))
		s.Await(server, perMinute(1), urgent, after(180), after(60))
		sends(60, "lazy", 9)(s)
	})

	It("keeps its order", func() {
		s := play(perMinute(1), sends(0, "x", 5), waits(1, "first", none, 60), waits(2, "second", none, 120))
		s.Await(server, perMinute(1), token{"first", none}.waiter(), after(180), after(60))
		waits(61, "third", none, 121)(s)
		sends(62, "first", none)(s)
	})

	It("is not called before it asks again", func() {
		s := play(perMinute(1), sends(0, "x", 5))
		s.Await(server, perMinute(1), urgent, after(180), after(60))
		Expect(s.Due(after(61))).To(BeEmpty())
	})

	It("is forgotten when it never comes back", func() {
		s := play(perMinute(1), sends(0, "x", 5))
		s.Await(server, perMinute(1), throttle.Waiter{ID: "urgent"}, after(62), after(60))
		s.Due(after(68))
		sends(68, "lazy", 9)(s)
	})

	It("waits nowhere without a limit", func() {
		s := play(perMinute(1))
		s.Await(server, throttle.Limit{}, throttle.Waiter{ID: "urgent"}, after(62), after(60))
		Expect(s.Size()).To(BeZero())
	})
})

var _ = Describe("the memory", func() {
	It("of a server ends a period after its last request", func() {
		s := play(perMinute(3), others(0, 3), waits(1, "a", 5, 60), leaves("a"))
		Expect(s.Size()).To(Equal(5), "a server, a line and three places")
		s.Due(after(60))
		Expect(s.Size()).To(Equal(5), "what someone who is late may look back at")
		s.Due(after(61))
		Expect(s.Size()).To(BeZero())
	})

	It("of those who never come ends 5 s after their time", func() {
		s := play(perMinute(1), others(0, 1), waits(1, "a", 5, 60), waits(1, "b", 5, 120))
		s.Due(after(126))
		Expect(s.Size()).To(BeZero())
	})

	It("holds the places of the longest period only while somebody looks back so far", func() {
		s := play(throttle.Limit{Requests: 5, Per: time.Hour}, others(0, 5), under(perMinute(10)))
		for minutes := range 70 {
			sends(float64(60*minutes+30), "a", 5)(s)
		}
		Expect(s.Size()).To(Equal(4), "a server, a line and two places")
	})

	It("holds no more places than the largest limit counts", func() {
		s := play(throttle.Limit{Requests: 5, Per: 24 * time.Hour}, others(0, 1), under(throttle.Limit{Requests: 1, Per: time.Second}))
		for second := range 1000 {
			sends(float64(second+1), "a", 5)(s)
		}
		wakes(1001)(s)
		Expect(s.Size()).To(Equal(7), "a server, a line and five places")
		under(throttle.Limit{Requests: 5, Per: 24 * time.Hour})(s)
		waits(1002, "b", 5, 4602)(s)
	})

	DescribeTable("counts a place that it dropped when another place is given back", func(given int, until float64) {
		s := play(throttle.Limit{Requests: 3, Per: time.Hour}, others(0, 1), under(throttle.Limit{Requests: 1, Per: time.Second}))
		for second := range 9 {
			sends(float64(second+1), "a", 5)(s)
		}
		wakes(10)(s)
		for i := range given {
			givesBack(float64(9 - i))(s)
		}
		under(throttle.Limit{Requests: 3, Per: time.Hour})(s)
		waits(11, "b", 5, until)(s)
	},
		Entry("the first", 1, 3606.0),
		Entry("the second, as of the same time at the earliest", 2, 3606.0),
		Entry("the fourth, too", 4, 3606.0),
	)

	It("holds nothing of what has no limit", func() {
		Expect(play(throttle.Limit{}, others(0, 10)).Size()).To(BeZero())
	})
})
