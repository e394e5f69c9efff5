package metrics_test

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/metrics"
)

// ofObjects are the metrics that each ClientCredential has.
var ofObjects = []string{
	"tokensync_clientcredential_expiration_timestamp_seconds",
	"tokensync_clientcredential_renewal_timestamp_seconds",
	"tokensync_clientcredential_condition",
}

const (
	whenItExpires   = `clientcredential_expiration_timestamp_seconds{name="shop",namespace="default"} 1.8000036e+09`
	whenItIsRenewed = `clientcredential_renewal_timestamp_seconds{name="shop",namespace="default"} 1.8000024e+09`
)

func condition(conditionType, reason, value string) string {
	return `clientcredential_condition{name="shop",namespace="default",reason="` + reason + `",type="` + conditionType + `"} ` + value
}

var _ = DescribeTable("a ClientCredential",
	func(object v1alpha1.ClientCredential, expected ...string) {
		Expect(series(leading(&cache{items: []v1alpha1.ClientCredential{object}}), ofObjects...)).To(ConsistOf(expected))
	},
	Entry("that the operator has not seen yet is not Ready",
		shop(nil), condition("Ready", "other", "0")),
	Entry("with a token is Ready, and shows when the token expires and is renewed",
		shop(token(), is("Ready", metav1.ConditionTrue, "TokenIssued")),
		whenItExpires, whenItIsRenewed, condition("Ready", "TokenIssued", "1")),
	Entry("that waits for its first token is Reconciling",
		shop(nil, is("Ready", metav1.ConditionFalse, "Timeout"), is("Reconciling", metav1.ConditionTrue, "Timeout")),
		condition("Ready", "Timeout", "0"), condition("Reconciling", "Timeout", "1")),
	Entry("whose client is refused is Stalled",
		shop(nil, is("Ready", metav1.ConditionFalse, "InvalidClient"), is("Stalled", metav1.ConditionTrue, "InvalidClient")),
		condition("Ready", "InvalidClient", "0"), condition("Stalled", "InvalidClient", "1")),
	Entry("whose renewal fails is still Ready",
		shop(token(), is("Ready", metav1.ConditionTrue, "TokenIssued"), is("RenewalFailing", metav1.ConditionTrue, "ServerError")),
		whenItExpires, whenItIsRenewed, condition("Ready", "TokenIssued", "1"), condition("RenewalFailing", "ServerError", "1")),
	Entry("shows only Ready if no other condition is True",
		shop(nil, is("Ready", metav1.ConditionUnknown, "Timeout"), is("Stalled", metav1.ConditionFalse, "InvalidClient")),
		condition("Ready", "Timeout", "0")),
	Entry("shows neither conditions nor reasons that the API does not define",
		shop(nil, is("Ready", metav1.ConditionTrue, "BecauseISaySo"), is("Synced", metav1.ConditionTrue, "TokenIssued")),
		condition("Ready", "other", "1")),
)

var _ = Describe("the metrics of ClientCredentials", func() {
	It("come only from the leader", func() {
		collector, elected := metrics.New("v1.2.3"), make(chan struct{})
		collector.ReadFrom(&cache{items: []v1alpha1.ClientCredential{shop(token())}}, elected)
		Expect(series(collector, "tokensync_build_info")).To(ConsistOf(`build_info{version="v1.2.3"} 1`))
		Expect(series(collector, ofObjects...)).To(BeEmpty())
		close(elected)
		Expect(series(collector, ofObjects...)).To(HaveLen(3))
	})

	It("disappear when the object is deleted", func() {
		objects := &cache{items: []v1alpha1.ClientCredential{shop(token())}}
		collector := leading(objects)
		Expect(series(collector, ofObjects...)).NotTo(BeEmpty())
		objects.items = nil
		Expect(series(collector, ofObjects...)).To(BeEmpty())
	})

	It("make the scrape fail if the cache cannot be read, so that the alert for an absent operator fires", func() {
		_, err := testutil.CollectAndFormat(leading(&cache{err: errors.New("no informer")}), expfmt.TypeTextPlain)
		Expect(err).To(MatchError(ContainSubstring("list the ClientCredentials of the cache: no informer")))
	})

	It("show every reason that the API defines", func() {
		Expect(len(v1alpha1.Reasons)).To(BeNumerically(">", 30))
		for reason := range v1alpha1.Reasons {
			object := shop(nil, is("Ready", metav1.ConditionFalse, reason))
			Expect(series(leading(&cache{items: []v1alpha1.ClientCredential{object}}), ofObjects...)).
				To(ConsistOf(condition("Ready", reason, "0")))
		}
	})
})
