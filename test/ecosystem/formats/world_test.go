package formats_test

import (
	"crypto/rand"
	"log"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// world is the environment of one test: a section of the page, applied to a namespace, and the
// authorization server of its ClientCredential.
type world struct {
	section
	namespace        string
	server           *authserver.Server
	clientCredential *v1alpha1.ClientCredential
}

// clientSecret is the secret of the client shop. Each new token invalidates the previous token.
const clientSecret = "s3cr3t-of-the-shop"

// apply applies a section unchanged, except for the namespace and the token endpoint, and waits for the
// token.
func apply(ctx SpecContext, heading string) *world {
	GinkgoHelper()
	w := &world{section: sections()[heading], namespace: newNamespace(ctx), server: authserver.New(authserver.Options{})}
	w.server.Config.ErrorLog = log.New(GinkgoWriter, "authserver: ", 0)
	w.server.Register(authserver.Client{ID: "shop", Secret: clientSecret, OneToken: true})
	DeferCleanup(w.server.Close)
	for _, object := range w.objects {
		object.SetNamespace(w.namespace)
		switch group := object.GroupVersionKind().Group; {
		case object.GetKind() == "ClientCredential":
			w.applyClientCredential(ctx, object)
		case group == corev1.GroupName:
			Expect(apiServer.Create(ctx, object.DeepCopy())).To(Succeed())
		}
	}
	Expect(w.clientCredential).NotTo(BeNil(), "a section must have a ClientCredential")
	Eventually(func(g Gomega) {
		g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(w.clientCredential), w.clientCredential)).To(Succeed())
		g.Expect(w.clientCredential.Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
	}).Should(Succeed())
	return w
}

func (w *world) applyClientCredential(ctx SpecContext, object *unstructured.Unstructured) {
	GinkgoHelper()
	Expect(w.clientCredential).To(BeNil(), "a section must have only one ClientCredential")
	w.clientCredential = typed[v1alpha1.ClientCredential](object)
	Expect(w.clientCredential.Spec.AuthorizationServer.TokenEndpoint).To(Equal("https://idp.example.com/oauth2/token"))
	Expect(unstructured.SetNestedField(object.Object, w.server.URL+authserver.RFC6749Path, "spec", "authorizationServer", "tokenEndpoint")).To(Succeed())
	Expect(apiServer.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: w.clientCredential.Spec.CredentialsRef.Name,
			Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
		},
		StringData: map[string]string{"client_id": "shop", "client_secret": clientSecret},
	})).To(Succeed())
	Expect(apiServer.Create(ctx, object.DeepCopy())).To(Succeed())
}

// secret returns the token Secret with the name that a consumer's manifest uses.
func (w *world) secret(ctx SpecContext, name string) *corev1.Secret {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(apiServer.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: name}, secret)).To(Succeed())
	Expect(secret.Data).To(HaveKey(v1alpha1.AccessTokenKey), "%s is the token Secret", name)
	return secret
}

// renew replaces the token with a new token. The old token becomes invalid.
func (w *world) renew(ctx SpecContext) {
	GinkgoHelper()
	name := w.clientCredential.TargetName()
	before := w.secret(ctx, name).Data[v1alpha1.AccessTokenKey]
	patch := client.MergeFrom(w.clientCredential.DeepCopy())
	w.clientCredential.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: rand.Text()}
	Expect(apiServer.Patch(ctx, w.clientCredential, patch)).To(Succeed())
	Eventually(func() []byte { return w.secret(ctx, name).Data[v1alpha1.AccessTokenKey] }).ShouldNot(Equal(before))
}

// follows checks that a consumer is accepted with its token, refused once a renewal has invalidated the
// token, and accepted with the new token. bring copies the current token to the consumer.
func (w *world) follows(ctx SpecContext, bring func(), use func() error, refused OmegaMatcher) {
	GinkgoHelper()
	bring()
	Expect(use()).To(Succeed())
	w.renew(ctx)
	Expect(use()).To(MatchError(refused))
	bring()
	Expect(use()).To(Succeed())
}
