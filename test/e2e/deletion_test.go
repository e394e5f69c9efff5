//go:build e2e

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	retain         = `{"spec":{"target":{"deletionPolicy":"Retain"}}}`
	revokeOnDelete = `{"spec":{"authorizationServer":{"revocation":{"onDelete":true,` +
		`"endpoint":"http://authorization-server.tokensync-e2e:8080/cgi-bin/revoke"}}}}`
)

func patchClientCredential(ctx context.Context, namespace, name, patch string) {
	GinkgoHelper()
	kubectl(ctx, "patch", "clientcredential", name, "--namespace", namespace, "--type=merge", "--patch", patch)
}

// createRevokingClientCredential creates a ClientCredential whose deletion waits until the operator has
// revoked its token.
func createRevokingClientCredential(ctx context.Context, namespace, name string) {
	GinkgoHelper()
	createClientCredential(ctx, namespace, name)
	patchClientCredential(ctx, namespace, name, revokeOnDelete)
	Eventually(func() []string { return awaitToken(ctx, namespace, name).Finalizers }).WithContext(ctx).ShouldNot(BeEmpty())
}

func tokenSecret(namespace, name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-token"}}
}

func deletion() {
	It("of a ClientCredential deletes its token Secret, unless the Secret is retained", func(ctx SpecContext) {
		namespace := newNamespace(ctx)
		createClientCredential(ctx, namespace, "owner")
		createClientCredential(ctx, namespace, "retaining")
		awaitToken(ctx, namespace, "owner")
		awaitToken(ctx, namespace, "retaining")
		patchClientCredential(ctx, namespace, "retaining", retain)
		retained := tokenSecret(namespace, "retaining")
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(retained), retained)).To(Succeed())
			g.Expect(retained.OwnerReferences).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())

		kubectl(ctx, "delete", "clientcredential", "retaining", "owner", "--namespace", namespace)
		Eventually(gone(ctx, tokenSecret(namespace, "owner"))).WithContext(ctx).Should(BeTrue())
		Consistently(gone(ctx, retained)).WithContext(ctx).Should(BeFalse())
	})

	DescribeTable("of a ClientCredential with revocation completes, and an event reports the revocation",
		func(ctx SpecContext, arguments ...string) {
			namespace := newNamespace(ctx)
			createRevokingClientCredential(ctx, namespace, "revoking")
			Eventually(func() []string { return awaitToken(ctx, namespace, "revoking").Finalizers }).WithContext(ctx).ShouldNot(BeEmpty())
			kubectl(ctx, append([]string{"delete", "--namespace", namespace, "--timeout=90s"}, arguments...)...)
			Eventually(gone(ctx, tokenSecret(namespace, "revoking"))).WithContext(ctx).Should(BeTrue())
			reasons := kubectl(ctx, "get", "events", "--namespace", namespace, "--output=jsonpath={.items[*].reason}")
			Expect(reasons).To(And(ContainSubstring("TokenRevoked"), Not(ContainSubstring("RevocationFailed"))))
		},
		Entry("in the foreground", "clientcredential/revoking", "--cascade=foreground"),
		Entry("together with the credentials Secret, which is deleted first", "secret/revoking-client", "clientcredential/revoking"),
	)

	It("of a namespace completes, and requests no token", func(ctx SpecContext) {
		namespace := newNamespace(ctx)
		createClientCredential(ctx, namespace, "plain")
		createRevokingClientCredential(ctx, namespace, "revoking")
		awaitToken(ctx, namespace, "plain")
		before := requests(ctx, "plain") + requests(ctx, "revoking")

		kubectl(ctx, "delete", "namespace", namespace, "--timeout=90s")
		Expect(requests(ctx, "plain") + requests(ctx, "revoking")).To(Equal(before))
	})
}
