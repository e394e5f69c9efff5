package metrics

import (
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// The labels of conditions are made once. A reason that the API does not have gets into no label: the
// status may hold what someone else wrote there.
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

// known is a reason, or what stands for all that are not.
func known(reason string) string {
	if _, found := reasonPairs[reason]; found {
		return reason
	}
	return other
}
