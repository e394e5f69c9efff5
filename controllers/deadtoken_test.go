package controllers_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// jwtUntil returns a JWT whose exp claim is the given time.
func jwtUntil(at time.Time) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, at.Unix())) + ".c2ln"
}

// respondWithTokens makes the server answer the client shop with the token and expires_in that next returns.
func (w *world) respondWithTokens(next func() (token, expiresIn string)) {
	w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
		token, expiresIn := next()
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, `{"access_token":"`+token+`","token_type":"Bearer","expires_in":`+expiresIn+`}`)
	})
}

var _ = Describe("A server that returns a cached JWT, valid for 40 s, with an expires_in of 120 s", func() {
	It("gets requests until it returns another token, and the ClientCredential is never Ready with an expired token", func(ctx SpecContext) {
		w := newWorld(ctx)
		begin := w.clock.Now()
		expires, cacheEnds := begin.Add(40*time.Second), begin.Add(100*time.Second)
		w.respondWithTokens(func() (string, string) {
			if w.clock.Now().Before(cacheEnds) {
				return jwtUntil(expires), "120"
			}
			return jwtUntil(begin.Add(time.Hour)), "3600"
		})
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		first := w.eventuallyReady(ctx, "shop")
		Expect(first.Data).To(HaveKeyWithValue("expires_at", []byte(expires.UTC().Format(time.RFC3339))))

		for w.clock.Now().Before(expires.Add(-time.Second)) {
			w.step(3 * time.Second)
			Consistently(func(g Gomega) {
				g.Expect(w.get(ctx, "shop")(g).Status.Token.ExpiresAt.Time).To(Equal(expires))
			}).WithTimeout(30 * time.Millisecond).Should(Succeed())
		}
		Expect(w.tokenRequests()).To(BeNumerically(">", 1))
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(first.ResourceVersion))

		By("reporting TokenExpired after the time in the exp claim")
		w.setTime(expires.Add(time.Second))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "TokenExpired"))
		Eventually(w.tokenRequests).Should(BeNumerically(">", 2))

		By("getting the next token soon after the cache drops the first")
		requests := w.tokenRequests()
		w.within(5*time.Minute, func(g Gomega) {
			cc := w.get(ctx, "shop")(g)
			g.Expect(cc.Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
			g.Expect(cc.Status.Token.ExpiresAt.Time).To(Equal(begin.Add(time.Hour)))
			g.Expect(w.clock.Now()).To(BeTemporally("<", cacheEnds.Add(5*time.Minute)))
		})
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests() - requests).To(BeNumerically("<", 8))
	})
})

