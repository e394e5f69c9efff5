package hostile_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/matchers"
)

// tenant can do anything in one namespace.
type tenant struct{ namespace string }

func newTenant(ctx context.Context) *tenant {
	GinkgoHelper()
	return &tenant{namespace: controlplane.NewNamespace(ctx, apiServer)}
}

func (t *tenant) metadata(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: t.namespace, Name: name}
}

func (t *tenant) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: t.namespace, Name: name}
}

// credentials returns a credentials Secret with the label that allows its use.
func (t *tenant) credentials(name string, data map[string]string) *corev1.Secret {
	metadata := t.metadata(name)
	metadata.Labels = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}
	return &corev1.Secret{ObjectMeta: metadata, StringData: data}
}

// clientCredential returns a ClientCredential with the credentials Secret NAME-credentials.
func (t *tenant) clientCredential(name, tokenEndpoint string, change ...func(*v1alpha1.ClientCredentialSpec)) *v1alpha1.ClientCredential {
	clientCredential := &v1alpha1.ClientCredential{
		ObjectMeta: t.metadata(name),
		Spec: v1alpha1.ClientCredentialSpec{
			CredentialsRef:      &v1alpha1.CredentialsReference{Name: name + "-credentials"},
			AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: tokenEndpoint},
		},
	}
	for _, change := range change {
		change(&clientCredential.Spec)
	}
	return clientCredential
}

// requestsToken creates a ClientCredential and its credentials Secret.
func (t *tenant) requestsToken(ctx context.Context, name, tokenEndpoint string, change ...func(*v1alpha1.ClientCredentialSpec)) {
	GinkgoHelper()
	create(ctx,
		t.credentials(name+"-credentials", map[string]string{"client_id": name, "client_secret": secretOf(name)}),
		t.clientCredential(name, tokenEndpoint, change...))
}

// secretOf returns the client secret of a client.
func secretOf(client string) string { return "s3cr3t-of-" + client }

func (t *tenant) get(ctx context.Context, name string) func(Gomega) *v1alpha1.ClientCredential {
	return func(g Gomega) *v1alpha1.ClientCredential {
		clientCredential := &v1alpha1.ClientCredential{}
		g.Expect(apiServer.Get(ctx, t.key(name), clientCredential)).To(Succeed())
		return clientCredential
	}
}

func (t *tenant) secret(ctx context.Context, name string) *corev1.Secret {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(apiServer.Get(ctx, t.key(name), secret)).To(Succeed())
	return secret
}

// reports waits until the conditions of a ClientCredential match.
func (t *tenant) reports(ctx context.Context, name string, conditions ...gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	Eventually(func(g Gomega) { g.Expect(t.get(ctx, name)(g).Status.Conditions).To(And(conditions...)) }).Should(Succeed())
}

// isServed creates a ClientCredential and waits for its token. It returns how long that took.
func (t *tenant) isServed(ctx context.Context, name, tokenEndpoint string) time.Duration {
	GinkgoHelper()
	start := time.Now()
	t.requestsToken(ctx, name, tokenEndpoint)
	t.reports(ctx, name, matchers.HaveCondition("Ready", "True", "TokenIssued"))
	return time.Since(start)
}

// firstToken returns the median time that a ClientCredential waits for its first token.
func (t *tenant) firstToken(ctx context.Context, prefix string, server *authserver.Server) time.Duration {
	GinkgoHelper()
	var times []time.Duration
	for i := range 9 {
		name := fmt.Sprintf("%s-%d", prefix, i)
		server.Register(authserver.Client{ID: name, Secret: secretOf(name)})
		times = append(times, t.isServed(ctx, name, tokenEndpoint(server)))
	}
	slices.Sort(times)
	return times[len(times)/2].Round(time.Millisecond)
}

// beAsSoonAs matches a time that is at most twice the time before. Times under 100 ms count as 100 ms,
// because they depend more on the machine.
func beAsSoonAs(before time.Duration) gomegatypes.GomegaMatcher {
	return BeNumerically("<=", 2*max(before, 100*time.Millisecond))
}

func create(ctx context.Context, objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(apiServer.Create(ctx, object)).To(Succeed(), "create %T %s", object, object.GetName())
	}
}

// isGone expects that an object no longer exists.
func isGone(ctx context.Context, object client.Object) func(Gomega) {
	return func(g Gomega) {
		g.Expect(apierrors.IsNotFound(apiServer.Get(ctx, client.ObjectKeyFromObject(object), object))).To(BeTrue(), object.GetName())
	}
}

// edit changes the current version of an object in the API server.
func edit[T client.Object](ctx context.Context, object T, change func(T)) {
	GinkgoHelper()
	Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
	before, ok := object.DeepCopyObject().(client.Object)
	Expect(ok).To(BeTrue(), fmt.Sprintf("%T", object))
	change(object)
	Expect(apiServer.Patch(ctx, object, client.MergeFrom(before))).To(Succeed())
}

// allReport waits until the given number of ClientCredentials of the tenant exist, and the conditions of
// all of them match.
func (t *tenant) allReport(ctx context.Context, number int, conditions gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		list := &v1alpha1.ClientCredentialList{}
		g.Expect(apiServer.List(ctx, list, client.InNamespace(t.namespace))).To(Succeed())
		g.Expect(list.Items).To(And(HaveLen(number), HaveEach(HaveField("Status.Conditions", conditions))))
	}).WithTimeout(eventuallyIn).WithPolling(200 * time.Millisecond).Should(Succeed())
}
