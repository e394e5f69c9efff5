package metrics_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/docs/page"
)

// busy returns metrics that all have at least one series.
func busy() *prometheus.Registry {
	collector := leading(&cache{items: []v1alpha1.ClientCredential{shop(token(), is("Ready", metav1.ConditionTrue, "TokenIssued"))}})
	collector.TokenRequested("shop", "https://idp.example.com", time.Second, nil)
	collector.Waited("shop", "https://idp.example.com", time.Second)
	collector.Renewed(issuedAt, expiresAt, renewAt)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	return registry
}

// described is the description of a metric in a table of docs/metrics.md.
type described struct{ kind, labels string }

var _ = Describe("docs/metrics.md", Label("docs"), func() {
	raw, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		panic(err)
	}
	text := string(raw)

	It("lists exactly the existing metrics, with their types and labels", func() {
		actual := map[string]described{}
		families, err := busy().Gather()
		Expect(err).NotTo(HaveOccurred())
		for _, family := range families {
			actual[family.GetName()] = described{strings.ToLower(family.GetType().String()), labels(family.GetMetric()[0])}
		}
		Expect(actual).To(HaveLen(8))

		told := map[string]described{}
		for _, row := range regexp.MustCompile("(?m)^\\| `(tokensync_\\w+)` \\| (\\w+) \\|([^|]*)\\|").FindAllStringSubmatch(text, -1) {
			names := strings.FieldsFunc(row[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
			slices.Sort(names)
			told[row[1]] = described{row[2], strings.Join(names, ",")}
		}
		Expect(told).To(Equal(actual))
	})

	It("has a query for each metric, and only for existing metrics", func() {
		blocks, err := page.In("../..", "docs/metrics.md", "promql")
		Expect(err).NotTo(HaveOccurred())
		queries := strings.Join(blocks, "")
		queried := map[string]bool{}
		for _, name := range regexp.MustCompile(`tokensync_\w+`).FindAllString(queries, -1) {
			queried[regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")] = true
		}
		families, err := busy().Gather()
		Expect(err).NotTo(HaveOccurred())
		Expect(queried).To(HaveLen(len(families)))
		for _, family := range families {
			Expect(queried).To(HaveKey(family.GetName()))
		}
	})
})

func labels(metric *dto.Metric) string {
	var names []string
	for _, label := range metric.GetLabel() {
		names = append(names, label.GetName())
	}
	return strings.Join(names, ",")
}

var _ = Describe("all metrics", func() {
	It("follow the naming rules of Prometheus", func() {
		Expect(testutil.GatherAndLint(busy())).To(BeEmpty())
	})
})
