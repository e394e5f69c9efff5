package fairshare_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/fairshare"
)

func TestFairshare(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "fairshare")
}

// fill makes a tenant take its maximum amount, and returns that amount.
func fill(room *fairshare.Room, tenant string) (amount int) {
	for room.Admits(tenant, 1) {
		room.Add(tenant, 1)
		amount++
	}
	return amount
}

var _ = Describe("a room", func() {
	It("gives half to a single tenant, and half of the remaining amount to the next", func() {
		room := fairshare.NewRoom(64)
		Expect(fill(room, "first")).To(Equal(32))
		Expect(fill(room, "second")).To(Equal(16))
		Expect(fill(room, "first")).To(BeZero())
	})

	It("gives each tenant an equal part if the tenants take turns", func() {
		room := fairshare.NewRoom(64)
		for range 64 {
			for _, tenant := range []string{"first", "second", "third"} {
				if room.Admits(tenant, 1) {
					room.Add(tenant, 1)
				}
			}
		}
		Expect(room.Free()).To(BeNumerically("~", 16, 1))
	})

	It("admits a tenant that holds nothing, as long as anything is free", func() {
		room := fairshare.NewRoom(8)
		for _, tenant := range []string{"a", "b", "c", "d"} {
			Expect(fill(room, tenant)).To(BeNumerically(">", 0), tenant)
		}
		Expect(room.Free()).To(BeZero())
	})

	It("refuses an amount that exceeds the share of a tenant", func() {
		room := fairshare.NewRoom(64)
		Expect(room.Admits("first", 65)).To(BeFalse())
		room.Add("first", 30)
		Expect(room.Admits("first", 5)).To(BeFalse())
		Expect(room.Admits("first", 4)).To(BeTrue())
	})

	It("reuses a released amount", func() {
		room := fairshare.NewRoom(2)
		Expect(room.IsEmpty()).To(BeTrue())
		Expect(fill(room, "first")).To(Equal(1))
		Expect(room.IsEmpty()).To(BeFalse())
		room.Add("first", -1)
		Expect(room.IsEmpty()).To(BeTrue())
		Expect(fill(room, "first")).To(Equal(1))
	})
})

var _ = Describe("slots", func() {
	It("make a tenant with a full share wait until it releases a slot", func(ctx SpecContext) {
		slots, entered := fairshare.NewSlots(2), make(chan func())
		leave := slots.Enter(ctx, "shop")
		go func() { entered <- slots.Enter(ctx, "shop") }()
		slots.Enter(ctx, "bank")()
		Expect(entered).NotTo(Receive())
		leave()
		Eventually(entered).Should(Receive())
	})

	It("are either all taken or not taken at all", func(ctx SpecContext) {
		slots := fairshare.NewSlots(10)
		leave, ok := slots.EnterWith(ctx, "shop", 4)
		Expect(ok).To(BeTrue())
		_, ok = slots.TryWith("shop", 3)
		Expect(ok).To(BeFalse())
		leaveBank, ok := slots.TryWith("bank", 3)
		Expect(ok).To(BeTrue())
		leave()
		leaveBank()
		_, ok = slots.TryWith("shop", 10)
		Expect(ok).To(BeTrue())
		ended, end := context.WithCancel(ctx)
		end()
		_, ok = slots.EnterWith(ended, "bank", 1)
		Expect(ok).To(BeFalse())
	})

	It("are not taken if the context of the caller ends", func(ctx SpecContext) {
		slots := fairshare.NewSlots(1)
		leave := slots.Enter(ctx, "shop")
		ended, end := context.WithCancel(ctx)
		end()
		slots.Enter(ended, "shop")()
		leave()
		slots.Enter(ctx, "shop")()
	})

	It("are never exceeded, and each waiting caller gets a slot", func(ctx SpecContext) {
		const size, workers = 6, 100
		var inside, peak atomic.Int32
		var waiting sync.WaitGroup
		slots := fairshare.NewSlots(size)
		for i := range workers {
			waiting.Go(func() {
				leave := slots.Enter(ctx, string(rune('a'+i%3)))
				count := inside.Add(1)
				for highest := peak.Load(); count > highest && !peak.CompareAndSwap(highest, count); {
					highest = peak.Load()
				}
				inside.Add(-1)
				leave()
			})
		}
		waiting.Wait()
		Expect(peak.Load()).To(BeNumerically("<=", size))
		Expect(ctx.Err()).NotTo(HaveOccurred())
	}, NodeTimeout(time.Minute))
})
