package throttle_test

import (
	"container/heap"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

// simulation is a controller with a fake clock. A request that must wait comes back somewhat late.
type simulation struct {
	*throttle.Limiter
	random *rand.Rand
	limit  throttle.Limit
	// lateness is the maximum delay of a request.
	lateness time.Duration
	// tick is the interval between calls of Due; zero means never.
	tick time.Duration
	// each is called before each visit, and may change the scene.
	each func(at time.Time)
	// sends is called after each request.
	sends func(waiter throttle.Waiter, at time.Time)

	visits visits
	next   map[string]*visit
	takes  int
	sent   []time.Time
	served []string
}

// visit is a planned call of Reserve, or of Due if ticks is true.
type visit struct {
	at     time.Time
	waiter throttle.Waiter
	ticks  bool
}

func simulate(limit throttle.Limit, lateness, tick time.Duration) *simulation {
	s := &simulation{Limiter: throttle.NewLimiter(), random: rand.New(rand.NewPCG(1, 2)), limit: limit,
		lateness: lateness, tick: tick, next: map[string]*visit{},
		each: func(time.Time) {}, sends: func(throttle.Waiter, time.Time) {}}
	if tick > 0 {
		heap.Push(&s.visits, &visit{at: now, ticks: true})
	}
	return s
}

// comes replaces the planned visit of the waiter.
func (s *simulation) comes(waiter throttle.Waiter, at time.Time) {
	v := &visit{at: at, waiter: waiter}
	s.next[waiter.ID] = v
	heap.Push(&s.visits, v)
}

func (s *simulation) late() time.Duration {
	if s.lateness == 0 {
		return 0
	}
	return time.Duration(s.random.Int64N(int64(s.lateness)))
}

// run continues until no request waits.
func (s *simulation) run() {
	for len(s.next) > 0 {
		v := heap.Pop(&s.visits).(*visit)
		s.each(v.at)
		switch {
		case v.ticks:
			s.wake(v.at)
		case s.next[v.waiter.ID] == v:
			s.take(v)
		}
	}
}

func (s *simulation) wake(at time.Time) {
	for _, id := range s.Due(at) {
		if v, waits := s.next[id]; waits {
			s.comes(v.waiter, at.Add(s.late()))
		}
	}
	heap.Push(&s.visits, &visit{at: at.Add(s.tick), ticks: true})
}

func (s *simulation) take(v *visit) {
	s.takes++
	until, ok := s.Reserve(server, s.limit, v.waiter, v.at)
	if !ok {
		s.comes(v.waiter, until.Add(s.late()))
		return
	}
	delete(s.next, v.waiter.ID)
	s.sent, s.served = append(s.sent, v.at), append(s.served, v.waiter.ID)
	s.sends(v.waiter, v.at)
}

// disappears deletes a waiter without a call of Withdraw.
func (s *simulation) disappears(id string) { delete(s.next, id) }

func (s *simulation) took() time.Duration { return slices.MaxFunc(s.sent, time.Time.Compare).Sub(now) }

type visits []*visit

func (v visits) Len() int           { return len(v) }
func (v visits) Less(i, j int) bool { return v[i].at.Before(v[j].at) }
func (v visits) Swap(i, j int)      { v[i], v[j] = v[j], v[i] }
func (v *visits) Push(x any)        { *v = append(*v, x.(*visit)) }
func (v *visits) Pop() any {
	last := (*v)[len(*v)-1]
	*v = (*v)[:len(*v)-1]
	return last
}

// expectWithin fails if an interval has more requests than the limit allows.
func expectWithin(limit throttle.Limit, sent []time.Time) {
	GinkgoHelper()
	slices.SortFunc(sent, time.Time.Compare)
	for i := limit.Requests; i < len(sent); i++ {
		if gap := sent[i].Sub(sent[i-limit.Requests]); gap < limit.Per {
			Fail(fmt.Sprintf("%d requests within %s", limit.Requests+1, gap))
		}
	}
}

// crowd adds requests that come in the first second, in any order. The token of request i expires in one
// hour and i seconds.
func (s *simulation) crowd(size int) {
	for _, i := range s.random.Perm(size) {
		s.comes(throttle.Waiter{ID: fmt.Sprintf("%05d", i), ExpiresAt: now.Add(time.Hour + time.Duration(i)*time.Second)},
			now.Add(time.Duration(s.random.Int64N(int64(time.Second)))))
	}
}

var _ = Describe("a hundred ClientCredentials of a server with a limit of 30 requests a minute", func() {
	DescribeTable("keep the limit, and are served in the order of expiry", func(lateness, tick, maxTime time.Duration) {
		s := simulate(perMinute(30), lateness, tick)
		s.crowd(100)
		s.run()
		expectWithin(s.limit, s.sent)
		Expect(s.served).To(HaveLen(100))
		Expect(s.took()).To(BeNumerically("<=", maxTime))
		// The first 30 requests are sent immediately. In each period after that, the 30 most urgent requests
		// are sent, in any order.
		for first := 30; first < 100; first += 30 {
			batch := s.served[first:min(first+30, 100)]
			if first > 30 {
				Expect(slices.Min(batch) > slices.Max(s.served[30:first])).To(BeTrue())
			}
		}
	},
		Entry("if all come in time", time.Duration(0), time.Duration(0), 181*time.Second),
		Entry("if they come up to 2 s late", 2*time.Second, time.Duration(0), 190*time.Second),
		Entry("if they come up to 2 s late, and Due calls them", 2*time.Second, time.Second, 190*time.Second),
	)

	It("lose no time if half of them disappear", func() {
		s := simulate(perMinute(30), time.Second, time.Second)
		s.crowd(100)
		s.each = func(at time.Time) {
			if at.After(after(1.5)) {
				for i := 0; i < 100; i += 2 {
					s.disappears(fmt.Sprintf("%05d", i))
				}
			}
		}
		s.run()
		expectWithin(s.limit, s.sent)
		// After the first 30, about 35 requests are left. They need two periods, each at most 5 s longer
		// because some requests do not come.
		Expect(s.took()).To(BeNumerically("<", 130*time.Second))
		Expect(len(s.served)).To(BeNumerically(">=", 50))
	})
})

var _ = Describe("many waiting requests", func() {
	DescribeTable("need few calls", func(size, requests int, lateness, tick time.Duration, maxCalls float64) {
		s := simulate(perMinute(requests), lateness, tick)
		s.crowd(size)
		started := time.Now()
		s.run()
		expectWithin(s.limit, s.sent)
		ideal := time.Duration(size/requests) * time.Minute
		AddReportEntry(fmt.Sprintf("%d at %d a minute, up to %s late: %.2f calls each, %s simulated in %s (ideal %s)",
			size, requests, lateness, float64(s.takes)/float64(size), s.took(), time.Since(started), ideal))
		Expect(float64(s.takes) / float64(size)).To(BeNumerically("<", maxCalls))
		Expect(s.took()).To(BeNumerically("<", ideal*21/20))
	},
		Entry("ten thousand at 1000 a minute, in time", 10_000, 1000, time.Duration(0), time.Duration(0), 3.5),
		Entry("ten thousand at 1000 a minute, late", 10_000, 1000, 2*time.Second, time.Second, 4.0),
		Entry("ten thousand at 30 a minute, in time", 10_000, 30, time.Duration(0), time.Duration(0), 5.5),
		Entry("two thousand at 30 a minute, late", 2_000, 30, 2*time.Second, time.Second, 5.5),
	)

	It("use the whole limit if most of them are withdrawn", func() {
		s := simulate(perMinute(30), time.Second, time.Second)
		s.crowd(1000)
		s.each = func(at time.Time) {
			if !at.After(after(90)) || len(s.next) < 500 {
				return
			}
			for i := range 1000 {
				if id := fmt.Sprintf("%05d", i); i%10 != 0 {
					s.disappears(id)
					s.Withdraw(id)
				}
			}
		}
		s.run()
		expectWithin(s.limit, s.sent)
		Expect(len(s.served)).To(BeNumerically(">=", 145), "60 before, and the requests of the 100 that remain")
		// The last request was expected after 33 minutes.
		Expect(s.took()).To(BeNumerically("<", 310*time.Second))
	})
})

var _ = Describe("a tenant beside tenants whose objects have no token", func() {
	// crowds adds tenants whose objects each send the next request one second after the last one.
	crowds := func(s *simulation, tenants, size int) {
		for i := range tenants * size {
			tenant := fmt.Sprint("failing-", i%tenants)
			s.comes(throttle.Waiter{ID: fmt.Sprint(tenant, "/", i), Tenant: tenant}, now.Add(time.Duration(s.random.Int64N(int64(time.Minute)))))
		}
	}

	DescribeTable("gets its turn:", func(requests, tenants int, lateness time.Duration, maxBefore int) {
		s := simulate(perMinute(requests), lateness, time.Second)
		crowds(s, tenants, 50)
		rare := throttle.Waiter{ID: "shop/a", Tenant: "shop", ExpiresAt: now.Add(1000 * time.Hour)}
		came, passed, counts := after(600), []int{}, map[string]int{}
		s.comes(rare, came)
		s.each = func(at time.Time) {
			if at.Sub(now) > 90*time.Minute {
				clear(s.next)
			}
		}
		s.sends = func(w throttle.Waiter, at time.Time) {
			counts[w.Tenant]++
			if w.ID != rare.ID {
				s.comes(w, at.Add(time.Second))
				return
			}
			between := 0
			for _, sent := range s.sent {
				if sent.After(came) && sent.Before(at) {
					between++
				}
			}
			passed = append(passed, between)
			came = at.Add(10*time.Minute + time.Duration(s.random.Int64N(int64(time.Minute))))
			s.comes(rare, came)
		}
		s.run()
		expectWithin(s.limit, s.sent)
		Expect(len(passed)).To(BeNumerically(">", 6))
		Expect(slices.Max(passed)).To(BeNumerically("<=", maxBefore), "requests before the request of the tenant")
		delete(counts, rare.Tenant)
		fewest, largest := slices.Min(slices.Collect(maps.Values(counts))), slices.Max(slices.Collect(maps.Values(counts)))
		AddReportEntry(fmt.Sprintf("%d a minute, %d tenants: %d requests before the request of the tenant, %.1f calls for each request, %d to %d requests of the other tenants",
			requests, tenants, slices.Max(passed), float64(s.takes)/float64(len(s.sent)), fewest, largest))
		Expect(counts).To(HaveLen(tenants))
		Expect(fewest).To(BeNumerically(">=", largest/2), "requests of the tenants that always wait")
	},
		Entry("one request a minute, one other tenant", 1, 1, time.Duration(0), 0),
		Entry("one request a minute, ten other tenants", 1, 10, time.Duration(0), 0),
		Entry("two requests a minute, three other tenants", 2, 3, time.Duration(0), 0),
		Entry("five requests a minute, one other tenant", 5, 1, time.Duration(0), 0),
		Entry("five requests a minute, twenty other tenants", 5, 20, time.Duration(0), 0),
		Entry("thirty requests a minute, one other tenant", 30, 1, time.Duration(0), 0),
		Entry("thirty requests a minute, one other tenant, late", 30, 1, 2*time.Second, 2),
		Entry("thirty requests a minute, ten other tenants", 30, 10, time.Duration(0), 0),
		Entry("thirty requests a minute, fifty other tenants, late", 30, 50, 2*time.Second, 5),
		Entry("three hundred requests a minute, five other tenants, late", 300, 5, 2*time.Second, 2),
	)
})

var _ = Describe("any traffic", func() {
	DescribeTable("stays within the limit and the threshold", func(seed uint64, tenants int) {
		random := rand.New(rand.NewPCG(seed, 0))
		limits := []throttle.Limit{{Requests: 1 + random.IntN(5), Per: 10 * time.Second}, {Requests: 1 + random.IntN(10), Per: 25 * time.Second}}
		l := throttle.NewLimiter()
		var sent []time.Time
		var sentBy []string
		for at := 0.0; at < 600; at += random.ExpFloat64() / 5 {
			// Some callers read their clock earlier, but lock the mutex later.
			instant := after(at - random.Float64()/10)
			number := random.IntN(30)
			id := fmt.Sprintf("%d/%d", number%tenants, number)
			switch limit := limits[random.IntN(2)]; random.IntN(40) {
			case 0:
				l.Withdraw(id)
			case 1:
				l.Due(instant)
			case 2:
				if len(sent) > 0 {
					given := random.IntN(len(sent))
					l.Release(server, sent[given])
					sent, sentBy = slices.Delete(sent, given, given+1), slices.Delete(sentBy, given, given+1)
				}
			default:
				waiter := token{id, random.IntN(60)}.waiter()
				until, ok := l.Reserve(server, limit, waiter, instant)
				if !ok {
					Expect(until).To(BeTemporally(">", instant))
					continue
				}
				// Beside other tenants, the tenant must have held fewer reservations than were free.
				free, held, isAlone := limit.Requests, 0, true
				for i, other := range sent {
					if other.After(instant.Add(-limit.Per)) {
						free--
						isAlone = isAlone && sentBy[i] == waiter.Tenant
						if sentBy[i] == waiter.Tenant {
							held++
						}
					}
				}
				Expect(isAlone || held < free).To(BeTrue(), "%d held, %d free", held, free)
				sent, sentBy = append(sent, instant), append(sentBy, waiter.Tenant)
				// A sent request must keep its own limit in every interval that contains it.
				for _, start := range sent {
					count := 0
					for _, other := range sent {
						if !other.Before(start) && other.Before(start.Add(limit.Per)) {
							count++
						}
					}
					holds := !instant.Before(start) && instant.Before(start.Add(limit.Per))
					Expect(holds && count > limit.Requests).To(BeFalse(), "%d within %s", count, limit.Per)
				}
			}
		}
		Expect(len(sent)).To(BeNumerically(">", 10))
	},
		Entry("with seed 1", uint64(1), 1), Entry("with seed 2", uint64(2), 1), Entry("with seed 3", uint64(3), 1), Entry("with seed 4", uint64(4), 1),
		Entry("of two tenants, with seed 5", uint64(5), 2), Entry("of two tenants, with seed 6", uint64(6), 2), Entry("of three tenants", uint64(7), 3), Entry("of ten tenants", uint64(8), 10),
	)
})
