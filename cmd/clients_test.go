package main

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// createClients creates a ClientCredential for each way to name an authorization server: inline, shared
// and of-cluster. They are deleted after the test.
func createClients(ctx SpecContext, server *authserver.Server, namespace string) {
	GinkgoHelper()
	inline := inlineServer(server)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "client", Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}},
		StringData: map[string]string{"client_id": "shop", "client_secret": "s3cr3t"},
	}
	for _, object := range []client.Object{
		secret,
		&v1alpha1.AuthorizationServer{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "idp"}, Spec: *inline.AuthorizationServer},
		clientOf(namespace, "inline", inline),
		clientOf(namespace, "shared", v1alpha1.ClientCredentialSpec{
			AuthorizationServerRef: &v1alpha1.AuthorizationServerReference{Name: "idp"},
		}),
		clientOf(namespace, "of-cluster", v1alpha1.ClientCredentialSpec{
			AuthorizationServerRef: &v1alpha1.AuthorizationServerReference{Kind: v1alpha1.AuthorizationServerCluster, Name: "idp"},
		}),
	} {
		DeferCleanup(func(ctx SpecContext) {
			Expect(apiServer.DeleteAllOf(ctx, object, client.InNamespace(namespace))).To(Succeed())
		})
		Expect(apiServer.Create(ctx, object)).To(Succeed())
	}
}

func inlineServer(server *authserver.Server) v1alpha1.ClientCredentialSpec {
	return v1alpha1.ClientCredentialSpec{AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: server.URL + authserver.RFC6749Path}}
}

func clientOf(namespace, name string, spec v1alpha1.ClientCredentialSpec) *v1alpha1.ClientCredential {
	spec.CredentialsRef = &v1alpha1.CredentialsReference{Name: "client"}
	return &v1alpha1.ClientCredential{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: spec}
}

func eventuallySays(ctx SpecContext, namespace, name string, condition types.GomegaMatcher) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		found := &v1alpha1.ClientCredential{}
		g.Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, found)).To(Succeed())
		g.Expect(found.Status.Conditions).To(condition)
	}).WithTimeout(20 * time.Second).Should(Succeed())
}
