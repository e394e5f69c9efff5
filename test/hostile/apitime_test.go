package hostile_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/test/matchers"
)

// hanging blocks the requests to the API server for which chosen returns true, as if the API server had
// accepted the connection and died.
func hanging(chosen func(*http.Request) bool) func(*http.Request) *http.Response {
	return func(request *http.Request) *http.Response {
		if !chosen(request) {
			return nil
		}
		<-request.Context().Done()
		return answered(request, http.StatusGatewayTimeout, "{}")
	}
}

// readsCredentials reports whether a request reads the credentials Secret of shop.
func readsCredentials(request *http.Request) bool {
	return request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, "/shop-credentials")
}

var _ = Describe("A slow API server", func() {
	const brief = 3 * time.Second

	It("blocks a reconcile only until its timeout, and the failure is reported and retried", func(ctx SpecContext) {
		w := newWorld(ctx, func(s *settings) { s.reconciler = func(r *controllers.Operator) { r.Timeout = brief } })
		w.interceptWith(hanging(readsCredentials))
		server := newHonestServer("shop", "other")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "APIRequestFailed", ContainSubstring(`credentials Secret "shop-credentials"`)))
		w.victim.isServed(ctx, "other", tokenEndpoint(server))
		w.interceptWith(nil)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})

	It("causes no second token request if it does not answer the write of a token", func(ctx SpecContext) {
		w := newWorld(ctx, func(s *settings) { s.reconciler = func(r *controllers.Operator) { r.Timeout = brief } })
		w.interceptWith(hanging(func(request *http.Request) bool {
			return request.Method != http.MethodGet && strings.Contains(request.URL.Path, "/secrets")
		}))
		server := newHonestServer("shop")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
		w.interceptWith(nil)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(server.Requests("shop")).To(HaveLen(1))
	})

	It("occupies no worker by sending Retry-After", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.interceptWith(func(request *http.Request) *http.Response {
			if !readsCredentials(request) {
				return nil
			}
			response := answered(request, http.StatusTooManyRequests,
				`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":3600}}`)
			response.Header.Set("Retry-After", "3600")
			return response
		})
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "APIRequestFailed"))
	})

	It("blocks the release of a Secret only until the timeout, and the release is retried", func(ctx SpecContext) {
		w := newWorld(ctx, func(s *settings) { s.reconciler = func(r *controllers.Operator) { r.Timeout = brief } })
		server := newHonestServer("shop")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		var patches atomic.Int64
		w.interceptWith(hanging(func(request *http.Request) bool {
			return request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/secrets/shop-credentials") && patches.Add(1) == 1
		}))
		edit(ctx, w.victim.clientCredential("shop", ""), func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.Revocation = nil })
		Eventually(func(g Gomega) {
			released := &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.victim.key("shop-credentials"), released)).To(Succeed())
			g.Expect(released.Finalizers).To(BeEmpty())
		}).Should(Succeed())
		Expect(patches.Load()).To(BeNumerically(">", 1))
	})

	It("fails the liveness probe if it blocks the workers of one controller, even if other controllers work", func(ctx SpecContext) {
		const names = 3
		fake := testingclock.NewFakeClock(time.Now())
		var reconciler *controllers.Operator
		w := newWorld(ctx, withFakeClock(fake), func(s *settings) { s.reconciler = func(r *controllers.Operator) { reconciler = r } })
		probe := healthz.CheckHandler{Checker: reconciler.CheckProgress}
		probed := func() string {
			answer := httptest.NewRecorder()
			probe.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			return fmt.Sprint(answer.Code, " ", answer.Body)
		}
		idle(w)
		var held atomic.Int64
		hangs, release := context.WithCancel(context.Background())
		DeferCleanup(release)
		w.interceptWith(func(request *http.Request) *http.Response {
			if request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, "-credentials") {
				held.Add(1)
				<-hangs.Done()
			}
			return nil
		})
		server := newHonestServer("shop-0", "shop-1", "shop-2")
		for i := range names {
			w.victim.requestsToken(ctx, fmt.Sprint("shop-", i), tokenEndpoint(server))
		}
		Eventually(held.Load).Should(BeEquivalentTo(names))
		fake.Step(5 * time.Minute)

		// The controllers of authorization servers and of held Secrets still work.
		idp := &v1alpha1.AuthorizationServer{ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: tokenEndpoint(server)}}
		copied := &corev1.Secret{ObjectMeta: w.victim.metadata("copied")}
		copied.Finalizers = []string{v1alpha1.RevokeTokenFinalizer}
		create(ctx, idp, copied)
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(idp), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).To(matchers.HaveConditionType("Ready"))
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(copied), copied)).To(Succeed())
			g.Expect(copied.Finalizers).To(BeEmpty())
		}).Should(Succeed())
		Eventually(probed).Should(And(HavePrefix("500"), ContainSubstring("clientcredential"), ContainSubstring("3 reconciles"),
			Not(ContainSubstring("authorizationserver")), Not(ContainSubstring("heldsecret"))))

		release()
		Eventually(probed).Should(HavePrefix("200"))
	})

	It("does not delay the shutdown of the operator", func(ctx SpecContext) {
		w := newWorld(ctx)
		var reads atomic.Int64
		w.interceptWith(hanging(func(request *http.Request) bool {
			isRead := readsCredentials(request)
			if isRead {
				reads.Add(1)
			}
			return isRead
		}))
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		Eventually(reads.Load).Should(BeNumerically(">", 0))
		start := time.Now()
		w.operator.Stop()
		Expect(time.Since(start)).To(BeNumerically("<", 10*time.Second))
	})
})
