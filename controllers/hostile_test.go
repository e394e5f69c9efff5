package controllers_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// In these specs, other API clients and the authorization server interfere with a ClientCredential.
var _ = Describe("A ClientCredential in a shared cluster", func() {
	var (
		w                *world
		clientCredential *v1alpha1.ClientCredential
		first            *corev1.Secret
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		clientCredential = w.clientCredential("shop")
		create(ctx, w.shopCredentials(), clientCredential)
		first = w.eventuallyReady(ctx, "shop")
	})

	It("stops recreating a Secret that keeps being deleted", func(ctx SpecContext) {
		for range 5 {
			Expect(client.IgnoreNotFound(apiServer.Delete(ctx, first.DeepCopy()))).To(Succeed())
			Eventually(func() bool {
				secret := &corev1.Secret{}
				err := apiServer.Get(ctx, w.key("shop-token"), secret)
				contested := func() bool {
					return matches(w.get(ctx, "shop")(Default).Status.Conditions,
						matchers.HaveCondition("Stalled", "True", "TargetContested", ContainSubstring("find that client")))
				}
				return err == nil || (apierrors.IsNotFound(err) && contested())
			}).Should(BeTrue())
		}
		Expect(w.tokenRequests()).To(Equal(3))

		By("recreating it within six minutes")
		w.within(6*time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(4)) })
		w.eventuallyReady(ctx, "shop")

		By("recreating it immediately when a renewal is requested")
		Expect(apiServer.Delete(ctx, w.secret(ctx, "shop-token"))).To(Succeed())
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Stalled", "True", "TargetContested"))
		Expect(w.tokenRequests()).To(Equal(4))
		w.renew(ctx, "shop")
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(5))
	})

	It("redacts rendered template data that an admission webhook quotes", func(ctx SpecContext) {
		token := string(first.Data["access_token"])
		header := base64.StdEncoding.EncodeToString([]byte("Authorization: Bearer " + token))
		w.traffic.respondWhen(func(request *http.Request) *http.Response {
			if request.Method != http.MethodPatch || !strings.HasSuffix(request.URL.Path, "/secrets/shop-token") {
				return nil
			}
			return answered(request, http.StatusForbidden, fmt.Sprintf(
				`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "denied: data.header %s of %s"}`,
				header, token))
		})
		edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) {
			c.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
				Data: map[string]string{"header": "Authorization: Bearer {{ .access_token }}"},
			}}
		})
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "SecretWriteFailed", ContainSubstring("denied: data.header [REDACTED] of [REDACTED]")))
		Expect(everythingShown(ctx, w)).NotTo(Or(ContainSubstring(token), ContainSubstring(header)))
	})

	It("removes a failure and a condition that another field manager wrote to its status", func(ctx SpecContext) {
		edited := w.get(ctx, "shop")(Default)
		edited.Status.Failure = &v1alpha1.FailureStatus{
			Reason: "Restored", Message: "from a backup", Attempts: 1,
			LastAttemptAt: metav1.NewTime(w.clock.Now().Add(-time.Hour)), RetryAt: metav1.NewTime(w.clock.Now()),
		}
		edited.Status.Conditions = append(edited.Status.Conditions, metav1.Condition{
			Type: "Stalled", Status: "True", Reason: "Restored", LastTransitionTime: metav1.NewTime(w.clock.Now()),
		})
		Expect(apiServer.Status().Update(ctx, edited, client.FieldOwner("restore"))).To(Succeed())
		touched := 0
		Eventually(func(g Gomega) {
			// A status change does not trigger a reconcile, so edit the Secret. The cache may be a moment
			// behind.
			touched++
			edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Labels["touched"] = strconv.Itoa(touched) })
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(HaveLen(1))
		}).Should(Succeed())
		w.eventuallyReady(ctx, "shop")
		Expect(w.get(ctx, "shop")(Default).Status.Failure).To(BeNil())
		Consistently(w.tokenRequests).Should(Equal(1))
	})

	It("keeps its token if only the first response states a scope", func(ctx SpecContext) {
		respond := func(body string) {
			w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(body)) })
		}
		respond(`{"access_token": "token-with-a-scope", "expires_in": 3600, "scope": "read"}`)
		Expect(apiServer.Delete(ctx, first)).To(Succeed())
		Eventually(func() string { return w.get(ctx, "shop")(Default).Status.Token.Scope }).Should(Equal("read"))
		respond(`{"access_token": "token-without-a-scope", "expires_in": 3600}`)
		w.within(time.Hour, func(g Gomega) { g.Expect(w.get(ctx, "shop")(g).Status.Token.Scope).To(BeEmpty()) })
		Expect(w.tokenRequests()).To(Equal(3))
		edit(ctx, w.shopCredentials(), func(s *corev1.Secret) { s.Labels["team"] = "shop" })
		Consistently(w.tokenRequests).Should(Equal(3))
	})

	It("does not show a token that an admission webhook quotes, and does not request another token", func(ctx SpecContext) {
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/secrets/shop-token") {
				return nil
			}
			// The webhook gets the body of the write, so its answer can quote the token.
			body, _ := io.ReadAll(r.Body)
			quoted := strings.ReplaceAll(string(body), `"`, `'`)
			return answered(r, http.StatusBadRequest, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 400, "message": "denied: `+quoted+`"}`)
		})
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Eventually(func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(
				matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed", ContainSubstring("denied")))
		}).Should(Succeed())
		w.traffic.respondWhen(nil)
		w.within(time.Minute, func(g Gomega) { g.Expect(w.secret(ctx, "shop-token").Data).NotTo(Equal(first.Data)) })
		Expect(w.tokenRequests()).To(Equal(2))
		token := string(w.secret(ctx, "shop-token").Data["access_token"])
		Expect(string(w.logs.Contents())).NotTo(Or(ContainSubstring(token), ContainSubstring(base64.StdEncoding.EncodeToString([]byte(token)))))
		Expect(fmt.Sprint(w.eventsSoFar())).NotTo(Or(ContainSubstring(token), ContainSubstring(base64.StdEncoding.EncodeToString([]byte(token)))))
	})

	It("writes an issued token even if the operator is stopped during the write", func(ctx SpecContext) {
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/secrets/shop-token") {
				w.beginStop()
			}
			return nil
		})
		w.within(time.Hour, func(g Gomega) { g.Expect(w.secret(ctx, "shop-token").Data).NotTo(Equal(first.Data)) })
		w.traffic.respondWhen(nil)
		w.restart()
		w.eventuallyReady(ctx, "shop")
		Consistently(w.tokenRequests).Should(Equal(2))
	})

	It("stays Ready if the managed-by label of its Secret changes while it is suspended", func(ctx SpecContext) {
		edit(ctx, clientCredential, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Labels["app.kubernetes.io/managed-by"] = "Helm" })
		Eventually(func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "Suspended"))
		}).Should(Succeed())
		Consistently(func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "Suspended"))
		}).Should(Succeed())
	})

	It("writes the same token later if restoring an edited Secret fails at first", func(ctx SpecContext) {
		w.traffic.failWhen(func(r *http.Request) bool {
			return r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/secrets/shop-token")
		})
		edit(ctx, w.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Labels = nil })
		Eventually(func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("RenewalFailing", "True", "SecretWriteFailed"))
		}).Should(Succeed())
		w.traffic.failWhen(nil)
		w.within(time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).NotTo(matchers.HaveConditionType("RenewalFailing"))
		})
		Expect(w.tokenRequests()).To(Equal(1))
	})
})

func matches(conditions []metav1.Condition, matcher interface{ Match(any) (bool, error) }) bool {
	GinkgoHelper()
	success, err := matcher.Match(conditions)
	Expect(err).NotTo(HaveOccurred())
	return success
}
