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
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = Describe("A tenant whose objects take the API server long", func() {
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

	// hang lets such requests for an object of the attacker hang.
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

	// leavesHalf expects that another tenant is served while all workers hang that the attacker gets.
	leavesHalf := func(ctx context.Context) {
		GinkgoHelper()
		Eventually(func() int { return metric("controller_runtime_active_workers") }).Should(BeNumerically(">=", workers/2))
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		Expect(metric("controller_runtime_active_workers")).To(Equal(workers / 2))
		w.interceptWith(nil)
	}

	It("leaves workers to others while statuses are written", func(ctx SpecContext) {
		hang(http.MethodPatch, "clientcredentials", "/status")
		ask(ctx)
		leavesHalf(ctx)
		Expect(hung.Load()).To(BeEquivalentTo(workers / 2))
	})

	It("leaves workers to others while its token Secrets wait to be repaired", func(ctx SpecContext) {
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
})
