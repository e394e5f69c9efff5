package controllers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A hundred ClientCredentials of a server that allows 30 requests a minute", func() {
	const count, allowed = 100, 30

	// lag is the time that may pass on the test's clock while a request is in flight.
	const lag = time.Second

	// maxInAMinute returns the max number of requests in any minute.
	maxInAMinute := func(requests []authserver.Request) (limit int) {
		for i, first := range requests {
			within := slices.IndexFunc(requests[i:], func(r authserver.Request) bool { return r.At.Sub(first.At) >= time.Minute-lag })
			if within < 0 {
				within = len(requests) - i
			}
			limit = max(limit, within)
		}
		return limit
	}
	lifetimeOf := func(i int) time.Duration { return time.Hour + time.Duration(i*10)*time.Second }

	It("get their tokens in time and in the order of expiry, without delaying requests to another server", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials(), w.authorizationServer("limited", v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: w.server.URL + authserver.RFC6749Path,
			RateLimit:     &v1alpha1.RateLimit{Requests: allowed, Per: &metav1.Duration{Duration: time.Minute}},
		}))
		requests := func() []authserver.Request { return w.server.Requests("shop") }
		ready := func(g Gomega, valid func(v1alpha1.ClientCredential) bool) (ready int) {
			list := &v1alpha1.ClientCredentialList{}
			g.Expect(apiServer.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
			for _, item := range list.Items {
				if matches(item.Status.Conditions, matchers.HaveCondition("Ready", "True", "TokenIssued")) && valid(item) {
					ready++
				}
			}
			return ready
		}
		// inBatches advances the clock until total requests were sent.
		inBatches := func(total int) {
			GinkgoHelper()
			for sent := len(requests()); sent < total; sent = len(requests()) {
				next := min(sent+allowed, total)
				if sent%count > 0 {
					w.setTime(requests()[sent-1].At.Add(time.Minute - 10*time.Second))
					Consistently(func() int { return len(requests()) }).WithTimeout(100 * time.Millisecond).Should(Equal(sent))
				}
				w.within(20*time.Second, func(g Gomega) { g.Expect(requests()).To(HaveLen(next)) })
			}
		}
		anyToken := func(v1alpha1.ClientCredential) bool { return true }

		By("issuing as many tokens as the limit allows, while the other ClientCredentials report why they wait")
		for i := range count {
			one := w.clientOf("limited", fmt.Sprintf("client-%03d", i))
			one.Spec.Scopes = []string{"lifetime:" + strconv.Itoa(int(lifetimeOf(i)/time.Second))}
			create(ctx, one)
		}
		w.within(10*time.Second, func(g Gomega) { g.Expect(ready(g, anyToken)).To(Equal(allowed)) })
		w.within(10*time.Second, func(g Gomega) {
			waiting := 0
			list := &v1alpha1.ClientCredentialList{}
			g.Expect(apiServer.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
			for _, item := range list.Items {
				why := ContainSubstring("rateLimit of %s%s is 30 per 1m0s, and other requests come first", w.server.URL, authserver.RFC6749Path)
				// Some ClientCredentials wait for the busy host first.
				if matches(item.Status.Conditions, And(matchers.HaveConditionType("Reconciling"), Or(
					matchers.HaveCondition("Ready", "False", "RateLimited", why),
					matchers.HaveCondition("Ready", "False", "TokenEndpointBusy")))) {
					waiting++
				}
			}
			g.Expect(waiting).To(Equal(count - allowed))
		})

		By("getting a token from another server meanwhile")
		other := w.newServer(authserver.Options{})
		another := w.clientCredential("another")
		another.Spec.AuthorizationServer.TokenEndpoint = other.URL + authserver.RFC6749Path
		create(ctx, another)
		w.eventuallyReady(ctx, "another")

		By("issuing all tokens within four minutes")
		inBatches(count)
		Eventually(func(g Gomega) { g.Expect(ready(g, anyToken)).To(Equal(count + 1)) }).Should(Succeed())
		first := requests()
		Expect(first).To(HaveLen(count))
		Expect(first[count-1].At.Sub(first[0].At)).To(BeNumerically("<", 4*time.Minute))
		Expect(maxInAMinute(first)).To(BeNumerically("<=", allowed))

		By("renewing all tokens that are due at the same time, each before it expires")
		w.stop()
		w.clock.SetTime(first[0].At.Add(54 * time.Minute))
		w.start()
		Expect(w.clock.Now()).To(BeTemporally("<", first[0].At.Add(time.Hour)))
		inBatches(2 * count)
		second := requests()[count:]
		Expect(second[count-1].At.Sub(second[0].At)).To(BeNumerically("<", 4*time.Minute))
		Expect(maxInAMinute(requests())).To(BeNumerically("<=", allowed))
		Eventually(func(g Gomega) {
			g.Expect(ready(g, func(c v1alpha1.ClientCredential) bool { return c.Status.Token.IssuedAt.After(first[count-1].At) })).
				To(BeNumerically(">=", count))
		}).Should(Succeed())

		By("renewing in the order of expiry")
		issuedAt := map[string]time.Time{}
		for _, r := range first {
			issuedAt[r.Parameters["scope"]] = r.At
		}
		expiry := func(r authserver.Request) time.Time {
			seconds, err := strconv.Atoi(r.Parameters["scope"][len("lifetime:"):])
			Expect(err).NotTo(HaveOccurred())
			return issuedAt[r.Parameters["scope"]].Add(time.Duration(seconds) * time.Second)
		}
		for _, r := range second {
			Expect(r.At).To(BeTemporally("<", expiry(r)))
		}
		// The first requests are sent immediately, because no request waits yet. Some later requests find the
		// host busy, and are sent a little later.
		waited := second[allowed:]
		byExpiry := slices.SortedFunc(slices.Values(waited), func(a, b authserver.Request) int { return expiry(a).Compare(expiry(b)) })
		for i, r := range waited {
			rank := slices.IndexFunc(byExpiry, func(other authserver.Request) bool { return other.Parameters["scope"] == r.Parameters["scope"] })
			Expect(i).To(BeNumerically("~", rank, allowed), "the request with rank %d of %d by expiry was number %d", rank, len(waited), i)
		}
	})
})

