//go:build e2e

package e2e_test

import (
	"path/filepath"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

const (
	tenantRelease   = "tenant"
	tenantNamespace = "tokensync-e2e-tenant"
)

func namespacedRelease() {
	It("for a namespace works there and nowhere else", func(ctx SpecContext) {
		createNamespace(ctx, tenantNamespace)
		inside, outside := newNamespace(ctx), newNamespace(ctx)
		helm(ctx, slices.Concat([]string{
			"upgrade", "--install", tenantRelease, filepath.Join("charts", "tokensync"), "--namespace", tenantNamespace,
		}, valuesFor(environment.nextImage), []string{"--set", "crds.install=false", "--set", "namespaces={" + inside + "}"})...)
		DeferCleanup(func(ctx SpecContext) { helm(ctx, "uninstall", tenantRelease, "--namespace", tenantNamespace, "--wait") })

		createClientCredential(ctx, outside, "outside")
		createClientCredential(ctx, inside, "inside")
		awaitToken(ctx, inside, "inside")

		ignored := &v1alpha1.ClientCredential{}
		Consistently(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: outside, Name: "outside"}, ignored)).To(Succeed())
			g.Expect(ignored.Status.ObservedGeneration).To(HaveValue(BeEquivalentTo(-1)))
			g.Expect(requests(ctx, "outside")).To(BeZero())
		}).WithContext(ctx).Should(Succeed())

		account := tenantAccount(ctx)
		Expect(may(ctx, tenantNamespace, account, "list", "", "secrets", inside)).To(BeTrue())
		Expect(may(ctx, tenantNamespace, account, "list", "", "secrets", outside)).To(BeFalse())
		Expect(may(ctx, tenantNamespace, account, "list", "", "namespaces", "")).To(BeFalse())
	})
}

// tenantAccount returns the ServiceAccount of the second release.
func tenantAccount(ctx SpecContext) string {
	GinkgoHelper()
	list := podsOf(ctx, tenantNamespace)
	Expect(list).NotTo(BeEmpty())
	return list[0].Spec.ServiceAccountName
}
