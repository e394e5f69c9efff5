package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = DescribeTable("A failed request to the API server is retried",
	func(ctx SpecContext, code int, reason metav1.StatusReason, retryAfter int, lower, upper time.Duration) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials())
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/secrets/shop") {
				return nil
			}
			return answered(r, code, fmt.Sprintf(
				`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": %q, "code": %d, "message": "later", "details": {"retryAfterSeconds": %d}}`, reason, code, retryAfter))
		})
		create(ctx, w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "APIRequestFailed", ContainSubstring("later")))
		failure := w.get(ctx, "shop")(Default).Status.Failure
		Expect(failure.RetryAt.Sub(failure.LastAttemptAt.Time)).To(And(BeNumerically(">=", lower-time.Second), BeNumerically("<=", upper+time.Second)))
		w.traffic.respondWhen(nil)
		w.saysWithin(ctx, "shop", upper+10*time.Second, matchers.HaveCondition("Ready", "True", "TokenIssued"))
	},
	Entry("after the time that the API server states", http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, 60, time.Minute, time.Minute),
	Entry("after five minutes, if the API server states a day", http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, 86400, 5*time.Minute, 5*time.Minute),
	Entry("after five seconds, if the API server states no time", http.StatusGatewayTimeout, metav1.StatusReasonTimeout, 0, 4*time.Second, 5*time.Second),
	Entry("after fifteen seconds, if the request is forbidden", http.StatusForbidden, metav1.StatusReasonForbidden, 0, 12*time.Second, 15*time.Second),
)

var _ = Describe("A token that cannot be written", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		create(ctx, w.shopCredentials())
	})

	// refuseWrites answers 403 to requests for Secrets with these methods, as a webhook may do. The returned
	// function allows them again.
	refuseWrites := func(methods ...string) func() {
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if !strings.Contains(r.URL.Path, "/secrets") || !strings.Contains(strings.Join(methods, " "), r.Method) {
				return nil
			}
			return answered(r, http.StatusForbidden, fmt.Sprintf(
				`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "denied: %s"}`, marker))
		})
		return func() { w.traffic.failWhen(nil) }
	}

	It("is kept, without another token request, even if the API server refuses the Secret for hours", func(ctx SpecContext) {
		allow := refuseWrites(http.MethodPost)
		create(ctx, w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
		w.within(3*time.Hour, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Failure.Attempts).To(BeNumerically(">=", 16))
		})
		Expect(w.tokenRequests()).To(Equal(1))
		allow()
		w.within(15*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
		})
		Expect(w.tokenRequests()).To(BeNumerically("<=", 2))
	})

	It("is reported with the webhook's message, in which it and the former token are redacted", func(ctx SpecContext) {
		var opaque atomic.Int32
		w.respondWithTokens(func() (string, string) { return fmt.Sprint("0paque-t0ken-", opaque.Add(1)), "3600" })
		create(ctx, w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/secrets/shop-token") {
				return nil
			}
			return answered(r, http.StatusForbidden,
				`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "policy frozen: 0paque-t0ken-1 must not become 0paque-t0ken-2"}`)
		})
		w.renew(ctx, "shop")
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed",
			ContainSubstring("policy frozen: [REDACTED] must not become [REDACTED]")))
		Expect(everythingShown(ctx, w)).NotTo(ContainSubstring("0paque"))
	})

	It("is written later, even if an edited Secret is first restored with the former token", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		first := w.eventuallyReady(ctx, "shop")
		allow := refuseWrites(http.MethodPatch)
		w.renew(ctx, "shop")
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed"))
		allow()
		edit(ctx, w.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Annotations[v1alpha1.CredentialsVersionAnnotation] = "0" })
		Eventually(func() string { return w.secret(ctx, "shop-token").Annotations[v1alpha1.CredentialsVersionAnnotation] }).ShouldNot(Equal("0"))
		w.within(15*time.Minute, func(g Gomega) {
			g.Expect(w.secret(ctx, "shop-token").Data["access_token"]).NotTo(Equal(first.Data["access_token"]))
		})
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(2))
	})

	It("leaves the expiry source in the status unchanged", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		Expect(w.get(ctx, "shop")(Default).Status.Token.ExpirySource).To(Equal(v1alpha1.ExpiryFromServer))
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write([]byte(`{"access_token": "without-a-lifetime"}`))
		})
		allow := refuseWrites(http.MethodPatch)
		w.renew(ctx, "shop")
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed"))
		Expect(w.get(ctx, "shop")(Default).Status.Token.ExpirySource).To(Equal(v1alpha1.ExpiryFromServer))
		allow()
		w.within(5*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Token.ExpirySource).To(Equal(v1alpha1.ExpiryAssumed))
		})
	})

	It("is replaced after it expires, even if the Secret is immutable", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		secret := w.eventuallyReady(ctx, "shop")
		edit(ctx, secret, func(s *corev1.Secret) { s.Immutable = ptr.To(true) })
		allow := refuseWrites(http.MethodPost)
		w.renew(ctx, "shop")
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed"))
		w.within(2*time.Hour, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
		})
		w.step(time.Hour)
		allow()
		w.within(15*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
		})
	})

	It("because its response lacks a field is replaced by the next token whose response has that field", func(ctx SpecContext) {
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{
			Fields: []v1alpha1.ResponseField{{Name: "tenant", Pointers: []v1alpha1.JSONPointer{"/tenant"}}},
		}
		shop.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
			Data: map[string]string{"header": "{{ .tenant }} {{ .access_token }}"},
		}}
		var complete atomic.Bool
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			tenant := ""
			if complete.Load() {
				tenant = `, "tenant": "north"`
			}
			_, _ = fmt.Fprintf(rw, `{"access_token": "token-%d", "expires_in": 3600%s}`, w.clock.Now().Unix(), tenant)
		})
		create(ctx, shop)
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetTemplateInvalid"))
		complete.Store(true)
		w.within(time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
		})
	})

	DescribeTable("or whose former Secret cannot be cleaned up is reported without the webhook's answer",
		func(ctx SpecContext, method string, policy v1alpha1.DeletionPolicy) {
			create(ctx, w.clientCredential("shop"))
			w.eventuallyReady(ctx, "shop")
			w.traffic.respondWhen(func(r *http.Request) *http.Response {
				if r.Method != method || !strings.HasSuffix(r.URL.Path, "/secrets/shop-token") {
					return nil
				}
				return answered(r, http.StatusForbidden, fmt.Sprintf(
					`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "denied: %s"}`, marker))
			})
			edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) {
				c.Spec.Target = &v1alpha1.TokenTarget{Name: "elsewhere", DeletionPolicy: policy}
			})
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "APIRequestFailed", ContainSubstring("answered 403 Forbidden")))
			Expect(everythingShown(ctx, w)).NotTo(ContainSubstring(marker))
		},
		Entry("(deletionPolicy Delete)", http.MethodDelete, v1alpha1.DeletionPolicyDelete),
		Entry("(deletionPolicy Retain)", http.MethodPatch, v1alpha1.DeletionPolicyRetain),
	)
})