var _ = It("Rate-limited requests to a busy host are sent when the host has a free slot, within the limit", func(ctx SpecContext) {
	w := newWorld(ctx)
	create(ctx, w.shopCredentials(), w.authorizationServer("limited", v1alpha1.AuthorizationServerSpec{
		TokenEndpoint: w.server.URL + authserver.RFC6749Path,
		RateLimit:     &v1alpha1.RateLimit{Requests: 1, Per: &metav1.Duration{Duration: time.Minute}},
	}), w.clientOf("limited", "first"))
	w.eventuallyReady(ctx, "first")
	names := []string{"second", "third", "fourth", "fifth", "sixth"}
	for _, name := range names {
		create(ctx, w.clientOf("limited", name))
		w.eventuallySays(ctx, name, matchers.HaveCondition("Ready", "False", "RateLimited"))
	}

	w.makeBusy()
	for _, name := range names {
		w.saysWithin(ctx, name, 3*time.Minute, matchers.HaveCondition("Ready", "False", "TokenEndpointBusy"))
	}
	later := w.clock.Now().Add(20 * time.Second)
	w.within(30*time.Second, func(g Gomega) { g.Expect(w.clock.Now()).To(BeTemporally(">=", later)) })
	Expect(w.tokenRequests()).To(Equal(1))

	w.makeFree()
	for i := range names {
		w.within(2*time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(i + 2)) })
	}
	for _, name := range names {
		w.eventuallyReady(ctx, name)
	}
})

var _ = Describe("The status of a ClientCredential that waits for a rate limit", func() {
	It("reports the rate limit, even if it reported a busy host before", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials(), w.authorizationServer("limited", v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: w.server.URL + authserver.RFC6749Path,
			RateLimit:     &v1alpha1.RateLimit{Requests: 1, Per: &metav1.Duration{Duration: 4 * time.Hour}},
		}))
		create(ctx, w.clientOf("limited", "one"))
		w.eventuallyReady(ctx, "one")
		w.makeBusy()
		w.saysWithin(ctx, "one", 2*time.Hour, matchers.HaveCondition("Ready", "False", "TokenEndpointBusy"))
		w.makeFree()
		w.saysWithin(ctx, "one", 10*time.Second, matchers.HaveCondition("Ready", "False", "RateLimited"))
		w.saysWithin(ctx, "one", 4*time.Hour, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})
})

