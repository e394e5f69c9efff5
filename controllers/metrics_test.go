package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// Names of metrics, without their common prefix.
const (
	ofObjects    = "clientcredential_"
	requests     = "token_requests_total"
	durations    = "token_request_duration_seconds"
	lifetimeLeft = "token_lifetime_left_at_renewal_ratio"
	waits        = "rate_limit_wait_seconds"
)

// series returns the lines of a scrape whose metrics have the prefix.
func (w *world) series(prefix string) (series []string) {
	GinkgoHelper()
	text, err := testutil.CollectAndFormat(w.metrics, expfmt.TypeTextPlain,
		"tokensync_build_info", "tokensync_clientcredential_condition",
		"tokensync_clientcredential_expiration_timestamp_seconds", "tokensync_clientcredential_renewal_timestamp_seconds",
		"tokensync_"+requests, "tokensync_"+durations, "tokensync_"+lifetimeLeft, "tokensync_"+waits)
	Expect(err).NotTo(HaveOccurred())
	for line := range strings.Lines(string(text)) {
		if metric, found := strings.CutPrefix(strings.TrimSpace(line), "tokensync_"+prefix); found {
			series = append(series, prefix+metric)
		}
	}
	return series
}

// count returns the value of a metric with the labels, or "nothing".
func (w *world) count(metric, labels string) string {
	GinkgoHelper()
	for _, line := range w.series(metric + labels + " ") {
		return strings.TrimPrefix(line, metric+labels+" ")
	}
	return "nothing"
}

func (w *world) condition(name, conditionType, reason string, value int) string {
	return fmt.Sprintf(`clientcredential_condition{name=%q,namespace=%q,reason=%q,type=%q} %d`, name, w.namespace, reason, conditionType, value)
}

func (w *world) instant(which, name string, at metav1.Time) string {
	return fmt.Sprintf(`clientcredential_%s_timestamp_seconds{name=%q,namespace=%q} %v`, which, name, w.namespace, float64(at.Unix()))
}

