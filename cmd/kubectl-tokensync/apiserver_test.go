package main

import (
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/controlplane"
)

var (
	apiServer client.Client
	// kubeconfig is the path of an administrator's kubeconfig, and cacheDir the folder of
	// the plugin's discovery cache.
	kubeconfig, cacheDir string
)

var _ = BeforeSuite(func() {
	environment, uncached := controlplane.Start(filepath.Join("..", ".."))
	apiServer = uncached
	folder, err := os.MkdirTemp("", "kubectl-tokensync-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, folder)
	kubeconfig, cacheDir = filepath.Join(folder, "kubeconfig"), filepath.Join(folder, "cache")
	Expect(os.WriteFile(kubeconfig, environment.KubeConfig, 0o600)).To(Succeed())
})

// newNamespace creates a namespace for one test.
func newNamespace(ctx SpecContext) string {
	GinkgoHelper()
	return controlplane.NewNamespace(ctx, apiServer)
}

// inCluster runs a command line against the API server.
func inCluster(ctx SpecContext, namespace string, arguments ...string) outcome {
	GinkgoHelper()
	return command(ctx, "", append(arguments, "--kubeconfig", kubeconfig, "--cache-dir", cacheDir, "--namespace", namespace)...)
}

// create creates a ClientCredential. If the changes set a status, it writes the status too.
func create(ctx SpecContext, namespace, name string, changes ...func(*v1alpha1.ClientCredential)) *v1alpha1.ClientCredential {
	GinkgoHelper()
	cc := &v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ClientCredentialSpec{
			AuthorizationServerRef: &v1alpha1.AuthorizationServerReference{Name: "idp"},
			CredentialsRef:         &v1alpha1.CredentialsReference{Name: "my-client"},
		},
	}
	for _, change := range changes {
		change(cc)
	}
	wanted := cc.Status
	Expect(apiServer.Create(ctx, cc)).To(Succeed())
	if wanted.ObservedGeneration == nil {
		return cc
	}
	cc.Status = wanted
	Expect(apiServer.Status().Update(ctx, cc)).To(Succeed())
	return cc
}

// ready returns a change to the status of a ClientCredential whose token has this lifetime.
func ready(lifetime time.Duration) func(*v1alpha1.ClientCredential) {
	return func(cc *v1alpha1.ClientCredential) {
		now := time.Now()
		cc.Status.ObservedGeneration = ptr.To[int64](1)
		cc.Status.Token = &v1alpha1.TokenStatus{
			SecretName: cc.TargetName(),
			IssuedAt:   metav1.NewTime(now.Add(-10 * time.Minute)),
			RenewAt:    metav1.NewTime(now.Add(lifetime / 2)),
			ExpiresAt:  metav1.NewTime(now.Add(lifetime)),
		}
		cc.Status.Conditions, cc.Status.Failure = nil, nil
		setCondition(cc, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonTokenIssued)
	}
}

// stalled returns a change to the status of a ClientCredential that is Stalled and has no token.
func stalled(reason string) func(*v1alpha1.ClientCredential) {
	return func(cc *v1alpha1.ClientCredential) {
		cc.Status.ObservedGeneration = ptr.To[int64](1)
		cc.Status.Token, cc.Status.Conditions = nil, nil
		setCondition(cc, v1alpha1.ReadyCondition, metav1.ConditionFalse, reason)
		setCondition(cc, v1alpha1.StalledCondition, metav1.ConditionTrue, reason)
	}
}

func setCondition(cc *v1alpha1.ClientCredential, conditionType string, status metav1.ConditionStatus, reason string) {
	meta.SetStatusCondition(&cc.Status.Conditions, metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: "message of " + reason,
	})
}

func labelled(cc *v1alpha1.ClientCredential) { cc.Labels = map[string]string{"team": "shop"} }

func suspended(cc *v1alpha1.ClientCredential) { cc.Spec.Suspend = ptr.To(true) }

// get reads a ClientCredential.
func get(ctx SpecContext, namespace, name string) *v1alpha1.ClientCredential {
	GinkgoHelper()
	cc := &v1alpha1.ClientCredential{}
	Expect(apiServer.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, cc)).To(Succeed())
	return cc
}

// requestOf returns the value of the annotation that requests a renewal.
func requestOf(ctx SpecContext, namespace, name string) string {
	GinkgoHelper()
	return get(ctx, namespace, name).Annotations[v1alpha1.RenewRequestedAtAnnotation]
}
