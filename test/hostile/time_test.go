package hostile_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A server that takes time", func() {
	It("keeps no other tenant waiting when it never answers", func(ctx SpecContext) {
		w := newWorld(ctx)
		server := newHostileServer(hangs)
		for i := range 40 {
			w.attacker.asks(ctx, fmt.Sprintf("slow-%d", i), server.URL)
		}
		Eventually(server.requests.Load).Should(BeNumerically(">=", 16))
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		w.attacker.says(ctx, "slow-0", matchers.HaveCondition("Ready", "False", "Timeout"))
	})
})
