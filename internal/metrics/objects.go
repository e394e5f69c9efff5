package metrics

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var (
	expiration = prometheus.NewDesc("tokensync_clientcredential_expiration_timestamp_seconds",
		"When the token in the Secret expires. Absent without a token.", []string{"name", "namespace"}, nil)
	renewal = prometheus.NewDesc("tokensync_clientcredential_renewal_timestamp_seconds",
		"When the token in the Secret is renewed. Absent without a token.", []string{"name", "namespace"}, nil)
	condition = prometheus.NewDesc("tokensync_clientcredential_condition",
		"Conditions of the ClientCredential. Ready is always present, other conditions only while they are True.",
		[]string{"name", "namespace", "reason", "type"}, nil)

	objectDescriptions = []*prometheus.Desc{expiration, renewal, condition}
)

// abnormalConditions are exposed only while they are True.
var abnormalConditions = []string{v1alpha1.ReconcilingCondition, v1alpha1.StalledCondition, v1alpha1.RenewalFailingCondition, v1alpha1.LifetimeUnknownCondition}

// listTimeout should never be reached, because the cache has synced before a leader is elected.
const listTimeout = 5 * time.Second

// objects reads the ClientCredentials at each scrape. So there are no values to update, and no values of
// deleted objects remain.
type objects struct {
	cache   client.Reader
	elected <-chan struct{}
}

func (o *objects) collect(metrics chan<- prometheus.Metric) {
	select {
	case <-o.elected:
	default:
		return // A standby would expose the same values, with a delay.
	}
	ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
	defer cancel()
	list := &v1alpha1.ClientCredentialList{}
	if err := o.cache.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		metrics <- prometheus.NewInvalidMetric(condition, fmt.Errorf("list the ClientCredentials of the cache: %w", err))
		return
	}
	for i := range list.Items {
		collectObject(metrics, &list.Items[i])
	}
}

func collectObject(metrics chan<- prometheus.Metric, object *v1alpha1.ClientCredential) {
	// The series share their common labels.
	identity := []*dto.LabelPair{pair("name", object.Name), pair("namespace", object.Namespace)}
	if token := object.Status.Token; token != nil {
		metrics <- &sample{expiration, identity, float64(token.ExpiresAt.Unix())}
		metrics <- &sample{renewal, identity, float64(token.RenewAt.Unix())}
	}
	conditions := object.Status.Conditions
	ready, reason := 0.0, other
	if found := meta.FindStatusCondition(conditions, v1alpha1.ReadyCondition); found != nil {
		reason = known(found.Reason)
		if found.Status == metav1.ConditionTrue {
			ready = 1
		}
	}
	metrics <- &sample{condition, conditionLabels(identity, v1alpha1.ReadyCondition, reason), ready}
	for _, conditionType := range abnormalConditions {
		if found := meta.FindStatusCondition(conditions, conditionType); found != nil && found.Status == metav1.ConditionTrue {
			metrics <- &sample{condition, conditionLabels(identity, conditionType, known(found.Reason)), 1}
		}
	}
}

func conditionLabels(identity []*dto.LabelPair, conditionType, reason string) []*dto.LabelPair {
	return []*dto.LabelPair{identity[0], identity[1], reasonPairs[reason], typePairs[conditionType]}
}
