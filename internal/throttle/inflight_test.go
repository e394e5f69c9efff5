package throttle_test

import (
	"fmt"
	"math/rand/v2"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

// asker names a tenant and one of its objects, such as "shop/a".
func asker(id string, minutes int) throttle.Waiter { return token{id, minutes}.waiter() }

// fill lets new objects of a tenant take places until they get no more, and returns their
// number.
func fill(p *throttle.InFlight, host, tenant string) (count int) {
	for i := range 10_000 {
		id, before := fmt.Sprintf("%s/%s-%d", tenant, host, i), p.Size()
		if !p.Reserve(host, asker(id, none), now) {
			p.Release(id, now)
			break
		}
		if p.Size() > before {
			count++
		}
	}
	return count
}

var _ = Describe("The places of a host", func() {
	It("are half a tenant's, and there is one for each other tenant", func() {
		p := throttle.NewInFlight(32, 224)
		Expect(fill(p, "idp", "attacker")).To(Equal(16))
		for i := range 4 {
			Expect(p.Reserve("idp", asker(fmt.Sprintf("shop-%d/a", i), none), now)).To(BeTrue())
		}
		Expect(fill(p, "idp", "attacker")).To(BeZero())
		Expect(fill(p, "other", "attacker")).To(Equal(16))
	})

	It("are not all places: a tenant holds half of them at any number of hosts", func() {
		p, total := throttle.NewInFlight(32, 224), 0
		for i := range 1000 {
			total += fill(p, fmt.Sprintf("host-%d", i), "attacker")
		}
		Expect(total).To(Equal(112))
		Expect(p.Reserve("host-0", asker("shop/a", none), now)).To(BeTrue())
	})

	It("are given to the most urgent, one for each that is given back", func() {
		p := throttle.NewInFlight(4, 100)
		Expect(fill(p, "idp", "shop")).To(Equal(2))
		for _, waits := range []throttle.Waiter{asker("shop/late", 20), asker("shop/soon", 10), asker("shop/new", none), asker("shop/newer", none)} {
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
		Expect(p.Reserve("idp", asker("shop/late", 20), now)).To(BeFalse(), "the places are kept for others")
		Expect(p.Reserve("idp", asker("shop/new", none), now)).To(BeTrue())
		p.Release("shop/new", now)
		p.Release("shop/newer", now)
		Expect(p.Due(now)).To(Equal([]string{"shop/soon", "shop/late"}))
	})

	It("are passed on when an asker does not come", func() {
		p := throttle.NewInFlight(2, 100)
		Expect(fill(p, "idp", "shop")).To(Equal(1))
		Expect(p.Reserve("idp", asker("shop/a", none), now)).To(BeFalse())
		Expect(p.Reserve("idp", asker("shop/b", none), now)).To(BeFalse())
		p.Release("shop/idp-0", now)
		Expect(p.Due(after(4))).To(Equal([]string{"shop/a"}))
		Expect(p.Due(after(5))).To(BeEmpty())
		Expect(p.Due(after(5.1))).To(Equal([]string{"shop/b"}))
		Expect(p.Reserve("idp", asker("shop/a", none), after(6))).To(BeFalse())
		Expect(p.Reserve("idp", asker("shop/b", none), after(6))).To(BeTrue())
		p.Release("shop/b", after(60))
		Expect(p.Due(after(60))).To(Equal([]string{"shop/a"}))
	})

	It("are called for as soon as a tenant may hold more, at other hosts too", func() {
		p := throttle.NewInFlight(32, 4)
		Expect(p.Reserve("a", asker("one/a", none), now)).To(BeTrue())
		Expect(p.Reserve("b", asker("one/b", none), now)).To(BeTrue())
		Expect(p.Reserve("c", asker("one/c", none), now)).To(BeFalse())
		Expect(p.Reserve("d", asker("two/d", none), now)).To(BeTrue())
		p.Release("two/d", now)
		Expect(p.Due(now)).To(BeEmpty())
		p.Release("one/a", now)
		Expect(p.Due(now)).To(Equal([]string{"one/c"}))
	})

	It("are given first to requests whose last attempt did not fail", func() {
		p := throttle.NewInFlight(2, 100)
		Expect(fill(p, "idp", "shop")).To(Equal(1))
		failed := asker("shop/failed", none)
		failed.HasFailed = true
		Expect(p.Reserve("idp", failed, now)).To(BeFalse())
		Expect(p.Reserve("idp", asker("shop/late", 20), now)).To(BeFalse())
		p.Release("shop/idp-0", now)
		Expect(p.Due(now)).To(Equal([]string{"shop/late"}))
	})

	It("follow an asker to the host that it sends to", func() {
		p := throttle.NewInFlight(2, 100)
		Expect(p.Reserve("issuer", asker("shop/a", none), now)).To(BeTrue())
		Expect(p.Enter("issuer", asker("shop/a", none), now)).To(BeTrue(), "the metadata")
		Expect(p.Enter("idp", asker("shop/a", none), now)).To(BeTrue(), "the token")
		Expect(p.Reserve("issuer", asker("shop/b", none), now)).To(BeTrue(), "its place there is free")
		Expect(p.Enter("idp", asker("shop/b", none), now)).To(BeFalse())
		p.Release("shop/a", now)
		Expect(p.Due(now)).To(Equal([]string{"shop/b"}))
		Expect(p.Reserve("issuer", asker("shop/b", none), now)).To(BeTrue())
		Expect(p.Enter("idp", asker("shop/b", none), now)).To(BeTrue())
		Expect(p.Reserve("issuer", asker("shop/c", none), now)).To(BeTrue())
	})

	It("count for a tenant whose requests do not wait", func() {
		p := throttle.NewInFlight(2, 100)
		leave, ok := p.TryEnter("idp", "shop")
		Expect(ok).To(BeTrue())
		_, ok = p.TryEnter("idp", "shop")
		Expect(ok).To(BeFalse())
		Expect(p.Reserve("idp", asker("shop/a", none), now)).To(BeFalse())
		leave(now)
		Expect(p.Due(now)).To(Equal([]string{"shop/a"}))
		p.Release("shop/a", now)
		Expect(p.Size()).To(BeZero())
	})

	DescribeTable("go round among any number of askers, and none is forgotten", func(seed uint64) {
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
			if p.Reserve(host, asker(id, random.IntN(3)), after(at)) {
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
					// It disappears, and tells nobody.
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
	}, Entry("by one chance", uint64(1)), Entry("by another", uint64(2)), Entry("by a third", uint64(3)))

	It("may be taken by several goroutines", func() {
		p := throttle.NewInFlight(8, 20)
		var group sync.WaitGroup
		for worker := range 8 {
			group.Go(func() {
				for i := range 500 {
					id := fmt.Sprintf("tenant-%d/%d", worker, i%7)
					p.Reserve("idp", asker(id, i%3), now)
					p.Enter("other", asker(id, i%3), now)
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
