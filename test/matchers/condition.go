// Package matchers provides Gomega matchers that read like sentences.
package matchers

import (
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HaveCondition matches a list with a condition of the given type, status and reason, whose message
// matches if a matcher is given.
func HaveCondition(conditionType string, status metav1.ConditionStatus, reason string, message ...types.GomegaMatcher) types.GomegaMatcher {
	return gomega.ContainElement(gstruct.MatchFields(gstruct.IgnoreExtras, gstruct.Fields{
		"Type":    gomega.Equal(conditionType),
		"Status":  gomega.Equal(status),
		"Reason":  gomega.Equal(reason),
		"Message": gomega.And(message...),
	}))
}

// HaveConditionType matches a list with a condition of the given type.
func HaveConditionType(conditionType string) types.GomegaMatcher {
	return gomega.ContainElement(gomega.HaveField("Type", conditionType))
}