var _ = Describe("A ClientCredential whose token expires before the rate limit allows a renewal", func() {
	It("is Ready until the token expires, and is renewed when its turn comes", func(ctx SpecContext) {
		w := newWorld(ctx)
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.RateLimit = &v1alpha1.RateLimit{Requests: 1, Per: &metav1.Duration{Duration: 3 * time.Hour}}
		create(ctx, w.shopCredentials(), shop)
		w.eventuallyReady(ctx, "shop")
		issuedAt := w.clock.Now()
		w.setTime(issuedAt.Add(time.Hour - time.Second))
		Consistently(func() []metav1.Condition { return w.get(ctx, "shop")(Default).Status.Conditions }).Should(
			And(HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued")))
		w.saysWithin(ctx, "shop", 10*time.Second, matchers.HaveCondition("Ready", "False", "RateLimited", ContainSubstring("is 1 per")))
		// The requeue delay counts from the end of the reconcile, which is after the status write.
		Eventually(w.logs).Should(gbytes.Say("requeueing after 2m0s"))
		Consistently(w.tokenRequests).Should(Equal(1))
		w.setTime(issuedAt.Add(3*time.Hour - 2*time.Second))
		Consistently(w.tokenRequests).WithTimeout(100 * time.Millisecond).Should(Equal(1))
		w.saysWithin(ctx, "shop", 10*time.Second, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(w.tokenRequests()).To(Equal(2))
	})
})

var _ = Describe("A server that sends a Retry-After", func() {
	It("gets no request from the same client during the wait, and does not delay other clients or servers", func(ctx SpecContext) {
		w := newWorld(ctx)
		other := w.newServer(authserver.Options{})
		w.server.Register(authserver.Client{ID: "warehouse", Secret: "s3cr3t"})
		warehouse := w.clientCredential("warehouse")
		warehouse.Spec.CredentialsRef.Name = "warehouse"
		elsewhere := w.clientCredential("elsewhere")
		elsewhere.Spec.AuthorizationServer.TokenEndpoint = other.URL + authserver.RFC6749Path
		create(ctx, w.shopCredentials(), w.credentials("warehouse", map[string]string{"client_id": "warehouse", "client_secret": "s3cr3t"}),
			w.clientCredential("one"), w.clientCredential("two"), warehouse, elsewhere)
		for _, name := range []string{"one", "two", "warehouse", "elsewhere"} {
			w.eventuallyReady(ctx, name)
		}
		Expect(w.tokenRequests()).To(Equal(2))

		By("sending one ClientCredential a Retry-After before the other ClientCredentials are due")
		w.step(30 * time.Minute)
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "1200")
			rw.WriteHeader(http.StatusTooManyRequests)
		})
		until := w.clock.Now().Add(20 * time.Minute)
		w.renew(ctx, "one")
		w.eventuallySays(ctx, "one",
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "RateLimited", ContainSubstring("HTTP 429")))
		Expect(w.tokenRequests()).To(Equal(3))

		By("sending only requests of other clients during the wait: a new ClientCredential of the paused client waits too")
		w.server.Respond("shop", nil)
		create(ctx, w.clientCredential("fresh"))
		w.eventuallySays(ctx, "fresh", matchers.HaveCondition("Ready", "False", "RateLimited",
			ContainSubstring("asked this client to wait until %s", until.UTC().Format(time.RFC3339))))
		w.setTime(until.Add(-2 * time.Second))
		Eventually(func() int { return len(w.server.Requests("warehouse")) }).Should(Equal(2))
		Eventually(func() int { return len(other.Requests("shop")) }).Should(Equal(2))
		Consistently(w.tokenRequests).Should(Equal(3))
		w.eventuallyReady(ctx, "two")

		By("sending the delayed requests after the wait")
		w.within(20*time.Second, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(6)) })
		for _, name := range []string{"one", "two", "fresh"} {
			w.eventuallyReady(ctx, name)
		}
		Consistently(w.tokenRequests).Should(Equal(6))
	})
})