var _ = Describe("A server that repeatedly returns the same opaque token", func() {
	It("does not extend the lifetime of that token, even after hours or with another spelling of token_type", func(ctx SpecContext) {
		w := newWorld(ctx)
		var another atomic.Bool
		w.respondWithTokens(func() (string, string) {
			if another.Load() {
				return "another-session", "600"
			}
			// The last of two JSON members with the same name counts.
			return "session-of-the-shop", `600, "token_type": "` + []string{"Bearer", "bearer"}[w.tokenRequests()%2] + `"`
		})
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		expiresAt := w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time

		w.setTime(expiresAt.Add(-time.Minute))
		Eventually(w.tokenRequests).Should(Equal(2))
		Eventually(func() time.Time { return w.get(ctx, "shop")(Default).Status.Token.RenewAt.Time }).Should(BeTemporally(">", w.clock.Now()))
		Expect(w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time).To(Equal(expiresAt))

		w.setTime(expiresAt.Add(2 * time.Second))
		Eventually(func() *v1alpha1.FailureStatus { return w.get(ctx, "shop")(Default).Status.Failure }).Should(HaveField("Reason", "TokenExpired"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "TokenExpired"))

		w.setTime(expiresAt.Add(3 * time.Hour))
		Eventually(func() int32 { return w.get(ctx, "shop")(Default).Status.Failure.Attempts }).Should(BeNumerically(">", 1))
		Expect(w.get(ctx, "shop")(Default).Status.Conditions).To(matchers.HaveCondition("Ready", "False", "TokenExpired"))

		By("using another token once the server returns one")
		another.Store(true)
		w.saysWithin(ctx, "shop", 5*time.Minute, matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})

	It("extends the lifetime of the token once the spec ignores expires_in and sets a default lifetime", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.respondWithTokens(func() (string, string) { return "session-of-the-shop", "600" })
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		w.setTime(w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Add(time.Second))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "TokenExpired"))
		edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) {
			c.Spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{ExpiresIn: []v1alpha1.JSONPointer{}}
			c.Spec.AuthorizationServer.DefaultTokenLifetime = &metav1.Duration{Duration: 10 * time.Minute}
		})
		w.eventuallyReady(ctx, "shop")
	})

	It("does not extend the lifetime of the token if another response field changes each time", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.respondWithTokens(func() (string, string) {
			return "session-of-the-shop", fmt.Sprintf(`600, "id": "%d"`, w.tokenRequests())
		})
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{
			Fields: []v1alpha1.ResponseField{{Name: "id", Pointers: []v1alpha1.JSONPointer{"/id"}}},
		}
		create(ctx, w.shopCredentials(), shop)
		w.eventuallyReady(ctx, "shop")
		expiresAt := w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time
		for count := 2; count <= 3; count++ {
			w.setTime(w.get(ctx, "shop")(Default).Status.Token.RenewAt.Add(time.Second))
			Eventually(func() string { return string(w.secret(ctx, "shop-token").Data["id"]) }).Should(Equal(fmt.Sprint(count)))
			Eventually(func(g Gomega) {
				g.Expect(w.get(ctx, "shop")(g).Status.Token.RenewAt.Time).To(BeTemporally(">", w.clock.Now()))
			}).Should(Succeed())
			Expect(w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time).To(Equal(expiresAt))
		}
	})

	It("does not extend the lifetime of the token if the client secret was rotated while no operator ran", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.respondWithTokens(func() (string, string) { return "session-of-the-shop", "600" })
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		expiresAt := w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time

		w.stop()
		edit(ctx, w.shopCredentials(), func(s *corev1.Secret) { s.Data["client_secret"] = []byte("rotated") })
		w.clock.Step(2 * time.Minute)
		w.start()
		Eventually(w.tokenRequests).Should(Equal(2))
		Eventually(func() time.Time { return w.get(ctx, "shop")(Default).Status.Token.RenewAt.Time }).Should(BeTemporally(">", w.clock.Now()))
		Expect(w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time).To(Equal(expiresAt))
	})

	It("extends the token's lifetime by the default lifetime if it states none, and the token is never reported as expired", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.respondWithTokens(func() (string, string) { return "session-of-the-shop", "null" })
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		expiresAt := w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time
		for w.clock.Now().Before(expiresAt.Add(time.Minute)) {
			token := w.get(ctx, "shop")(Default).Status.Token
			Expect(token.RenewAt.Time).To(BeTemporally("<", token.ExpiresAt.Time))
			w.setTime(token.RenewAt.Add(time.Second))
			Eventually(func() time.Time { return w.get(ctx, "shop")(Default).Status.Token.RenewAt.Time }).Should(BeTemporally(">", token.RenewAt.Time))
			w.eventuallyReady(ctx, "shop")
		}
		Expect(w.get(ctx, "shop")(Default).Status.Token.ExpiresAt.Time).To(BeTemporally("~", expiresAt.Add(time.Hour), time.Minute))
		Expect(w.tokenRequests()).To(BeNumerically("<", 16))
	})
})

