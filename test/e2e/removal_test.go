//go:build e2e

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// expectOnlyOperatorGone expects that a removal deleted the operator, but not the CRDs and the objects
// of users.
func expectOnlyOperatorGone(ctx context.Context) {
	GinkgoHelper()
	meta := metav1.ObjectMeta{Namespace: operatorNamespace, Name: deploymentName}
	Eventually(gone(ctx, &appsv1.Deployment{ObjectMeta: meta})).WithContext(ctx).Should(BeTrue())
	Eventually(func() []corev1.Pod { return operatorPods(ctx) }).WithContext(ctx).Should(BeEmpty())
	Expect(bindings(ctx, operatorNamespace, serviceAccount)).To(BeEmpty())
	Expect(installedDefinitions(ctx)).To(HaveLen(3))
	for _, definition := range installedDefinitions(ctx) {
		Expect(definition.DeletionTimestamp).To(BeNil(), definition.Name)
	}
	Expect(clientCredentials(ctx)).To(ContainElement(HaveField("Name", longLived)))
	expectLongLivedTokenKept(ctx)
}

func removal() {
	It("by helm leaves the ClientCredentials and the token Secrets, and a new installation renews nothing", func(ctx SpecContext) {
		expectNothingForbidden(ctx)
		helm(ctx, "uninstall", release, "--namespace", operatorNamespace, "--wait")
		expectOnlyOperatorGone(ctx)

		install(ctx, environment.nextImage)
		expectAtWork(ctx)
		helm(ctx, "uninstall", release, "--namespace", operatorNamespace, "--wait")
		expectOnlyOperatorGone(ctx)
	})

	It("by kustomize leaves the ClientCredentials and the token Secrets", func(ctx SpecContext) {
		runMake := func(target string) {
			GinkgoHelper()
			output, err := script(ctx, suiteNamespace, "make "+target+" IMG="+environment.nextImage)
			Expect(err).NotTo(HaveOccurred(), output)
		}
		runMake("deploy")
		awaitOperator(ctx)
		expectAtWork(ctx)
		expectNothingForbidden(ctx)
		runMake("undeploy")
		expectOnlyOperatorGone(ctx)
	})
}
