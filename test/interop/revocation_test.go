//go:build interop

package interop_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/interop/provider"
)

// revokeOnDelete declares revocation on deletion. If endpoint is empty, the operator discovers it.
func (l *login) revokeOnDelete(endpoint string) {
	yes := true
	l.server().Revocation = &v1alpha1.Revocation{Endpoint: endpoint, OnDelete: &yes}
}

// expectDeleted deletes the ClientCredential, and waits until it is gone.
func (l *login) expectDeleted(ctx SpecContext) {
	GinkgoHelper()
	Expect(apiServer.Delete(ctx, l.clientCredential)).To(Succeed())
	Eventually(func() bool {
		err := apiServer.Get(ctx, client.ObjectKeyFromObject(l.clientCredential), &v1alpha1.ClientCredential{})
		return apierrors.IsNotFound(err)
	}).Should(BeTrue())
}

var _ = DescribeTable("The deletion of a ClientCredential revokes the token (RFC 7009) of a client with",
	func(ctx SpecContext, clientID string, at func() *provider.Provider, declare func(*login)) {
		l := loginOf(clientID, newNamespace(ctx), at())
		declare(l)
		l.put(ctx)
		first := l.eventuallyReady(ctx)
		last := l.renew(ctx)
		l.expectActive(ctx, last)

		l.expectDeleted(ctx)
		active, _, err := l.at.Introspect(ctx, string(last.Data["access_token"]))
		Expect(err).NotTo(HaveOccurred())
		Expect(active).To(BeFalse())
		Eventually(l.events).WithArguments(ctx, Default).Should(ContainElement(
			And(HaveField("Type", "Normal"), HaveField("Reason", "TokenRevoked"))))
		// An application may still use the previous token.
		l.expectActive(ctx, first)
	},
	Entry("a secret", "basic", theProvider, func(l *login) { l.revokeOnDelete(l.at.RevocationEndpoint) }),
	Entry("a JWT", "rs256", theProvider, func(l *login) { l.revokeOnDelete(l.at.RevocationEndpoint) }),
	Entry("a certificate", "mtls", theProvider, func(l *login) { l.revokeOnDelete(l.at.RevocationEndpoint) }),
	Entry("a secret, if the endpoint is discovered from the issuer", "basic", theProvider, byIssuerToo),
	Entry("a certificate, at the alias for mTLS", "mtls", theProviderWithAliases, byIssuerToo),
)

func byIssuerToo(l *login) {
	l.byIssuer(l.at.Issuer)
	l.revokeOnDelete("")
}

var _ = Describe("A token that cannot be revoked", func() {
	It("does not block the deletion, and an event reports it", func(ctx SpecContext) {
		l := loginOf("basic", newNamespace(ctx), op)
		l.revokeOnDelete(op.RevocationEndpoint)
		l.put(ctx)
		token := l.eventuallyReady(ctx)
		Expect(apiServer.Delete(ctx, l.credentials)).To(Succeed())
		// A finalizer keeps the Secret for ten seconds, in case the ClientCredential is deleted too.
		Eventually(func() bool {
			return apierrors.IsNotFound(apiServer.Get(ctx, client.ObjectKeyFromObject(l.credentials), &corev1.Secret{}))
		}).Should(BeTrue())
		l.expectDeleted(ctx)
		Eventually(l.events).WithArguments(ctx, Default).Should(ContainElement(And(
			HaveField("Type", "Warning"), HaveField("Reason", "RevocationFailed"), HaveField("Note", ContainSubstring(`Secret "credentials"`)))))
		l.expectActive(ctx, token)
	})

	It("because it is a JWT does not block the deletion, and an event reports it", func(ctx SpecContext) {
		l := loginOf("basic", newNamespace(ctx), op)
		l.clientCredential.Spec.Resources = []string{orders}
		l.revokeOnDelete(op.RevocationEndpoint)
		l.put(ctx)
		l.eventuallyReady(ctx)
		l.expectDeleted(ctx)
		Eventually(l.events).WithArguments(ctx, Default).Should(ContainElement(And(
			HaveField("Type", "Warning"), HaveField("Reason", "RevocationFailed"))))
	})
})
