package metrics

import (
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// The label pairs of conditions are created once. A reason that the API does not define never becomes a
// label value, because other clients can write to the status.
var (
	reasonPairs = pairs("reason", slices.AppendSeq([]string{other}, maps.Keys(v1alpha1.Reasons))...)
	typePairs   = pairs("type", append(abnormalConditions, v1alpha1.ReadyCondition)...)
)

func pairs(name string, values ...string) map[string]*dto.LabelPair {
	pairs := make(map[string]*dto.LabelPair, len(values))
	for _, value := range values {
		pairs[value] = pair(name, value)
	}
	return pairs
}

// known returns a reason that the API defines, and other for any other reason.
func known(reason string) string {
	if _, found := reasonPairs[reason]; found {
		return reason
	}
	return other
}
