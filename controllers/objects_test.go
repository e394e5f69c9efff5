package controllers_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

func (w *world) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: w.namespace, Name: name}
}

func (w *world) secret(ctx SpecContext, name string) *corev1.Secret {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(apiServer.Get(ctx, w.key(name), secret)).To(Succeed())
	return secret
}

// credentials returns a labelled credentials Secret.
func (w *world) credentials(name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: name,
			Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
		},
		StringData: data,
	}
}

// shopCredentials returns the credentials Secret of the client shop, which the server knows.
func (w *world) shopCredentials() *corev1.Secret {
	return w.credentials("shop", map[string]string{"client_id": "shop", "client_secret": "s3cr3t-of-the-shop"})
}

// clientCredential returns a ClientCredential for the server's RFC 6749 endpoint.
func (w *world) clientCredential(name string) *v1alpha1.ClientCredential {
	return &v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.ClientCredentialSpec{
			AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path},
			CredentialsRef:      &v1alpha1.CredentialsReference{Name: "shop"},
		},
	}
}

// authorizationServer returns an AuthorizationServer that a ClientCredential can reference.
func (w *world) authorizationServer(name string, spec v1alpha1.AuthorizationServerSpec) *v1alpha1.AuthorizationServer {
	return &v1alpha1.AuthorizationServer{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}, Spec: spec}
}

// clusterServer creates a ClusterAuthorizationServer, which all tests see, and deletes it after the test.
func (w *world) clusterServer(ctx SpecContext, spec v1alpha1.ClusterAuthorizationServerSpec) *v1alpha1.ClusterAuthorizationServer {
	GinkgoHelper()
	server := &v1alpha1.ClusterAuthorizationServer{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}, Spec: spec}
	create(ctx, server)
	DeferCleanup(func(ctx SpecContext) { Expect(apiServer.Delete(ctx, server)).To(Succeed()) })
	return server
}

// clientOf returns a ClientCredential that names an AuthorizationServer.
func (w *world) clientOf(server, name string) *v1alpha1.ClientCredential {
	clientCredential := w.clientCredential(name)
	clientCredential.Spec.AuthorizationServer = nil
	clientCredential.Spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: server}
	return clientCredential
}

// clientOfCluster returns a ClientCredential that names a ClusterAuthorizationServer.
func (w *world) clientOfCluster(server client.Object, name string) *v1alpha1.ClientCredential {
	clientCredential := w.clientOf(server.GetName(), name)
	clientCredential.Spec.AuthorizationServerRef.Kind = v1alpha1.AuthorizationServerCluster
	return clientCredential
}

// renew requests a renewal. A second call changes nothing.
func (w *world) renew(ctx SpecContext, name string) {
	GinkgoHelper()
	edit(ctx, w.clientCredential(name), func(c *v1alpha1.ClientCredential) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.RenewRequestedAtAnnotation, "now")
	})
}

func create(ctx SpecContext, objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(apiServer.Create(ctx, object)).To(Succeed())
	}
}

// createLater creates younger in a later second than older, because creation times have whole seconds.
func createLater(ctx SpecContext, older, younger client.Object) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		attempt, ok := younger.DeepCopyObject().(client.Object)
		g.Expect(ok).To(BeTrue())
		g.Expect(apiServer.Create(ctx, attempt, client.DryRunAll)).To(Succeed())
		g.Expect(attempt.GetCreationTimestamp().Time).To(BeTemporally(">", older.GetCreationTimestamp().Time))
	}).Should(Succeed())
	create(ctx, younger)
}

// edit reads an object from the API server, changes it and patches it.
func edit[T client.Object](ctx SpecContext, object T, change func(T)) {
	GinkgoHelper()
	Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
	before, ok := object.DeepCopyObject().(client.Object)
	Expect(ok).To(BeTrue())
	change(object)
	Expect(apiServer.Patch(ctx, object, client.MergeFrom(before))).To(Succeed())
}
