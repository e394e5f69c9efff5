package hostile_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = It("The memory limit holds when eight tenants get 180 large responses at the same time, and another tenant gets its tokens", func(ctx SpecContext) {
	const (
		tenants, hosts, perHost = 8, 2, 16
		inFlight                = 180
	)
	victim := newTenant(ctx)
	namespaces, attackers := []string{victim.namespace}, make([]*tenant, tenants)
	for i := range attackers {
		attackers[i] = newTenant(ctx)
		namespaces = append(namespaces, attackers[i].namespace)
	}
	p := startProcess(namespaces...)
	honest := newHonestServer("before", "meanwhile", "after")
	took := []time.Duration{victim.isServed(ctx, "before", tokenEndpoint(honest))}

	var underWay atomic.Int64
	release := make(chan struct{})
	large := answers(http.StatusOK, `{"access_token": "`+strings.Repeat("t", 230<<10)+`", "expires_in": 3600}`)
	for _, t := range attackers {
		create(ctx, t.credentials("shared", map[string]string{"client_id": "a", "client_secret": secretOf("a")}))
	}
	for range hosts {
		servers := make([]*hostileServer, len(attackers))
		for i := range attackers {
			servers[i] = newHostileServer(func(rw http.ResponseWriter, r *http.Request) {
				underWay.Add(1)
				select {
				case <-release:
					large(rw, r)
				case <-r.Context().Done():
				}
			})
		}
		for i := range perHost {
			for j, t := range attackers {
				_, port, _ := strings.Cut(strings.TrimPrefix(servers[j].URL, "http://"), ":")
				create(ctx, t.clientCredential(fmt.Sprintf("large-%s-%d", port, i), servers[j].URL, withFields(3), func(spec *v1alpha1.ClientCredentialSpec) {
					spec.CredentialsRef.Name = "shared"
				}))
			}
		}
	}
	Eventually(underWay.Load).Should(BeNumerically(">=", inFlight))
	took = append(took, victim.isServed(ctx, "meanwhile", tokenEndpoint(honest)))
	close(release)
	took = append(took, victim.isServed(ctx, "after", tokenEndpoint(honest)))
	for _, t := range attackers {
		t.allReport(ctx, hosts*perHost, Not(BeEmpty()))
	}
	Expect(p.ExitCode()).To(Equal(-1), "the process still runs")
	peak := p.peakMemory()
	AddReportEntry(fmt.Sprintf("%d MiB at most; another tenant got its first token in %s before the requests, %s during them, and %s during the responses",
		peak, took[0], took[1], took[2]))
	Expect(peak).To(BeNumerically("<", memoryLimit))
})
