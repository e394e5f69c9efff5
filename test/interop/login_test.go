//go:build interop

package interop_test

import (
	"maps"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/interop/provider"
	"github.com/tokensync/tokensync/test/matchers"
)

// login holds the objects that a user creates to get a token for a client.
type login struct {
	at *provider.Provider
	// bundle holds the provider's authority; nil means no bundle.
	bundle           *corev1.ConfigMap
	credentials      *corev1.Secret
	clientCredential *v1alpha1.ClientCredential
}

// loginOf returns a login without errors. Its objects are not in the cluster yet.
func loginOf(clientID, namespace string, at *provider.Provider) *login {
	GinkgoHelper()
	metadata := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	l := &login{
		at:          at,
		bundle:      &corev1.ConfigMap{ObjectMeta: metadata("authorities"), Data: map[string]string{"ca.crt": string(at.Authority.PEM())}},
		credentials: &corev1.Secret{ObjectMeta: metadata("credentials")},
		clientCredential: &v1alpha1.ClientCredential{
			ObjectMeta: metadata("shop"),
			Spec: v1alpha1.ClientCredentialSpec{
				AuthorizationServer: &v1alpha1.AuthorizationServerSpec{
					TokenEndpoint: at.TokenEndpoint,
					TLS:           &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: "authorities"}},
				},
				CredentialsRef: &v1alpha1.CredentialsReference{Name: "credentials"},
			},
		},
	}
	l.credentials.Labels = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}
	l.as(clientID)
	return l
}

// as turns the login into a login of another client.
func (l *login) as(clientID string) {
	GinkgoHelper()
	known, ok := clients[clientID]
	Expect(ok).To(BeTrue(), "there is no client "+clientID)
	l.credentials.Data = map[string][]byte{}
	l.give(known.credentials)
	server := l.server()
	server.ClientAuthentication = known.authentication()
	_, certificate := known.credentials["tls.crt"]
	if certificate && known.TLSSubjectDN == "" {
		server.TLS.ClientCertificate = v1alpha1.ClientCertificateFromCredentials
	}
}

// give replaces the credentials under the given keys.
func (l *login) give(credentials map[string]string) {
	for key, value := range credentials {
		l.credentials.Data[key] = []byte(value)
	}
}

// server returns the declaration of the provider.
func (l *login) server() *v1alpha1.AuthorizationServerSpec {
	return l.clientCredential.Spec.AuthorizationServer
}

// byIssuer declares the issuer, so that the operator discovers the endpoints.
func (l *login) byIssuer(issuer string) {
	l.server().TokenEndpoint, l.server().Issuer = "", issuer
}

// assertion returns the declaration of the JWT that authenticates the client.
func (l *login) assertion() *v1alpha1.Assertion {
	declared := l.server().ClientAuthentication
	if declared.Assertion == nil {
		declared.Assertion = &v1alpha1.Assertion{}
	}
	return declared.Assertion
}

// put creates the objects in the cluster, or updates the existing objects.
func (l *login) put(ctx SpecContext) {
	GinkgoHelper()
	objects := []client.Object{l.credentials, l.clientCredential}
	if l.bundle != nil {
		objects = append([]client.Object{l.bundle}, objects...)
	}
	for _, object := range objects {
		err := apiServer.Create(ctx, object)
		if apierrors.IsAlreadyExists(err) {
			// The operator may write the status at the same time.
			err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
				there := object.DeepCopyObject().(client.Object)
				if err := apiServer.Get(ctx, client.ObjectKeyFromObject(object), there); err != nil {
					return err
				}
				object.SetResourceVersion(there.GetResourceVersion())
				return apiServer.Update(ctx, object)
			})
		}
		Expect(err).NotTo(HaveOccurred())
	}
}

// now returns the current ClientCredential in the cluster.
func (l *login) now(ctx SpecContext, g Gomega) *v1alpha1.ClientCredential {
	clientCredential := &v1alpha1.ClientCredential{}
	g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(l.clientCredential), clientCredential)).To(Succeed())
	return clientCredential
}

// eventuallyReady waits for a token, and returns the Secret that holds it.
func (l *login) eventuallyReady(ctx SpecContext) *corev1.Secret {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		found := l.now(ctx, g)
		g.Expect(found.Status.ObservedGeneration).To(HaveValue(Equal(found.Generation)))
		g.Expect(found.Status.LastHandledRenewRequest).To(Equal(found.Annotations[v1alpha1.RenewRequestedAtAnnotation]))
		g.Expect(found.Status.Conditions).To(And(HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued")))
	}).Should(Succeed())
	return l.token(ctx, Default)
}

// token returns the Secret that holds the token.
func (l *login) token(ctx SpecContext, g Gomega) *corev1.Secret {
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: l.clientCredential.Namespace, Name: l.clientCredential.TargetName()}
	g.Expect(apiServer.Get(ctx, key, secret)).To(Succeed())
	return secret
}

// renew requests a new token by the annotation, and waits for it.
func (l *login) renew(ctx SpecContext) *corev1.Secret {
	GinkgoHelper()
	before := l.token(ctx, Default)
	l.requestRenewal(ctx)
	after := l.eventuallyReady(ctx)
	Expect(after.Data["access_token"]).NotTo(Equal(before.Data["access_token"]))
	return after
}

func (l *login) requestRenewal(ctx SpecContext) {
	GinkgoHelper()
	found := l.now(ctx, Default)
	before := found.DeepCopy()
	annotations := maps.Clone(found.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	count, _ := strconv.Atoi(annotations[v1alpha1.RenewRequestedAtAnnotation])
	annotations[v1alpha1.RenewRequestedAtAnnotation] = strconv.Itoa(count + 1)
	found.Annotations = annotations
	Expect(apiServer.Patch(ctx, found, client.MergeFrom(before))).To(Succeed())
}

// expectActive introspects the token in a Secret (RFC 7662), and returns its claims.
func (l *login) expectActive(ctx SpecContext, secret *corev1.Secret) map[string]any {
	GinkgoHelper()
	active, claims, err := l.at.Introspect(ctx, string(secret.Data["access_token"]))
	Expect(err).NotTo(HaveOccurred())
	Expect(active).To(BeTrue(), "the token is not active")
	Expect(claims).To(HaveKeyWithValue("client_id", string(l.credentials.Data["client_id"])))
	return claims
}

// outcomes returns the errors of the client's token requests so far. An empty error means a token.
func (l *login) outcomes() []string {
	outcomes := []string{}
	for _, exchange := range l.at.Exchanges(string(l.credentials.Data["client_id"])) {
		outcomes = append(outcomes, exchange.Error)
	}
	return outcomes
}

// use makes the ClientCredential refer to a declaration in another object.
func (l *login) use(kind v1alpha1.AuthorizationServerKind, name string) {
	l.clientCredential.Spec.AuthorizationServer = nil
	l.clientCredential.Spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Kind: kind, Name: name}
}
