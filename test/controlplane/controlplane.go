// Package controlplane starts the API server that a test suite uses.
package controlplane

import (
	"context"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Start starts an etcd and a kube-apiserver with the CRDs of this project, and stops them when the
// suite ends. root is the folder of the repository. configure sets flags of the kube-apiserver. The
// client has no cache.
func Start(root string, configure ...func(*envtest.Arguments)) (*envtest.Environment, client.Client) {
	GinkgoHelper()
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	for _, configure := range configure {
		configure(environment.ControlPlane.GetAPIServer().Configure())
	}
	config, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(environment.Stop)
	apiServer, err := client.New(config, client.Options{Scheme: Scheme()})
	Expect(err).NotTo(HaveOccurred())
	return environment, apiServer
}

// Scheme returns a scheme with the kinds of Kubernetes and of this project.
func Scheme() *runtime.Scheme {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	return scheme
}

// NewNamespace creates a namespace for one test.
func NewNamespace(ctx context.Context, apiServer client.Client) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	Expect(apiServer.Create(ctx, namespace)).To(Succeed())
	return namespace.Name
}
