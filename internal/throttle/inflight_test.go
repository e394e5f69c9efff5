package throttle_test

import (
	"fmt"
	"math/rand/v2"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

// requester returns a request. The ID "shop/a", for example, means object a of the tenant shop.
func requester(id string, minutes int) throttle.Waiter { return token{id, minutes}.waiter() }

// fill reserves slots for new objects of a tenant until there are no more, and returns the number of slots.
func fill(p *throttle.InFlight, host, tenant string) (count int) {
	for i := range 10_000 {
		id, before := fmt.Sprintf("%s/%s-%d", tenant, host, i), p.Size()
		if !p.Reserve(host, requester(id, none), now) {
			p.Release(id, now)
			break
		}
		if p.Size() > before {
			count++
		}
	}
	return count
}

var _ = Describe("the slots of a host", func() {
	It("are shared: a tenant gets half of them, and each other tenant still gets one", func() {
		p := throttle.NewInFlight(32, 224)
		Expect(fill(p, "idp", "attacker")).To(Equal(16))
		for i := range 4 {
			Expect(p.Reserve("idp", requester(fmt.Sprintf("shop-%d/a", i), none), now)).To(BeTrue())
		}
		Expect(fill(p, "idp", "attacker")).To(BeZero())
		Expect(fill(p, "other", "attacker")).To(Equal(16))
	})

	It("are limited across hosts: a tenant gets at most half of all slots", func() {
		p, total := throttle.NewInFlight(32, 224), 0
		for i := range 1000 {
			total += fill(p, fmt.Sprintf("host-%d", i), "attacker")
		}
		Expect(total).To(Equal(112))
		Expect(p.Reserve("host-0", requester("shop/a", none), now)).To(BeTrue())
	})

	It("go to the most urgent requests, one for each released slot", func() {
		p := throttle.NewInFlight(4, 100)
		Expect(fill(p, "idp", "shop")).To(Equal(2))
		for _, waits := range []throttle.Waiter{requester("shop/late", 20), requester("shop/soon", 10), requester("shop/new", none), requester("shop/newer", none)} {
			Expect(p.Reserve("idp", waits, now)).To(BeFalse())
		}
		Expect(p.Due(now)).To(BeEmpty())
		Expect(p.Calling()).NotTo(Receive())
		p.Release("shop/idp-0", now)
		Expect(p.Calling()).To(Receive())
		Expect(p.Due(now)).To(Equal([]string{"shop/new"}))
		Expect(p.Due(now)).To(BeEmpty())
		p.Release("shop/idp-1", now)
		Expect(p.Due(now)).To(Equal([]string{"shop/newer"}))
		Expect(p.Reserve("idp", requester("shop/late", 20), now)).To(BeFalse(), "the slots are reserved for other requests")
		Expect(p.Reserve("idp", requester("shop/new", none), now)).To(BeTrue())
		p.Release("shop/new", now)
		p.Release("shop/newer", now)
		Expect(p.Due(now)).To(Equal([]string{"shop/soon", "shop/late"}))
	})

	It("go to the next request if a called request does not come", func() {
		p := throttle.NewInFlight(2, 100)
		Expect(fill(p, "idp", "shop")).To(Equal(1))
		Expect(p.Reserve("idp", requester("shop/a", none), now)).To(BeFalse())
		Expect(p.Reserve("idp", requester("shop/b", none), now)).To(BeFalse())
		p.Release("shop/idp-0", now)
		Expect(p.Due(after(4))).To(Equal([]string{"shop/a"}))
		Expect(p.Due(after(5))).To(BeEmpty())
		Expect(p.Due(after(5.1))).To(Equal([]string{"shop/b"}))
		Expect(p.Reserve("idp", requester("shop/a", none), after(6))).To(BeFalse())
		Expect(p.Reserve("idp", requester("shop/b", none), after(6))).To(BeTrue())
		p.Release("shop/b", after(60))
		Expect(p.Due(after(60))).To(Equal([]string{"shop/a"}))
	})

	It("are reserved for a waiting request as soon as its tenant may hold more slots, even if the released slot is at another host", func() {
		p := throttle.NewInFlight(32, 4)
		Expect(p.Reserve("a", requester("one/a", none), now)).To(BeTrue())
		Expect(p.Reserve("b", requester("one/b", none), now)).To(BeTrue())
		Expect(p.Reserve("c", requester("one/c", none), now)).To(BeFalse())
		Expect(p.Reserve("d", requester("two/d", none), now)).To(BeTrue())
		p.Release("two/d", now)
		Expect(p.Due(now)).To(BeEmpty())
		p.Release("one/a", now)
		Expect(p.Due(now)).To(Equal([]string{"one/c"}))
	})

	It("go first to requests whose last attempt did not fail", func() {
		p := throttle.NewInFlight(2, 100)
		Expect(fill(p, "idp", "shop")).To(Equal(1))
		failed := requester("shop/failed", none)
		failed.HasFailed = true
		Expect(p.Reserve("idp", failed, now)).To(BeFalse())
		Expect(p.Reserve("idp", requester("shop/late", 20), now)).To(BeFalse())
		p.Release("shop/idp-0", now)
		Expect(p.Due(now)).To(Equal([]string{"shop/late"}))
	})

	It("move with a request from the host of the metadata to the host of the token endpoint", func() {
		p := throttle.NewInFlight(2, 100)
		Expect(p.Reserve("issuer", requester("shop/a", none), now)).To(BeTrue())
		Expect(p.Enter("issuer", requester("shop/a", none), now)).To(BeTrue(), "the metadata")
		Expect(p.Enter("idp", requester("shop/a", none), now)).To(BeTrue(), "the token")
		Expect(p.Reserve("issuer", requester("shop/b", none), now)).To(BeTrue(), "the slot there is free")
		Expect(p.Enter("idp", requester("shop/b", none), now)).To(BeFalse())
		p.Release("shop/a", now)
		Expect(p.Due(now)).To(Equal([]string{"shop/b"}))
		Expect(p.Reserve("issuer", requester("shop/b", none), now)).To(BeTrue())
		Expect(p.Enter("idp", requester("shop/b", none), now)).To(BeTrue())
		Expect(p.Reserve("issuer", requester("shop/c", none), now)).To(BeTrue())
	})

	It("are also used by requests that do not wait in line", func() {
		p := throttle.NewInFlight(2, 100)
		leave, ok := p.TryEnter("idp", "shop")
		Expect(ok).To(BeTrue())
		_, ok = p.TryEnter("idp", "shop")
		Expect(ok).To(BeFalse())
		Expect(p.Reserve("idp", requester("shop/a", none), now)).To(BeFalse())
		leave(now)
		Expect(p.Due(now)).To(Equal([]string{"shop/a"}))
		p.Release("shop/a", now)
		Expect(p.Size()).To(BeZero())
	})

	DescribeTable("are passed on among many requests, and every request gets a slot,", func(seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		p := throttle.NewInFlight(8, 20)
		wants, inside := map[string]bool{}, map[string]string{}
		for i := range 300 {
			wants[fmt.Sprintf("tenant-%d/%d", random.IntN(4), i)] = true
		}
		come := func(id string, at float64) {
			if !wants[id] {
				return
			}
			host := fmt.Sprintf("host-%d", random.IntN(5))
			if p.Reserve(host, requester(id, random.IntN(3)), after(at)) {
				inside[id] = host
				delete(wants, id)
			}
		}
		for id := range wants {
			come(id, 0)
		}
		at, calls := 0.0, 0
		for len(wants)+len(inside) > 0 {
			at += random.ExpFloat64()
			Expect(at).To(BeNumerically("<", 10_000), "%d wait", len(wants))
			for id := range inside {
				if random.IntN(3) == 0 {
					delete(inside, id)
					p.Release(id, after(at))
				}
			}
			for _, id := range p.Due(after(at)) {
				calls++
				switch random.IntN(20) {
				case 0:
					// It disappears without a call of Release.
					delete(wants, id)
				default:
					come(id, at)
				}
			}
			Expect(len(inside)).To(BeNumerically("<=", 20))
		}
		Expect(calls).To(BeNumerically("<", 310))
		p.Due(after(at + 20))
		p.Due(after(at + 40))
		Expect(p.Size()).To(BeZero())
	}, Entry("with seed 1", uint64(1)), Entry("with seed 2", uint64(2)), Entry("with seed 3", uint64(3)))

	It("can be reserved concurrently", func() {
		p := throttle.NewInFlight(8, 20)
		var group sync.WaitGroup
		for worker := range 8 {
			group.Go(func() {
				for i := range 500 {
					id := fmt.Sprintf("tenant-%d/%d", worker, i%7)
					p.Reserve("idp", requester(id, i%3), now)
					p.Enter("other", requester(id, i%3), now)
					p.Due(now)
					p.Release(id, now)
				}
			})
		}
		group.Wait()
		p.Due(after(10))
		Expect(p.Size()).To(BeZero())
	})
})
