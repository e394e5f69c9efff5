package metrics_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/metrics"
)

func TestMetrics(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "metrics")
}

// cache lists its items, like the manager's cache.
type cache struct {
	client.Reader
	items []v1alpha1.ClientCredential
	err   error
}

func (c *cache) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*v1alpha1.ClientCredentialList).Items = slices.Clone(c.items) //nolint:forcetypeassert // Nothing else is listed.
	return c.err
}

// leading returns the metrics of a leader.
func leading(cache *cache) *metrics.Metrics {
	collector, elected := metrics.New("v1.2.3"), make(chan struct{})
	close(elected)
	collector.ReadFrom(cache, elected)
	return collector
}

var (
	issuedAt  = time.Unix(1_800_000_000, 0)
	renewAt   = issuedAt.Add(40 * time.Minute)
	expiresAt = issuedAt.Add(time.Hour)
)

func token() *v1alpha1.TokenStatus {
	return &v1alpha1.TokenStatus{
		SecretName: "shop-token", Scope: "read",
		IssuedAt: metav1.NewTime(issuedAt), RenewAt: metav1.NewTime(renewAt), ExpiresAt: metav1.NewTime(expiresAt),
	}
}

// shop returns a ClientCredential with the given status.
func shop(token *v1alpha1.TokenStatus, conditions ...metav1.Condition) v1alpha1.ClientCredential {
	return v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shop"},
		Status:     v1alpha1.ClientCredentialStatus{Token: token, Conditions: conditions},
	}
}

func is(conditionType string, status metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: status, Reason: reason, Message: "a message"}
}

// series returns the lines of the named metrics in a scrape, without the common prefix of their names.
func series(collector *metrics.Metrics, names ...string) []string {
	GinkgoHelper()
	text, err := testutil.CollectAndFormat(collector, expfmt.TypeTextPlain, names...)
	Expect(err).NotTo(HaveOccurred())
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimPrefix(strings.TrimSpace(line), "tokensync_"))
		}
	}
	return lines
}