var _ = Describe("A lifetime that cannot be read", func() {
	It("is reported by a condition, even after a renewal and a restart, until it can be read", func(ctx SpecContext) {
		w := newWorld(ctx)
		var corrected atomic.Bool
		w.respondWithTokens(func() (string, string) {
			if corrected.Load() {
				return "last", `"1:00:00"`
			}
			return fmt.Sprint("token-", w.tokenRequests()), `"tomorrow"`
		})
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		unknown := matchers.HaveCondition("LifetimeUnknown", "True", "LifetimeUnreadable")
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"), unknown)
		w.traffic.reset()
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallySays(ctx, "shop", unknown)
		Eventually(w.traffic.writes).Should(ConsistOf(HaveSuffix("/secrets/shop-token"), HaveSuffix("/clientcredentials/shop/status")))
		Expect(w.eventsSoFar()).To(ConsistOf(ContainSubstring("TokenIssued"), ContainSubstring(`LifetimeUnreadable the token response has a string of 8 characters at "/expires_in"`)))
		w.restart()
		Consistently(func(g Gomega) { g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(unknown) }).Should(Succeed())

		corrected.Store(true)
		w.renew(ctx, "shop")
		w.eventuallyReady(ctx, "shop")
	})
})

// hang makes the server answer the client shop only after release is closed.
func (w *world) hang() (inFlight *atomic.Bool, release chan struct{}) {
	inFlight, release = &atomic.Bool{}, make(chan struct{})
	w.server.Respond("shop", func(rw http.ResponseWriter, r *http.Request) {
		inFlight.Store(true)
		defer inFlight.Store(false)
		select {
		case <-release:
			_, _ = rw.Write([]byte(`{"access_token": "late", "expires_in": 3600}`))
		case <-r.Context().Done():
		}
	})
	return inFlight, release
}

var _ = DescribeTable("A ClientCredential is not Ready while its token request waits for a server that hangs,",
	func(ctx SpecContext, reason string, loseToken func(ctx SpecContext, w *world)) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		inFlight, release := w.hang()
		loseToken(ctx, w)
		Eventually(inFlight.Load).Should(BeTrue())
		w.clock.Step(2 * time.Second)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", reason), matchers.HaveCondition("Reconciling", "True", reason))
		Expect(inFlight.Load()).To(BeTrue())
		close(release)
		w.eventuallyReady(ctx, "shop")
		Expect(string(w.secret(ctx, "shop-token").Data["access_token"])).To(Equal("late"))
	},
	Entry("if its token expired while no operator ran", "TokenExpired", func(_ SpecContext, w *world) {
		w.stop()
		w.clock.Step(2 * time.Hour)
		w.start()
	}),
	Entry("if its Secret was deleted", "TokenMissing", func(ctx SpecContext, w *world) {
		Expect(apiServer.Delete(ctx, w.secret(ctx, "shop-token"))).To(Succeed())
	}),
	Entry("if its Secret was overwritten with another token", "TokenMissing", func(ctx SpecContext, w *world) {
		edit(ctx, w.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Data["access_token"] = []byte("another") })
	}),
	Entry("if the scopes in the spec changed", "TokenMissing", func(ctx SpecContext, w *world) {
		edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) { c.Spec.Scopes = []string{"read"} })
	}),
)

var _ = It("A ClientCredential is not Ready if its token expires while the renewal waits for a slow server", func(ctx SpecContext) {
	w := newWorld(ctx)
	create(ctx, w.shopCredentials(), w.clientCredential("shop"))
	w.eventuallyReady(ctx, "shop")
	inFlight, release := w.hang()
	w.setTime(w.get(ctx, "shop")(Default).Status.Token.RenewAt.Add(time.Second))
	Eventually(inFlight.Load).Should(BeTrue())
	w.clock.Step(30 * time.Minute)
	Eventually(func(g Gomega) {
		g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "False", "TokenExpired"))
	}).Should(Succeed())
	Expect(inFlight.Load()).To(BeTrue())

	By("becoming Ready with the late token")
	close(release)
	Eventually(func() string { return string(w.secret(ctx, "shop-token").Data["access_token"]) }).Should(Equal("late"))
	w.eventuallyReady(ctx, "shop")
})
