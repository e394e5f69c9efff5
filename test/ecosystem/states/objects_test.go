package states_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

func (w *world) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: w.namespace, Name: name}
}

// credentials returns a Secret with credentials that the server accepts.
func (w *world) credentials() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: "shop-client",
			Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
		},
		StringData: map[string]string{"client_id": "shop", "client_secret": "s3cr3t-of-the-shop"},
	}
}

// clientCredential returns a ClientCredential for the server's RFC 6749 endpoint.
func (w *world) clientCredential(name string) *v1alpha1.ClientCredential {
	return &v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.ClientCredentialSpec{
			AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path},
			CredentialsRef:      &v1alpha1.CredentialsReference{Name: "shop-client"},
		},
	}
}

func (w *world) get(ctx SpecContext, g Gomega, name string) *v1alpha1.ClientCredential {
	clientCredential := &v1alpha1.ClientCredential{}
	g.Expect(apiServer.Get(ctx, w.key(name), clientCredential)).To(Succeed())
	return clientCredential
}

// eventuallySays waits for a condition.
func (w *world) eventuallySays(ctx SpecContext, name string, condition OmegaMatcher) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		w.nudge()
		g.Expect(w.get(ctx, g, name).Status.Conditions).To(condition)
	}).Should(Succeed())
}

func create(ctx SpecContext, objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(apiServer.Create(ctx, object)).To(Succeed())
	}
}

// edit changes the current version of an object in the API server.
func edit[T client.Object](ctx SpecContext, object T, change func(T)) {
	GinkgoHelper()
	Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
	before, ok := object.DeepCopyObject().(client.Object)
	Expect(ok).To(BeTrue())
	change(object)
	Expect(apiServer.Patch(ctx, object, client.MergeFrom(before))).To(Succeed())
}

// authorizationServer returns an AuthorizationServer named idp.
func (w *world) authorizationServer(spec v1alpha1.AuthorizationServerSpec) *v1alpha1.AuthorizationServer {
	return &v1alpha1.AuthorizationServer{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "idp"}, Spec: spec}
}

// createClusterServer creates a ClusterAuthorizationServer, and deletes it after the test, because all
// tests see it.
func (w *world) createClusterServer(ctx SpecContext, spec v1alpha1.ClusterAuthorizationServerSpec) {
	GinkgoHelper()
	server := &v1alpha1.ClusterAuthorizationServer{ObjectMeta: metav1.ObjectMeta{Name: "idp-" + w.namespace}, Spec: spec}
	create(ctx, server)
	DeferCleanup(func(ctx SpecContext) { Expect(apiServer.Delete(ctx, server)).To(Succeed()) })
}

// createQuota creates a quota that admits no further Secret. No quota controller runs, so the test
// writes the status.
func (w *world) createQuota(ctx SpecContext) {
	GinkgoHelper()
	secrets := corev1.ResourceList{corev1.ResourceSecrets: resource.MustParse("1")}
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "secrets"},
		Spec:       corev1.ResourceQuotaSpec{Hard: secrets},
	}
	create(ctx, quota)
	quota.Status = corev1.ResourceQuotaStatus{Hard: secrets, Used: secrets}
	Expect(apiServer.Status().Update(ctx, quota)).To(Succeed())
	Eventually(func() error {
		another := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "another"}}
		return apiServer.Create(ctx, another, client.DryRunAll)
	}).Should(MatchError(ContainSubstring("exceeded quota")))
}
