//go:build e2e

package e2e_test

import (
	"context"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// leader returns the name of the operator's Pod that holds the lease, or "" if the holder does not run.
func leader(ctx context.Context) string {
	GinkgoHelper()
	lease := &coordinationv1.Lease{}
	Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: "tokensync.dev"}, lease)).To(Succeed())
	name, _, _ := strings.Cut(ptr.Deref(lease.Spec.HolderIdentity, ""), "_")
	if !slices.ContainsFunc(operatorPods(ctx), func(pod corev1.Pod) bool { return pod.Name == name }) {
		return ""
	}
	return name
}

func leaderChange() {
	DescribeTable("hands over without an early token request, when its Pod is",
		func(ctx SpecContext, arguments ...string) {
			awaitYoungToken(ctx)
			expectNothingForbidden(ctx)
			var before string
			Eventually(func() string {
				before = leader(ctx)
				return before
			}).WithContext(ctx).ShouldNot(BeEmpty())

			kubectl(ctx, append([]string{"delete", "pod", before, "--namespace", operatorNamespace}, arguments...)...)
			Eventually(func() string { return leader(ctx) }).WithContext(ctx).ShouldNot(BeElementOf(before, ""))
			expectAtWork(ctx)
			shortLivedHistory.expectDueOnly(ctx, shortLived)
			awaitOperator(ctx)
		},
		Entry("deleted", "--wait=false"),
		Entry("killed", "--grace-period=0", "--force"),
	)
}

func upgrade() {
	It("keeps the tokens", func(ctx SpecContext) {
		awaitYoungToken(ctx)
		install(ctx, environment.nextImage, "--set", "log.level=debug", "--set", "podAnnotations.revision=next")
		for _, pod := range operatorPods(ctx) {
			Expect(pod.Annotations).To(HaveKeyWithValue("revision", "next"))
			Expect(pod.Spec.Containers[0].Image).To(Equal(environment.nextImage))
			Expect(pod.Spec.Containers[0].Args).To(ContainElement(ContainSubstring("debug")))
		}
		expectAtWork(ctx)
		shortLivedHistory.expectDueOnly(ctx, shortLived)
	})
}
