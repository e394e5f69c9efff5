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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var (
	// shortLivedHistory holds the writes of the Secret whose token the workload uses.
	shortLivedHistory *history
	// longLivedWrite is the only write of the Secret with the long-lived token.
	longLivedWrite write
	// workloadStart is the time when the workload got its first response.
	workloadStart time.Time
)

var workload = metav1.ObjectMeta{Namespace: suiteNamespace, Name: "workload"}

// startWorkload creates the two ClientCredentials that exist throughout the suite, and a Pod that uses
// the token of shortLived.
func startWorkload(ctx context.Context) {
	GinkgoHelper()
	createClientCredential(ctx, suiteNamespace, shortLived)
	createClientCredential(ctx, suiteNamespace, longLived)
	awaitToken(ctx, suiteNamespace, shortLived)
	shortLivedHistory = watchSecret(ctx, client.ObjectKey{Namespace: suiteNamespace, Name: shortLived + "-token"})
	awaitToken(ctx, suiteNamespace, longLived)
	longLivedWrite = currentWrite(ctx, longLived)
	apply(ctx, suiteNamespace, "workload.yaml", "BUSYBOX_IMG", environment.busybox)
	Eventually(func() []call { return calls(ctx) }).WithContext(ctx).WithTimeout(2 * time.Minute).ShouldNot(BeEmpty())
	workloadStart = time.Now()
}

func currentWrite(ctx context.Context, name string) write {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: suiteNamespace, Name: name + "-token"}, secret)).To(Succeed())
	return writeOf(secret)
}

// expectLongLivedTokenKept expects that the long-lived token was not requested again and that its
// Secret was not written.
func expectLongLivedTokenKept(ctx context.Context) {
	GinkgoHelper()
	Expect(currentWrite(ctx, longLived)).To(Equal(longLivedWrite), "the Secret whose token lives for a day")
	Expect(requests(ctx, longLived)).To(Equal(1), "token requests for a token that lives for a day")
}

// expectAtWork expects that the operator works: it must observe a change of a spec, without a renewal.
func expectAtWork(ctx context.Context) {
	GinkgoHelper()
	credential := &v1alpha1.ClientCredential{}
	key := client.ObjectKey{Namespace: suiteNamespace, Name: longLived}
	Expect(apiServer.Get(ctx, key, credential)).To(Succeed())
	percentage := 10 + credential.Generation%20
	patch := fmt.Appendf(nil, `{"spec":{"renewBeforePercentage":%d}}`, percentage)
	Expect(apiServer.Patch(ctx, credential, client.RawPatch("application/merge-patch+json", patch))).To(Succeed())
	wanted := credential.Generation
	Eventually(func(g Gomega) {
		g.Expect(apiServer.Get(ctx, key, credential)).To(Succeed())
		g.Expect(credential.Status.ObservedGeneration).To(HaveValue(Equal(wanted)))
	}).WithContext(ctx).Should(Succeed())
	expectLongLivedTokenKept(ctx)
}

// awaitYoungToken waits until the workload's token is new. The test then ends before the next renewal
// is due, so the test must cause no token request.
func awaitYoungToken(ctx context.Context) {
	GinkgoHelper()
	Eventually(func() time.Duration { return time.Since(currentWrite(ctx, shortLived).issuedAt) }).WithContext(ctx).
		WithTimeout(environment.tokenLifetime).Should(BeNumerically("<", environment.tokenLifetime/5))
}

// call is the workload's output for one call of the API.
type call struct{ status, token string }

// calls returns the calls that the workload has made.
func calls(ctx context.Context) []call {
	GinkgoHelper()
	log, err := clientset.CoreV1().Pods(workload.Namespace).GetLogs(workload.Name, &corev1.PodLogOptions{}).DoRaw(ctx)
	if err != nil {
		return nil // The Pod is starting.
	}
	made := []call{}
	for line := range strings.Lines(string(log)) {
		if strings.HasSuffix(line, "\n") {
			status, token, _ := strings.Cut(strings.TrimSpace(line), " ")
			made = append(made, call{status: status, token: token})
		}
	}
	return made
}

func threeLifetimes() {
	It("uses the API for three lifetimes with each new token, and is never refused", func(ctx SpecContext) {
		period := 3 * environment.tokenLifetime
		Eventually(func() time.Duration { return time.Since(workloadStart) }).WithContext(ctx).
			WithTimeout(period + time.Minute).WithPolling(time.Second).Should(BeNumerically(">=", period))

		made, tokens := calls(ctx), map[string]bool{}
		// A call takes up to about two seconds on a busy machine.
		Expect(len(made)).To(BeNumerically(">", int(period.Seconds()/3)))
		for i, one := range made {
			Expect(one.status).To(Equal("200"), "call %d of %d, with token %s", i+1, len(made), one.token)
			tokens[one.token] = true
		}
		Expect(len(tokens)).To(BeNumerically(">", 3), "different tokens in three lifetimes")
		shortLivedHistory.expectDueOnly(ctx, shortLived)
		AddReportEntry("calls", fmt.Sprintf("%d calls with %d tokens", len(made), len(tokens)))

		By("ending the workload")
		Expect(apiServer.Delete(ctx, &corev1.Pod{ObjectMeta: workload})).To(Succeed())
		Expect(apiServer.Delete(ctx, &v1alpha1.ClientCredential{
			ObjectMeta: metav1.ObjectMeta{Namespace: suiteNamespace, Name: shortLived},
		})).To(Succeed())
	})
}
