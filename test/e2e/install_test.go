//go:build e2e

package e2e_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	release           = "tokensync"
	operatorNamespace = "tokensync-system"
	deploymentName    = "tokensync-controller-manager"
)

// install installs the operator with its chart, or upgrades it, and waits until it is ready.
func install(ctx context.Context, image string, arguments ...string) {
	GinkgoHelper()
	helm(ctx, slices.Concat([]string{
		"upgrade", "--install", release, filepath.Join("charts", "tokensync"), "--namespace", operatorNamespace,
	}, valuesFor(image), arguments)...)
	awaitOperator(ctx)
}

// valuesFor returns the helm arguments that all releases of the suite share.
func valuesFor(image string) []string {
	repository, tag := splitImage(image)
	return []string{
		"--values", filepath.Join("test", "e2e", "testdata", "values.yaml"),
		"--set", "image.repository=" + repository, "--set-string", "image.tag=" + tag,
		"--wait", "--timeout", "3m",
	}
}

// awaitOperator waits until all replicas of the Deployment run, and no other Pods of the operator.
func awaitOperator(ctx context.Context) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		deployment := &appsv1.Deployment{}
		g.Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: deploymentName}, deployment)).To(Succeed())
		g.Expect(deployment.Status.ObservedGeneration).To(Equal(deployment.Generation))
		g.Expect(deployment.Status.UpdatedReplicas).To(Equal(*deployment.Spec.Replicas))
		g.Expect(deployment.Status.AvailableReplicas).To(Equal(*deployment.Spec.Replicas))
		g.Expect(operatorPods(ctx)).To(HaveLen(int(*deployment.Spec.Replicas)))
	}).WithContext(ctx).WithTimeout(3 * time.Minute).Should(Succeed())
}

func operatorPods(ctx context.Context) []corev1.Pod { return podsOf(ctx, operatorNamespace) }

// podsOf returns the operator's Pods in a namespace.
func podsOf(ctx context.Context, namespace string) []corev1.Pod {
	GinkgoHelper()
	list := &corev1.PodList{}
	Expect(apiServer.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{
		"app.kubernetes.io/name": "tokensync", "app.kubernetes.io/component": "controller",
	})).To(Succeed())
	return list.Items
}

// expectNothingForbidden expects that the API server refused no request of an operator's
// ServiceAccount: the shipped roles must grant every right that the operator needs.
func expectNothingForbidden(ctx context.Context) {
	GinkgoHelper()
	for pod, log := range operatorLogs(ctx) {
		for line := range strings.Lines(log) {
			// In a namespace that is being deleted, nothing can be created.
			if !strings.Contains(line, "because it is being terminated") {
				Expect(line).NotTo(ContainSubstring("forbidden"), "the log of %s", pod)
			}
		}
	}
}

// operatorLogs returns the logs of all running operators by Pod. It tries again if a Pod ends in the
// meantime.
func operatorLogs(ctx context.Context) (logs map[string]string) {
	GinkgoHelper()
	Eventually(func() error {
		logs = map[string]string{}
		for _, pod := range podsOf(ctx, metav1.NamespaceAll) {
			if pod.Status.Phase != corev1.PodRunning || !pod.DeletionTimestamp.IsZero() {
				continue
			}
			log, err := clientset.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{}).DoRaw(ctx)
			if err != nil {
				return err
			}
			logs[pod.Name] = string(log)
		}
		return nil
	}).WithContext(ctx).Should(Succeed())
	return logs
}

func installation() {
	It("runs in a namespace with Pod Security restricted", func(ctx SpecContext) {
		Expect(operatorPods(ctx)).To(HaveLen(2))
		privileged := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "privileged"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: environment.busybox}}},
		}
		Expect(apiServer.Create(ctx, privileged, client.DryRunAll)).To(MatchError(ContainSubstring(`violates PodSecurity "restricted`)))
	})

	rights()
}
