//go:build e2e

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/test/controlplane"
)

// suiteLabel is on each namespace that the suite creates. The suite may remove these namespaces.
const suiteLabel = "e2e.tokensync.dev/suite"

func connect() {
	GinkgoHelper()
	var err error
	restConfig, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	Expect(err).NotTo(HaveOccurred(), "KUBECONFIG selects no cluster")
	restConfig.QPS = -1
	apiServer, err = client.New(restConfig, client.Options{Scheme: controlplane.Scheme()})
	Expect(err).NotTo(HaveOccurred(), "the cluster of KUBECONFIG does not answer")
	clientset, err = kubernetes.NewForConfig(restConfig)
	Expect(err).NotTo(HaveOccurred())
}

// namespace returns a namespace with the Pod Security level restricted.
func namespace(meta metav1.ObjectMeta) *corev1.Namespace {
	meta.Labels = map[string]string{suiteLabel: "true", "pod-security.kubernetes.io/enforce": "restricted"}
	return &corev1.Namespace{ObjectMeta: meta}
}

// createNamespace creates a namespace that exists until the suite ends.
func createNamespace(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(apiServer.Create(ctx, namespace(metav1.ObjectMeta{Name: name}))).To(Succeed())
}

// newNamespace creates a namespace for one spec.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	made := namespace(metav1.ObjectMeta{GenerateName: "tokensync-e2e-"})
	Expect(apiServer.Create(ctx, made)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(apiServer.Delete(ctx, made))).To(Succeed())
	})
	return made.Name
}

// gone reports whether an object no longer exists.
func gone(ctx context.Context, object client.Object) func() (bool, error) {
	return func() (bool, error) {
		err := apiServer.Get(ctx, client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	}
}
