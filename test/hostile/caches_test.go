package hostile_test

import (
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// hoard is how many large objects a tenant creates.
const hoard = 300

var _ = DescribeTable("The memory limit holds when a tenant fills the caches with",
	func(ctx SpecContext, object func(t *tenant, name string) client.Object) {
		t := newTenant(ctx)
		p := startProcess(t.namespace)
		idle := p.peakMemory()
		for i := range hoard {
			create(ctx, object(t, fmt.Sprintf("large-%d", i)))
		}
		t.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		Expect(p.probe("/healthz")).To(Equal(http.StatusOK))
		peak := p.peakMemory()
		_, _ = fmt.Fprintf(GinkgoWriter, "%s: %d MiB idle, %d MiB at most, %.1f s of CPU\n", CurrentSpecReport().LeafNodeText, idle, peak, p.cpuSeconds())
		Expect(peak).To(BeNumerically("<", memoryLimit))
	},
	Entry("ClientCredentials with the largest spec", func(t *tenant, name string) client.Object {
		large := t.clientCredential(name, "https://idp.invalid/token")
		large.Spec.Suspend = ptr.To(true)
		for i := range 100 {
			large.Spec.Scopes = append(large.Spec.Scopes, fmt.Sprintf("%d", i)+strings.Repeat("s", 2000))
		}
		for i := range 32 {
			large.Spec.Parameters = append(large.Spec.Parameters, v1alpha1.Parameter{Name: fmt.Sprintf("p%d", i), Value: ptr.To(strings.Repeat("x", 4096))})
		}
		return large
	}),
	Entry("ClientCredentials with the largest annotations", func(t *tenant, name string) client.Object {
		large := t.clientCredential(name, "https://idp.invalid/token")
		large.Spec.Suspend = ptr.To(true)
		large.Annotations = map[string]string{"large": strings.Repeat("x", 250<<10)}
		return large
	}),
	Entry("ClientCredentials with the largest labels", func(t *tenant, name string) client.Object {
		large := t.clientCredential(name, "https://idp.invalid/token")
		large.Spec.Suspend = ptr.To(true)
		large.Labels = manyLabels()
		return large
	}),
	Entry("AuthorizationServers with the largest spec", func(t *tenant, name string) client.Object {
		server := &v1alpha1.AuthorizationServer{ObjectMeta: t.metadata(name), Spec: v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: "https://idp.invalid/token", Request: &v1alpha1.TokenRequest{},
		}}
		for i := range 32 {
			server.Spec.Request.Parameters = append(server.Spec.Request.Parameters,
				v1alpha1.Parameter{Name: fmt.Sprintf("p%d", i), Value: ptr.To(strings.Repeat("x", 4096))})
		}
		server.Annotations = map[string]string{"large": strings.Repeat("x", 250<<10)}
		return server
	}),
	Entry("Secrets that look like token Secrets, with the largest annotations", func(t *tenant, name string) client.Object {
		secret := &corev1.Secret{ObjectMeta: t.metadata(name)}
		secret.Annotations = map[string]string{v1alpha1.FingerprintAnnotation: "forged", "large": strings.Repeat("x", 250<<10)}
		return secret
	}),
	Entry("Secrets that look like token Secrets, with the largest labels", func(t *tenant, name string) client.Object {
		secret := &corev1.Secret{ObjectMeta: t.metadata(name)}
		secret.Annotations = map[string]string{v1alpha1.FingerprintAnnotation: "forged"}
		secret.Labels = manyLabels()
		return secret
	}),
	Entry("Secrets that look like token Secrets, with the largest finalizers", func(t *tenant, name string) client.Object {
		secret := &corev1.Secret{ObjectMeta: t.metadata(name)}
		secret.Annotations = map[string]string{v1alpha1.FingerprintAnnotation: "forged"}
		for i := range 3000 {
			secret.Finalizers = append(secret.Finalizers, fmt.Sprintf("example.com/%d-%s", i, strings.Repeat("f", 50)))
		}
		return secret
	}),
	Entry("foreign Secrets with the largest annotations", func(t *tenant, name string) client.Object {
		secret := &corev1.Secret{ObjectMeta: t.metadata(name)}
		secret.Annotations = map[string]string{"large": strings.Repeat("x", 250<<10)}
		return secret
	}),
)

// manyLabels are 3,000 labels, which have no common limit.
func manyLabels() map[string]string {
	labels := map[string]string{}
	for i := range 3000 {
		labels[fmt.Sprintf("label-%d", i)] = strings.Repeat("x", 60)
	}
	return labels
}
