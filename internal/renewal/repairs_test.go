package renewal_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/renewal"
)

var _ = Describe("the repair of a Secret that another writer keeps changing", func() {
	repaired := func(times int) (repairs renewal.Repairs) {
		for range times {
			repairs = repairs.Add(now)
		}
		return repairs
	}

	DescribeTable("is made", func(times int, expected time.Duration) {
		Expect(repaired(times).NextAt()).To(Equal(now.Add(expected)))
	},
		Entry("5 min after the third", 3, 5*time.Minute),
		Entry("5 min after the tenth", 10, 5*time.Minute),
		Entry("5 min after the thousandth", 1000, 5*time.Minute),
	)

	It("is made immediately after the first write and the first repair", func() {
		for times := range 3 {
			Expect(repaired(times).NextAt()).To(BeZero())
		}
	})

	It("is made immediately again if the clock was set back by two hours", func() {
		Expect(repaired(10).Add(now.Add(-2 * time.Hour)).NextAt()).To(BeZero())
	})

	It("is made immediately again after a long time without repairs", func() {
		Expect(repaired(10).Add(now.Add(11 * time.Minute)).NextAt()).To(BeZero())
	})
})
