// Package explain says about a ClientCredential what a person on call would say:
// what it does, what it waits for, and what somebody must do. It is pure.
package explain

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// patience is how long something may be late before it is worth a word: a renewal
// or a new attempt takes a moment, and clocks differ.
const patience = time.Minute

// Input is all that an explanation rests on.
type Input struct {
	Now              time.Time
	ClientCredential *v1alpha1.ClientCredential

	// What was found of the objects that the ClientCredential names; nil when nobody
	// looked.

	Credentials *Lookup[metav1.PartialObjectMetadata]
	Target      *Lookup[metav1.PartialObjectMetadata]
	Server      *Lookup[Server]
	Events      *Lookup[corev1.EventList]
}

// Lookup is what came of reading an object.
type Lookup[T any] struct {
	Object T
	// Err is why it could not be read; nil when it was.
	Err error
}

// Server is what an AuthorizationServer or ClusterAuthorizationServer tells.
type Server struct {
	Generation int64
	Status     v1alpha1.AuthorizationServerStatus
}

// Explanation is what there is to say about a ClientCredential. In JSON and YAML
// its fields are stable: others may be added.
type Explanation struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	State     State  `json:"state"`
	// Summary is one line.
	Summary string `json:"summary"`
	// TokenValid tells that the Secret holds an unexpired token that matches the spec.
	TokenValid bool `json:"tokenValid"`
	// Ready is the condition of that type; nil before the operator has seen the object.
	Ready *metav1.Condition `json:"ready,omitempty"`
	// Token and Failure are those of the status.
	Token   *v1alpha1.TokenStatus   `json:"token,omitempty"`
	Failure *v1alpha1.FailureStatus `json:"failure,omitempty"`

	// WaitsFor is what has to come before something happens by itself.
	WaitsFor []Point `json:"waitsFor,omitempty"`
	// Needs is what somebody must do.
	Needs []Point `json:"needs,omitempty"`
	// Notices are what the cluster shows and the state does not.
	Notices []Point `json:"notices,omitempty"`
	// Unknown is what could not be read.
	Unknown []string `json:"unknown,omitempty"`
	// Events are the last ones, the newest at the end.
	Events []Event `json:"events,omitempty"`

	now time.Time
}

// Point is something to say, and the command that goes with it, if there is one.
type Point struct {
	Message string `json:"message"`
	Command string `json:"command,omitempty"`
}

// Explain says what there is to say.
func Explain(in Input) Explanation {
	cc := in.ClientCredential
	explanation := Explanation{
		Namespace:  cc.Namespace,
		Name:       cc.Name,
		State:      in.state(),
		TokenValid: in.tokenValid(),
		Ready:      in.condition(v1alpha1.ReadyCondition),
		Token:      cc.Status.Token,
		Failure:    cc.Status.Failure,
		WaitsFor:   in.waits(),
		Needs:      in.needs(),
		Notices:    in.notices(),
		Unknown:    in.unknown(),
		Events:     in.events(),
		now:        in.Now,
	}
	explanation.Summary = in.summary(explanation.State)
	return explanation
}
