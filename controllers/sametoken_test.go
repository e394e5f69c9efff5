package controllers_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

var _ = DescribeTable("A server that repeats a token until it expires gets requests at half of the remaining lifetime, and just after the expiry,",
	func(ctx SpecContext, server v1alpha1.AuthorizationServerSpec, path string) {
		w := newWorld(ctx)
		w.server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t-of-the-shop", SameUntil: time.Second})
		shop := w.clientCredential("shop")
		server.TokenEndpoint = w.server.URL + path
		shop.Spec.AuthorizationServer = &server
		create(ctx, w.shopCredentials(), shop)
		first := w.eventuallyReady(ctx, "shop")
		expiresAt := w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time
		w.traffic.reset()

		requests := 1
		for {
			renewAt := w.get(ctx, "shop")(Default).Status.Token.RenewAt.Time
			if renewAt.After(expiresAt) {
				Expect(renewAt).To(Equal(expiresAt.Add(time.Second)))
				break
			}
			w.setTime(renewAt.Add(-time.Second))
			Consistently(w.tokenRequests).WithTimeout(50 * time.Millisecond).Should(Equal(requests))
			requests++
			w.setTime(renewAt.Add(time.Second))
			Eventually(w.tokenRequests).Should(Equal(requests))

			left := expiresAt.Sub(w.clock.Now())
			next := w.clock.Now().Add(left / 2)
			if left < 20*time.Second {
				next = expiresAt.Add(time.Second)
			}
			Eventually(func() time.Time { return w.get(ctx, "shop")(Default).Status.Token.RenewAt.Time }).
				Should(BeTemporally("~", next, time.Second))
			if requests == 3 {
				By("keeping the planned time across a restart")
				w.restart()
				Consistently(w.tokenRequests).Should(Equal(requests))
				Expect(w.get(ctx, "shop")(Default).Status.Token.RenewAt.Time).To(BeTemporally("~", next, time.Second))
			}
		}
		Expect(requests).To(BeNumerically("<", 12))
		w.eventuallyReady(ctx, "shop")
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(first.ResourceVersion))
		Expect(w.traffic.writes()).NotTo(ContainElement(HaveSuffix("/secrets/shop-token")))

		By("getting the next token just after the expiry")
		w.setTime(expiresAt.Add(-time.Second))
		Consistently(w.tokenRequests).WithTimeout(100 * time.Millisecond).Should(Equal(requests))
		w.setTime(expiresAt.Add(2 * time.Second))
		Eventually(w.tokenRequests).Should(Equal(requests + 1))
		w.eventuallyReady(ctx, "shop")
		second := w.secret(ctx, "shop-token")
		Expect(second.Data).NotTo(Equal(first.Data))
		Expect(w.server.IsActive(string(second.Data["access_token"]))).To(BeTrue())
	},
	Entry("with RFC 6749", v1alpha1.AuthorizationServerSpec{}, authserver.RFC6749Path),
	Entry("with Marketo", v1alpha1.AuthorizationServerSpec{Profile: "Marketo"}, authserver.MarketoPath),
)

var _ = Describe("A token that a server returns to all ClientCredentials of one client", func() {
	It("is written to each Secret with the same expiry", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t-of-the-shop", SameUntil: time.Minute})
		create(ctx, w.shopCredentials(), w.clientCredential("one"))
		one := w.eventuallyReady(ctx, "one")
		w.step(20 * time.Minute)
		create(ctx, w.clientCredential("two"))
		two := w.eventuallyReady(ctx, "two")
		Expect(two.Data).To(Equal(one.Data))
		Expect(w.get(ctx, "two")(Default).Status.Token.RenewAt.Time).To(
			BeTemporally("~", w.clock.Now().Add(25*time.Minute), 3*time.Minute))

		By("sending one request for a requested renewal, even if the server returns the same token")
		w.renew(ctx, "one")
		Eventually(w.tokenRequests).Should(Equal(3))
		Eventually(func() string { return w.get(ctx, "one")(Default).Status.LastHandledRenewRequest }).Should(Equal("now"))
		w.restart()
		Consistently(w.tokenRequests).Should(Equal(3))
		Expect(w.secret(ctx, "one-token").Data).To(Equal(one.Data))
	})
})

var _ = Describe("A server whose new token revokes the former token", func() {
	It("causes one token request and one Secret write per renewal", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t-of-the-shop", OneToken: true})
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		for count := 2; count <= 3; count++ {
			w.traffic.reset()
			w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(count)) })
			Eventually(func() bool {
				return w.server.IsActive(string(w.secret(ctx, "shop-token").Data["access_token"]))
			}).Should(BeTrue())
			Eventually(w.traffic.writes).Should(ConsistOf(HaveSuffix("/secrets/shop-token"), HaveSuffix("/clientcredentials/shop/status")))
		}
		Consistently(w.tokenRequests).Should(Equal(3))
	})

	It("does not make two ClientCredentials of one client renew endlessly", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t-of-the-shop", OneToken: true})
		create(ctx, w.shopCredentials(), w.clientCredential("one"), w.clientCredential("two"))
		w.eventuallyReady(ctx, "one")
		w.eventuallyReady(ctx, "two")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(4)) })
		Consistently(w.tokenRequests).Should(Equal(4))
	})
})
