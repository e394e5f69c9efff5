package hostile_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("An admission webhook", func() {
	// answersOnce answers the first patch of an object with 404.
	answersOnce := func(w *world, path string) *atomic.Int32 {
		seen := &atomic.Int32{}
		w.interceptWith(func(request *http.Request) *http.Response {
			if request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, path) && seen.Add(1) == 1 {
				return answered(request, http.StatusNotFound, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`)
			}
			return nil
		})
		return seen
	}

	It("that answers 404 to the patch that adds a finalizer does not prevent the token", func(ctx SpecContext) {
		w, server := newWorld(ctx), newHonestServer("shop")
		seen := answersOnce(w, "/clientcredentials/shop")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(seen.Load()).To(BeNumerically(">=", 1))
	})

	It("that answers 404 to the write of a failure does not stop the retries", func(ctx SpecContext) {
		clock := testingclock.NewFakeClock(time.Now().Truncate(time.Second))
		w, server := newWorld(ctx, func(s *settings) { s.clock = clock }), newHonestServer("shop")
		server.RespondAt(authserver.RFC6749Path, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
		seen := answersOnce(w, "/clientcredentials/shop/status")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server))
		Eventually(seen.Load).Should(BeNumerically(">=", 1))
		server.RespondAt(authserver.RFC6749Path, nil)
		w.passes(10*time.Minute, func(g Gomega) {
			g.Expect(w.victim.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
		})
	})

	DescribeTable("that answers 404 to the patch that removes a finalizer does not stop the removal", func(ctx SpecContext, path string) {
		w, server := newWorld(ctx), newHonestServer("shop")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Eventually(func() []string { return w.victim.secret(ctx, "shop-credentials").Finalizers }).ShouldNot(BeEmpty())
		collectGarbage(ctx, w.victim.namespace)
		seen := answersOnce(w, path)
		Expect(apiServer.Delete(ctx, w.victim.clientCredential("shop", ""))).To(Succeed())
		Expect(apiServer.Delete(ctx, w.victim.secret(ctx, "shop-credentials"))).To(Succeed())
		Eventually(isGone(ctx, w.victim.clientCredential("shop", ""))).WithTimeout(endsIn).Should(Succeed())
		Eventually(isGone(ctx, &corev1.Secret{ObjectMeta: w.victim.metadata("shop-credentials")})).WithTimeout(endsIn).Should(Succeed())
		Expect(seen.Load()).To(BeNumerically(">=", 2))
		Expect(w.countEvents("TokenRevoked")).To(Equal(1))
	},
		Entry("from the ClientCredential", "/clientcredentials/shop"),
		Entry("from the credentials Secret", "/secrets/shop-credentials"),
	)

	It("that blocks the release of a token Secret is reported in the status", func(ctx SpecContext) {
		clock := testingclock.NewFakeClock(time.Now().Truncate(time.Second))
		w, server := newWorld(ctx, func(s *settings) { s.clock = clock }), newHonestServer("shop")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		w.interceptWith(func(request *http.Request) *http.Response {
			if request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/secrets/shop-token") {
				return answered(request, http.StatusForbidden, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`)
			}
			return nil
		})
		Expect(apiServer.Delete(ctx, w.victim.secret(ctx, "shop-token"))).To(Succeed())
		reports := func(limit time.Duration, condition string, status metav1.ConditionStatus, reason string) {
			GinkgoHelper()
			w.passes(limit, func(g Gomega) {
				g.Expect(w.victim.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition(condition, status, reason))
			})
		}
		reports(5*time.Minute, "RenewalFailing", "True", "TargetConflict")
		reports(2*time.Hour, "Ready", "False", "TargetConflict")

		By("allowing the release")
		w.interceptWith(nil)
		reports(10*time.Minute, "Ready", "True", "TokenIssued")
	})
})
