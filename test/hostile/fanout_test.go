package hostile_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A tenant that edits a Secret of 1,000 ClientCredentials ten times a second", func() {
	DescribeTable("does not delay other tenants", func(ctx SpecContext, target func(name string) string) {
		const number = 1000
		attacker, victim := newTenant(ctx), newTenant(ctx)
		startProcess(attacker.namespace, victim.namespace)
		server, refusing := newHonestServer(), newHostileServer(answers(400, `{"error": "invalid_client"}`))
		before := victim.firstToken(ctx, "before", server)
		shared := attacker.credentials("shared", map[string]string{"client_id": "shop", "client_secret": secretOf("shop")})
		create(ctx, shared)
		inParallel(number, func(i int) {
			name := fmt.Sprintf("shop-%d", i)
			create(ctx, attacker.clientCredential(name, refusing.URL, func(spec *v1alpha1.ClientCredentialSpec) {
				spec.CredentialsRef.Name = "shared"
				spec.Target = &v1alpha1.TokenTarget{Name: target(name)}
			}))
		})
		attacker.allReport(ctx, number, matchers.HaveConditionType("Ready"))

		editing, end := context.WithCancel(ctx)
		var edits sync.WaitGroup
		edits.Go(func() {
			defer GinkgoRecover()
			ticker := time.NewTicker(100 * time.Millisecond)
			defer ticker.Stop()
			for i := 0; editing.Err() == nil; i++ {
				edit(ctx, shared, func(secret *corev1.Secret) { secret.Labels["edit"] = fmt.Sprint(i) })
				<-ticker.C
			}
		})
		during := victim.firstToken(ctx, "during", server)
		end()
		edits.Wait()
		AddReportEntry("time to the first token of another tenant, before and during the edits", fmt.Sprint(before, " ", during))
		Expect(during).To(beAsSoonAs(before))
	},
		Entry("if each ClientCredential has its own target", func(name string) string { return name + "-token" }),
		Entry("if all ClientCredentials have the same target", func(string) string { return "same" }),
	)
})

// inParallel calls do for each i below number, in 8 goroutines.
func inParallel(number int, do func(i int)) {
	GinkgoHelper()
	var work sync.WaitGroup
	for first := range 8 {
		work.Go(func() {
			defer GinkgoRecover()
			for i := first; i < number; i += 8 {
				do(i)
			}
		})
	}
	work.Wait()
}
