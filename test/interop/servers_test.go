//go:build interop

package interop_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A shared declaration", func() {
	var l *login

	// expectShared gets two tokens through the shared declaration, and expects that its status reports
	// Usable.
	expectShared := func(ctx SpecContext, found client.Object, status func() v1alpha1.AuthorizationServerStatus) {
		GinkgoHelper()
		l.put(ctx)
		Expect(apiServer.Create(ctx, found)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(apiServer.Delete(ctx, found)).To(Succeed()) })
		l.expectActive(ctx, l.eventuallyReady(ctx))
		l.expectActive(ctx, l.renew(ctx))
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(found), found)).To(Succeed())
			g.Expect(status().Conditions).To(matchers.HaveCondition("Ready", "True", "Usable"))
			g.Expect(status().TokenEndpoint).To(Equal(op.TokenEndpoint))
		}).Should(Succeed())
	}

	BeforeEach(func(ctx SpecContext) { l = loginOf("es256", newNamespace(ctx), op) })

	It("in the namespace uses the bundle in that namespace", func(ctx SpecContext) {
		object := &v1alpha1.AuthorizationServer{
			ObjectMeta: metav1.ObjectMeta{Namespace: l.clientCredential.Namespace, Name: "provider"}, Spec: *l.server(),
		}
		l.use("AuthorizationServer", object.Name)
		expectShared(ctx, object, func() v1alpha1.AuthorizationServerStatus { return object.Status })
	})

	It("in the cluster, discovered from its issuer, uses the bundle in the namespace of the operator", func(ctx SpecContext) {
		// The bundle in the namespace is empty, so the operator cannot be using it.
		authorities := l.bundle.DeepCopy()
		authorities.Namespace = systemNamespace
		Expect(apiServer.Create(ctx, authorities)).To(Succeed())
		l.bundle = &corev1.ConfigMap{ObjectMeta: l.bundle.ObjectMeta}
		l.byIssuer(op.Issuer)
		object := &v1alpha1.ClusterAuthorizationServer{ObjectMeta: metav1.ObjectMeta{Name: "provider"}}
		object.Spec.AuthorizationServerSpec = *l.server()
		l.use("ClusterAuthorizationServer", object.Name)
		expectShared(ctx, object, func() v1alpha1.AuthorizationServerStatus { return object.Status })
	})
})
