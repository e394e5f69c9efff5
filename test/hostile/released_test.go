package hostile_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// refusesSecrets creates a ResourceQuota, and waits until no Secret can be created in the namespace.
func (t *tenant) refusesSecrets(ctx context.Context) *corev1.ResourceQuota {
	GinkgoHelper()
	quota := &corev1.ResourceQuota{ObjectMeta: t.metadata("no-secrets"), Spec: corev1.ResourceQuotaSpec{
		Hard: corev1.ResourceList{"count/secrets": resource.MustParse("0")},
	}}
	create(ctx, quota)
	// The control plane of the tests has no controller that does this.
	quota.Status = corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard, Used: quota.Spec.Hard}
	Expect(apiServer.Status().Update(ctx, quota)).To(Succeed())
	Eventually(func() bool {
		return apierrors.IsForbidden(apiServer.Create(ctx, &corev1.Secret{ObjectMeta: t.metadata("probe")}, client.DryRunAll))
	}).Should(BeTrue())
	return quota
}

var _ = It("The memory limit holds when 216 large tokens wait for a quota and are then written at the same time, and each is requested once", func(ctx SpecContext) {
	const number = 36
	server := newHostileServer(answers(http.StatusOK, `{"access_token": "`+strings.Repeat("t", 250<<10)+`", "token_type": "Bearer", "expires_in": 3600}`))
	// Together the tokens take 53 of the 64 MiB for tokens that wait to be written.
	var tenants []*tenant
	var namespaces []string
	for range 6 {
		t := newTenant(ctx)
		tenants, namespaces = append(tenants, t), append(namespaces, t.namespace)
	}
	p := startProcess(namespaces...)
	idle := p.peakMemory()
	quotas := make([]client.Object, len(tenants))
	for i, t := range tenants {
		create(ctx, t.credentials("shared", map[string]string{"client_id": "a", "client_secret": secretOf("a")}))
		quotas[i] = t.refusesSecrets(ctx)
	}
	for i := range number {
		for _, t := range tenants {
			create(ctx, t.clientCredential(fmt.Sprintf("large-%d", i), server.URL, func(spec *v1alpha1.ClientCredentialSpec) {
				spec.CredentialsRef.Name = "shared"
			}))
		}
	}
	for _, t := range tenants {
		t.allReport(ctx, number, matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
	}
	kept := p.peakMemory()
	for _, quota := range quotas {
		Expect(apiServer.Delete(ctx, quota)).To(Succeed())
	}
	for _, t := range tenants {
		t.allReport(ctx, number, matchers.HaveCondition("Ready", "True", "TokenIssued"))
	}
	peak := p.peakMemory()
	AddReportEntry(fmt.Sprintf("%d MiB idle, %d MiB while the tokens wait, %d MiB at most, %.1f s of CPU", idle, kept, peak, p.cpuSeconds()))
	Expect(p.ExitCode()).To(Equal(-1), "the process still runs")
	Expect(p.probe("/healthz")).To(Equal(http.StatusOK))
	Expect(peak).To(BeNumerically("<", memoryLimit))
	Expect(server.requests.Load()).To(BeEquivalentTo(6 * number))
})
