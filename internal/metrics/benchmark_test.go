package metrics_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// many returns the metrics of count ClientCredentials. The renewal of every tenth ClientCredential fails.
func many(count int) *prometheus.Registry {
	objects := &cache{}
	for i := range count {
		object := shop(token(), is("Ready", metav1.ConditionTrue, "TokenIssued"))
		if i%10 == 0 {
			object = shop(token(), is("Ready", metav1.ConditionTrue, "TokenIssued"), is("RenewalFailing", metav1.ConditionTrue, "Timeout"))
		}
		object.Namespace, object.Name = fmt.Sprintf("namespace-%d", i%100), fmt.Sprintf("client-%d", i)
		objects.items = append(objects.items, object)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(leading(objects))
	return registry
}

func BenchmarkScrape(b *testing.B) {
	registry := many(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

var _ = Describe("a scrape", func() {
	It("allocates little for each ClientCredential", func() {
		const count = 1000
		registry := many(count)
		allocated := testing.AllocsPerRun(5, func() {
			_, err := registry.Gather()
			Expect(err).NotTo(HaveOccurred())
		})
		Expect(allocated / count).To(BeNumerically("<", 25))
	})
})
