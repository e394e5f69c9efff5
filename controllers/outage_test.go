package controllers_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("While an authorization server is down,", func() {
	const count = 60
	var w *world
	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		create(ctx, w.shopCredentials())
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	})

	ready := func(ctx SpecContext, g Gomega) (ready int) {
		list := &v1alpha1.ClientCredentialList{}
		g.Expect(apiServer.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
		for _, item := range list.Items {
			if matches(item.Status.Conditions, matchers.HaveCondition("Ready", "True", "TokenIssued")) {
				ready++
			}
		}
		return ready
	}

	It("it is probed with one request at a time, and all tokens are requested when it recovers, even during a backoff", func(ctx SpecContext) {
		for i := range count {
			create(ctx, w.clientCredential(fmt.Sprintf("client-%02d", i)))
		}
		Eventually(func() int { return w.tokenRequests() }).Should(BeNumerically(">=", 3))
		Eventually(w.isIdle).Should(BeTrue())
		before := w.tokenRequests()
		Expect(before).To(BeNumerically("<=", 16), "requests in flight when the server went down")
		for range 60 {
			w.step(time.Second)
		}
		Eventually(w.isIdle).Should(BeTrue())
		probes := w.tokenRequests() - before
		Expect(probes).To(And(BeNumerically(">=", 6), BeNumerically("<=", 12)), "one request every 5 s")
		w.server.Respond("shop", nil)
		w.within(7*time.Second, func(g Gomega) { g.Expect(ready(ctx, g)).To(Equal(count)) })
		Expect(w.tokenRequests()).To(BeNumerically("<=", before+probes+count+1))
	})

	It("a waiting ClientCredential reports the outage", func(ctx SpecContext) {
		for i := range 3 {
			name := fmt.Sprintf("client-%d", i)
			create(ctx, w.clientCredential(name))
			w.eventuallySays(ctx, name, matchers.HaveCondition("Ready", "False", "ServerError"))
		}
		create(ctx, w.clientCredential("late"))
		w.eventuallySays(ctx, "late", matchers.HaveCondition("Ready", "False", "ServerError", ContainSubstring("a single request tests it")))
		Expect(w.tokenRequests()).To(Equal(3))
	})
})
