//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// suiteNamespace is the first namespace that the suite creates and the last that it removes. If it
// exists, all tokensync objects in the cluster belong to the suite.
const suiteNamespace = "tokensync-e2e"

// installedDefinitions returns the CRDs of tokensync.
func installedDefinitions(ctx context.Context) []metav1.PartialObjectMetadata {
	GinkgoHelper()
	list, ours := &metav1.PartialObjectMetadataList{}, []metav1.PartialObjectMetadata{}
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinitionList"})
	Expect(apiServer.List(ctx, list)).To(Succeed(), "list CustomResourceDefinitions: KUBECONFIG must have administrator rights")
	for _, definition := range list.Items {
		if strings.HasSuffix(definition.Name, "."+v1alpha1.GroupVersion.Group) {
			ours = append(ours, definition)
		}
	}
	return ours
}

func clientCredentials(ctx context.Context) []v1alpha1.ClientCredential {
	GinkgoHelper()
	list := &v1alpha1.ClientCredentialList{}
	if err := apiServer.List(ctx, list); !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) {
		Expect(err).NotTo(HaveOccurred())
	}
	return list.Items
}

// suiteNamespaces returns the namespaces that the suite created.
func suiteNamespaces(ctx context.Context) map[string]corev1.Namespace {
	GinkgoHelper()
	list, byName := &corev1.NamespaceList{}, map[string]corev1.Namespace{}
	Expect(apiServer.List(ctx, list, client.HasLabels{suiteLabel})).To(Succeed())
	for _, item := range list.Items {
		byName[item.Name] = item
	}
	return byName
}

// refuseForeignCluster fails if the cluster has a tokensync installation that the suite did not create,
// because the suite would remove it.
func refuseForeignCluster(ctx context.Context) {
	GinkgoHelper()
	ours := suiteNamespaces(ctx)
	if _, leftover := ours[suiteNamespace]; leftover {
		for _, credential := range clientCredentials(ctx) {
			if _, made := ours[credential.Namespace]; !made {
				refuse("the ClientCredential %s/%s, which they did not create", credential.Namespace, credential.Name)
			}
		}
		return
	}
	for _, definition := range installedDefinitions(ctx) {
		refuse("the CustomResourceDefinition %s", definition.Name)
	}
	for _, name := range installationNamespaces {
		err := apiServer.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{})
		if !apierrors.IsNotFound(err) {
			Expect(err).NotTo(HaveOccurred())
			refuse("the namespace %s", name)
		}
	}
}

func refuse(what string, arguments ...any) {
	AbortSuite("These tests would remove " + fmt.Sprintf(what, arguments...) + ": use a cluster without tokensync.")
}

// removeEverything removes the objects of the suite, even if an interrupted run left them.
func removeEverything(ctx context.Context) {
	GinkgoHelper()
	if _, started := suiteNamespaces(ctx)[suiteNamespace]; !started {
		return
	}
	helm(ctx, "uninstall", tenantRelease, "--namespace", tenantNamespace, "--ignore-not-found", "--wait")
	uninstall(ctx)
	// Without the operator, no controller removes these finalizers or adds them again.
	for _, credential := range clientCredentials(ctx) {
		if len(credential.Finalizers) == 0 {
			continue
		}
		patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`))
		Expect(client.IgnoreNotFound(apiServer.Patch(ctx, &credential, patch))).To(Succeed())
	}
	releaseSecrets(ctx)
	removeInstalled(ctx)
	// Kustomize installed these objects.
	for _, kind := range []client.Object{&rbacv1.ClusterRole{}, &rbacv1.ClusterRoleBinding{}} {
		Expect(apiServer.DeleteAllOf(ctx, kind, client.MatchingLabels{"app.kubernetes.io/name": "tokensync"})).To(Succeed())
	}
	left := suiteNamespaces(ctx)
	marker := left[suiteNamespace]
	delete(left, suiteNamespace)
	for _, namespace := range left {
		removeNamespace(ctx, &namespace)
	}
	removeNamespace(ctx, &marker)
}

// releaseSecrets removes the operator's finalizer from Secrets.
func releaseSecrets(ctx context.Context) {
	GinkgoHelper()
	secrets := &corev1.SecretList{}
	Expect(apiServer.List(ctx, secrets)).To(Succeed())
	for i := range secrets.Items {
		if secret := &secrets.Items[i]; controllerutil.RemoveFinalizer(secret, v1alpha1.RevokeTokenFinalizer) {
			patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`))
			Expect(client.IgnoreNotFound(apiServer.Patch(ctx, secret, patch))).To(Succeed())
		}
	}
}

func removeNamespace(ctx context.Context, namespace *corev1.Namespace) {
	GinkgoHelper()
	Expect(client.IgnoreNotFound(apiServer.Delete(ctx, namespace))).To(Succeed())
	Eventually(gone(ctx, namespace)).WithContext(ctx).WithTimeout(2*time.Minute).Should(BeTrue(), "namespace %s", namespace.Name)
}
