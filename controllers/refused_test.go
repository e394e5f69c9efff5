package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("Credentials that the server refused", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		w.server.Register(authserver.Client{ID: "shop", Secret: "another"})
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "InvalidClient", ContainSubstring("at most 4 times in the first hour")))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("are not sent again when a label of their Secret changes", func(ctx SpecContext) {
		retryAt := w.get(ctx, "shop")(Default).Status.Failure.RetryAt
		for i := range 5 {
			edit(ctx, w.shopCredentials(), func(s *corev1.Secret) { s.Labels["edit"] = fmt.Sprint(i) })
			Consistently(w.tokenRequests).WithTimeout(200 * time.Millisecond).Should(Equal(1))
		}
		Expect(w.get(ctx, "shop")(Default).Status.Failure.RetryAt.Time).To(BeTemporally("==", retryAt.Time))

		By("sending them again when the retry is due")
		w.within(2*time.Minute, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })

		By("sending changed credentials immediately")
		edit(ctx, w.shopCredentials(), func(s *corev1.Secret) { s.Data["client_secret"] = []byte("another") })
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(3))
		Expect(w.series(waits)).To(BeEmpty(), "no request waited for a rate limit")
	})

	It("are not sent again after a failed request to the API server", func(ctx SpecContext) {
		w.within(2*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Failure.AttemptsByClass).To(ConsistOf(v1alpha1.ClassAttempts{Class: "CredentialsRefused", Attempts: 2}))
		})
		retryAt := w.get(ctx, "shop")(Default).Status.Failure.RetryAt
		w.traffic.failWhen(func(r *http.Request) bool {
			return r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/clientcredentials/shop")
		})
		edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) {
			c.Annotations = map[string]string{"note": "no change"}
		})
		w.step(2 * time.Minute)
		Consistently(w.tokenRequests).Should(Equal(2))
		Expect(w.get(ctx, "shop")(Default).Status.Failure.RetryAt.Time).To(BeTemporally("==", retryAt.Time))
	})
})
