package recovery_test

import (
	"context"
	"encoding/pem"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// change reads an object from the API server, edits it and patches it.
func change[T client.Object](ctx context.Context, object T, namespace, name string, edit func(T)) {
	GinkgoHelper()
	Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)).To(Succeed())
	before, ok := object.DeepCopyObject().(client.Object)
	Expect(ok).To(BeTrue())
	edit(object)
	Expect(apiServer.Patch(ctx, object, client.MergeFrom(before))).To(Succeed())
}

func (a *actor) changeSpec(ctx context.Context, edit func(*v1alpha1.ClientCredentialSpec)) {
	GinkgoHelper()
	change(ctx, &v1alpha1.ClientCredential{}, a.namespace, a.name, func(c *v1alpha1.ClientCredential) { edit(&c.Spec) })
}

func (a *actor) metadata(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: a.namespace, Name: name}
}

// credentials returns the credentials Secret.
func (a *actor) credentials() *corev1.Secret {
	metadata := a.metadata(a.credentialsName())
	metadata.Labels = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}
	return &corev1.Secret{ObjectMeta: metadata, Data: map[string][]byte{"client_id": []byte(a.name), "client_secret": []byte(a.secret())}}
}

func createCredentials(ctx context.Context, a *actor) {
	GinkgoHelper()
	Expect(apiServer.Create(ctx, a.credentials())).To(Succeed())
}

func createCredentialsWithoutSecret(ctx context.Context, a *actor) {
	GinkgoHelper()
	secret := a.credentials()
	delete(secret.Data, "client_secret")
	Expect(apiServer.Create(ctx, secret)).To(Succeed())
}

func createCredentialsWithoutLabel(ctx context.Context, a *actor) {
	GinkgoHelper()
	secret := a.credentials()
	secret.Labels = nil
	Expect(apiServer.Create(ctx, secret)).To(Succeed())
}

// completeCredentials sets the labels and the data of the credentials Secret.
func completeCredentials(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &corev1.Secret{}, a.namespace, a.credentialsName(), func(s *corev1.Secret) {
		s.Labels, s.Data = a.credentials().Labels, a.credentials().Data
	})
}

func createServer(ctx context.Context, a *actor) {
	GinkgoHelper()
	Expect(apiServer.Create(ctx, &v1alpha1.AuthorizationServer{
		ObjectMeta: a.metadata(a.name), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: a.tokenEndpoint()},
	})).To(Succeed())
}

// bundleName returns the name of the ConfigMap with the authorities of the server.
func (a *actor) bundleName() string { return a.name + "-authorities" }

func createBundle(ctx context.Context, a *actor) {
	GinkgoHelper()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	Expect(apiServer.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: a.metadata(a.bundleName()), Data: map[string]string{v1alpha1.DefaultCABundleKey: string(certificate)},
	})).To(Succeed())
}

// createTarget creates a foreign Secret with the name of the token Secret.
func createTarget(ctx context.Context, a *actor) {
	GinkgoHelper()
	Expect(apiServer.Create(ctx, &corev1.Secret{ObjectMeta: a.metadata(a.tokenName())})).To(Succeed())
}

func deleteTarget(ctx context.Context, a *actor) {
	GinkgoHelper()
	Expect(apiServer.Delete(ctx, &corev1.Secret{ObjectMeta: a.metadata(a.tokenName())})).To(Succeed())
}

func correctProfile(ctx context.Context, a *actor) {
	GinkgoHelper()
	a.changeSpec(ctx, func(spec *v1alpha1.ClientCredentialSpec) { spec.AuthorizationServer.Profile = "RFC6749" })
}

func correctEndpoint(ctx context.Context, a *actor) {
	GinkgoHelper()
	a.changeSpec(ctx, func(spec *v1alpha1.ClientCredentialSpec) { spec.AuthorizationServer.TokenEndpoint = a.tokenEndpoint() })
}

// requestRenewal requests a renewal by annotation.
func requestRenewal(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &v1alpha1.ClientCredential{}, a.namespace, a.name, func(c *v1alpha1.ClientCredential) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.RenewRequestedAtAnnotation, "now")
	})
}

// openServer makes the server listen.
func openServer(ctx context.Context, a *actor) { a.listener.open(ctx) }

// restartOperator restarts the operator of all scenarios of the table.
func restartOperator(_ context.Context, a *actor) { a.restart() }

// jump returns an event that makes the clock of all scenarios of the table jump. Timers do not jump.
func jump(by time.Duration) func(context.Context, *actor) {
	return func(_ context.Context, a *actor) {
		a.jumpedAt, a.jumpedBy = a.since(), by
		a.clock.Jump(by)
	}
}
