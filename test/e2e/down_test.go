//go:build e2e

package e2e_test

import (
	"context"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scaleOperator changes the number of replicas, and waits until they run.
func scaleOperator(ctx context.Context, replicas int) {
	GinkgoHelper()
	kubectl(ctx, "scale", "deployment", deploymentName, "--namespace", operatorNamespace, "--replicas", strconv.Itoa(replicas))
	awaitOperator(ctx)
}

func whileDown() {
	var plain, revoking string

	BeforeAll(func(ctx SpecContext) {
		plain, revoking = newNamespace(ctx), newNamespace(ctx)
		createClientCredential(ctx, plain, "plain")
		awaitToken(ctx, plain, "plain")
		createRevokingClientCredential(ctx, revoking, "revoking")
		scaleOperator(ctx, 0)
	})
	AfterAll(func(ctx SpecContext) { scaleOperator(ctx, 2) })

	It("the deletion of a namespace completes", func(ctx SpecContext) {
		kubectl(ctx, "delete", "namespace", plain, "--timeout=90s")
	})

	Describe("a second release", namespacedRelease)

	It("the deletion of a namespace with tokens to revoke waits, and completes when the operator runs again", func(ctx SpecContext) {
		kubectl(ctx, "delete", "namespace", revoking, "--wait=false")
		scaleOperator(ctx, 2)
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: revoking}}
		Eventually(gone(ctx, namespace)).WithContext(ctx).WithTimeout(2 * time.Minute).Should(BeTrue())
		expectAtWork(ctx)
	})
}
