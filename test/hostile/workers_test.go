package hostile_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A tenant whose objects the API server handles slowly", func() {
	const objects, workers = 200, 256
	var (
		w    *world
		hung atomic.Int64
	)
	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		hung.Store(0)
		create(ctx, w.attacker.credentials("shared", map[string]string{"client_id": "shop", "client_secret": secretOf("shop")}))
	})

	// ask creates ClientCredentials of the attacker.
	ask := func(ctx context.Context) {
		GinkgoHelper()
		endpoint := tokenEndpoint(newHonestServer("shop"))
		for i := range objects {
			create(ctx, w.attacker.clientCredential(fmt.Sprintf("shop-%d", i), endpoint, func(s *v1alpha1.ClientCredentialSpec) {
				s.CredentialsRef.Name = "shared"
			}))
		}
	}

	// hang blocks matching requests for the attacker's objects.
	hang := func(method, resource, suffix string) {
		w.interceptWith(hanging(func(r *http.Request) bool {
			isChosen := r.Method == method && strings.HasSuffix(r.URL.Path, suffix) &&
				strings.Contains(r.URL.Path, "/namespaces/"+w.attacker.namespace+"/"+resource+"/")
			if isChosen {
				hung.Add(1)
			}
			return isChosen
		}))
	}

	// leavesHalf expects that another tenant is served while all workers that the attacker can occupy
	// hang.
	leavesHalf := func(ctx context.Context) {
		GinkgoHelper()
		Eventually(func() int { return metric("controller_runtime_active_workers") }).Should(BeNumerically(">=", workers/2))
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		Eventually(func() int { return metric("controller_runtime_active_workers") }).Should(Equal(workers / 2))
		w.interceptWith(nil)
	}

	It("leaves workers to other tenants while its statuses are written", func(ctx SpecContext) {
		hang(http.MethodPatch, "clientcredentials", "/status")
		ask(ctx)
		leavesHalf(ctx)
		Expect(hung.Load()).To(BeEquivalentTo(workers / 2))
	})

	It("leaves workers to other tenants while its token Secrets wait to be repaired", func(ctx SpecContext) {
		ask(ctx)
		secrets := &corev1.SecretList{}
		Eventually(func(g Gomega) {
			g.Expect(apiServer.List(ctx, secrets, client.InNamespace(w.attacker.namespace), client.HasLabels{v1alpha1.ManagedByLabel})).To(Succeed())
			g.Expect(secrets.Items).To(HaveLen(objects))
		}).Should(Succeed())
		hang(http.MethodGet, "secrets", "-token")
		for i := range secrets.Items {
			edit(ctx, &secrets.Items[i], func(s *corev1.Secret) { s.Labels = nil })
		}
		leavesHalf(ctx)
	})

	It("leaves workers to the AuthorizationServers of other tenants", func(ctx SpecContext) {
		hang(http.MethodGet, "configmaps", "/bundle")
		for i := range workers + 44 {
			create(ctx, &v1alpha1.AuthorizationServer{ObjectMeta: w.attacker.metadata(fmt.Sprint("idp-", i)), Spec: v1alpha1.AuthorizationServerSpec{
				TokenEndpoint: "https://idp.example.com/token", TLS: &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: "bundle"}},
			}})
		}
		Eventually(hung.Load).Should(BeNumerically(">=", 8))
		victim := &v1alpha1.AuthorizationServer{
			ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: "https://idp.example.com/token"},
		}
		create(ctx, victim)
		Eventually(func(g Gomega) []metav1.Condition {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(victim), victim)).To(Succeed())
			return victim.Status.Conditions
		}).Should(matchers.HaveConditionType("Ready"))
		w.interceptWith(nil)
	})

	It("leaves workers to other tenants whose Secrets wait to be released", func(ctx SpecContext) {
		server := newHonestServer("shop")
		for i := range 50 {
			w.attacker.requestsToken(ctx, fmt.Sprint("shop-", i), tokenEndpoint(server), revokedOnDelete(server))
		}
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Eventually(func(g Gomega) {
			for i := range 50 {
				g.Expect(w.attacker.secret(ctx, fmt.Sprintf("shop-%d-credentials", i)).Finalizers).NotTo(BeEmpty())
			}
		}).Should(Succeed())
		collectGarbage(ctx, w.victim.namespace)
		hang(http.MethodPatch, "secrets", "-credentials")
		for i := range 50 {
			edit(ctx, w.attacker.clientCredential(fmt.Sprint("shop-", i), ""), func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.Revocation = nil })
		}
		Eventually(hung.Load).Should(BeNumerically(">=", 8))
		Expect(apiServer.Delete(ctx, w.victim.clientCredential("shop", ""))).To(Succeed())
		Expect(apiServer.Delete(ctx, w.victim.secret(ctx, "shop-credentials"))).To(Succeed())
		Eventually(isGone(ctx, &corev1.Secret{ObjectMeta: w.victim.metadata("shop-credentials")})).WithTimeout(endsIn).Should(Succeed())
		w.interceptWith(nil)
	})
})