var _ = Describe("The metrics", func() {
	var (
		w      *world
		server string
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		server = strings.TrimPrefix(w.server.URL, "http://")
		create(ctx, w.shopCredentials())
	})

	success := func() string { return fmt.Sprintf(`{result="success",server=%q}`, server) }
	ofServer := func() string { return fmt.Sprintf("{server=%q}", server) }

	It("show a token and its renewal until the ClientCredential is deleted", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		token := w.get(ctx, "shop")(Default).Status.Token
		Eventually(func() []string { return w.series(ofObjects) }).Should(ConsistOf(
			w.condition("shop", "Ready", "TokenIssued", 1),
			w.instant("expiration", "shop", token.ExpiresAt), w.instant("renewal", "shop", token.RenewAt)))
		Expect(w.count(requests, success())).To(Equal("1"))
		Expect(w.count(durations+"_count", ofServer())).To(Equal("1"))
		Expect(w.count(lifetimeLeft+"_count", "")).To(Equal("0"), "the first token is not a renewal")

		By("renewing the token")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Eventually(func() string { return w.count(lifetimeLeft+"_count", "") }).Should(Equal("1"))
		Expect(w.count(requests, success())).To(Equal("2"))
		// A third of the lifetime is left, plus up to 10% of the lifetime. One step of the test clock may
		// skip 1%.
		Expect(w.count(lifetimeLeft+"_bucket", `{le="0.3"}`)).To(Equal("0"))
		Expect(w.count(lifetimeLeft+"_bucket", `{le="0.45"}`)).To(Equal("1"))
		var renewed *v1alpha1.TokenStatus
		Eventually(func(g Gomega) {
			renewed = w.get(ctx, "shop")(g).Status.Token
			g.Expect(renewed.ExpiresAt).NotTo(Equal(token.ExpiresAt))
		}).Should(Succeed())
		Eventually(func() []string { return w.series(ofObjects) }).Should(ContainElement(w.instant("expiration", "shop", renewed.ExpiresAt)))

		By("counting nothing when the same token is written again")
		edit(ctx, w.secret(ctx, "shop-token"), func(s *corev1.Secret) { delete(s.Labels, "app.kubernetes.io/managed-by") })
		Eventually(func() map[string]string { return w.secret(ctx, "shop-token").Labels }).
			Should(HaveKey("app.kubernetes.io/managed-by"))
		Consistently(func() string { return w.count(lifetimeLeft+"_count", "") }).Should(Equal("1"))

		By("deleting the ClientCredential")
		Expect(apiServer.Delete(ctx, w.clientCredential("shop"))).To(Succeed())
		Eventually(func() []string { return w.series(ofObjects) }).Should(BeEmpty())
		Expect(w.count(requests, success())).To(Equal("2"))
		Expect(w.series(waits)).To(BeEmpty(), "no request waited")
	})

	It("show why a renewal fails, and that the token had expired when it was renewed", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
		w.renew(ctx, "shop")
		Eventually(func() []string { return w.series(ofObjects + "condition") }).Should(ConsistOf(
			w.condition("shop", "Ready", "TokenIssued", 1), w.condition("shop", "RenewalFailing", "ServerError", 1)))
		Expect(w.count(requests, fmt.Sprintf(`{result="ServerError",server=%q}`, server))).To(Equal("1"))
		Expect(w.count(durations+"_count", ofServer())).To(Equal("2"))

		By("letting the token expire")
		w.within(2*time.Hour, func(g Gomega) {
			g.Expect(w.series(ofObjects + "condition")).To(ConsistOf(
				w.condition("shop", "Ready", "ServerError", 0), w.condition("shop", "Reconciling", "ServerError", 1)))
		})
		w.server.Respond("shop", nil)
		w.within(10*time.Minute, func(g Gomega) { g.Expect(w.count(lifetimeLeft+"_bucket", `{le="0"}`)).To(Equal("1")) })
		w.eventuallyReady(ctx, "shop")
		Eventually(func() []string { return w.series(ofObjects + "condition") }).Should(ConsistOf(w.condition("shop", "Ready", "TokenIssued", 1)))
	})

	It("show which ClientCredential is Stalled", func(ctx SpecContext) {
		shop := w.clientCredential("shop")
		shop.Spec.Scopes = []string{"forbidden"}
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = rw.Write([]byte(`{"error": "invalid_scope"}`))
		})
		create(ctx, shop)
		w.within(5*time.Minute, func(g Gomega) {
			g.Expect(w.series(ofObjects)).To(ConsistOf(
				w.condition("shop", "Ready", "InvalidScope", 0), w.condition("shop", "Stalled", "InvalidScope", 1)))
		})
		Expect(w.count(requests, fmt.Sprintf(`{result="InvalidScope",server=%q}`, server))).NotTo(Equal("0"))
	})

	It("count only requests that were sent", func(ctx SpecContext) {
		denied := w.clientCredential("denied")
		denied.Spec.AuthorizationServer.TokenEndpoint = "http://169.254.169.254/token"
		missing := w.clientCredential("missing")
		missing.Spec.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "none", Key: "ca.crt"}}
		create(ctx, denied, missing)
		Eventually(func() []string { return w.series(ofObjects) }).Should(ContainElements(
			w.condition("denied", "Reconciling", "AddressDenied", 1), w.condition("missing", "Reconciling", "CABundleUnusable", 1)))
		w.makeBusy()
		create(ctx, w.clientCredential("shop"))
		Consistently(func() []string { return w.series(requests) }).Should(BeEmpty())
		Expect(w.series(durations)).To(BeEmpty())
	})

	It("show how long a request waited for its turn", func(ctx SpecContext) {
		create(ctx, w.authorizationServer("limited", v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: w.server.URL + authserver.RFC6749Path,
			RateLimit:     &v1alpha1.RateLimit{Requests: 1, Per: &metav1.Duration{Duration: 10 * time.Minute}},
		}))
		create(ctx, w.clientOf("limited", "one"))
		w.eventuallyReady(ctx, "one")
		Expect(w.series(waits)).To(BeEmpty())
		create(ctx, w.clientOf("limited", "two"))
		// The metrics come from the cache, which may be a moment behind.
		Eventually(func() []string { return w.series(ofObjects + "condition") }).Should(ContainElements(
			w.condition("two", "Ready", "RateLimited", 0), w.condition("two", "Reconciling", "RateLimited", 1)))
		Expect(w.series(waits)).To(BeEmpty(), "the request still waits")

		w.within(20*time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallyReady(ctx, "two")
		Expect(w.count(waits+"_count", ofServer())).To(Equal("1"))
		Expect(w.count(waits+"_bucket", fmt.Sprintf(`{server=%q,le="300"}`, server))).To(Equal("0"))
		Expect(w.count(waits+"_bucket", fmt.Sprintf(`{server=%q,le="1800"}`, server))).To(Equal("1"))
	})

	It("show how long other requests waited for a Retry-After, but not the request that received it", func(ctx SpecContext) {
		create(ctx, w.clientCredential("one"))
		w.eventuallyReady(ctx, "one")
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "120")
			rw.WriteHeader(http.StatusTooManyRequests)
		})
		w.renew(ctx, "one")
		Eventually(func() string { return w.count(requests, fmt.Sprintf(`{result="RateLimited",server=%q}`, server)) }).Should(Equal("1"))
		w.server.Respond("shop", nil)
		create(ctx, w.clientCredential("two"))
		w.eventuallySays(ctx, "two", HaveLen(2))
		w.within(10*time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(4)) })
		w.eventuallyReady(ctx, "one")
		w.eventuallyReady(ctx, "two")
		Expect(w.count(waits+"_count", ofServer())).To(Equal("1"))
		Expect(w.count(waits+"_bucket", fmt.Sprintf(`{server=%q,le="60"}`, server))).To(Equal("0"))
		Expect(w.count(waits+"_bucket", fmt.Sprintf(`{server=%q,le="300"}`, server))).To(Equal("1"))
	})
})
