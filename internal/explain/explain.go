// Package explain describes a ClientCredential for a person on call: what it does, what it waits for,
// and what a person must do. It does no I/O.
package explain

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// tolerance is the maximum delay that is not reported as late: a renewal or an attempt takes a moment, and
// clocks differ.
const tolerance = time.Minute

// Input is the data that an explanation is based on.
type Input struct {
	Now              time.Time
	ClientCredential *v1alpha1.ClientCredential

	// The results of reading objects from the cluster. A result is nil if its object was not read.

	Credentials *Lookup[metav1.PartialObjectMetadata]
	Target      *Lookup[metav1.PartialObjectMetadata]
	Server      *Lookup[Server]
	Events      *Lookup[corev1.EventList]
}

// Lookup is the result of reading an object.
type Lookup[T any] struct {
	Object T
	// Err is the reason that the object could not be read, or nil.
	Err error
}

// Server is the state of an AuthorizationServer or ClusterAuthorizationServer.
type Server struct {
	Generation int64
	Status     v1alpha1.AuthorizationServerStatus
}

// Explanation describes a ClientCredential. Its fields in JSON and YAML are stable, but new fields may
// be added.
type Explanation struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	State     State  `json:"state"`
	// Summary is one line.
	Summary string `json:"summary"`
	// TokenValid reports whether the Secret holds an unexpired token that matches the spec.
	TokenValid bool `json:"tokenValid"`
	// Ready is the condition Ready. It is nil until the operator has reconciled the object.
	Ready *metav1.Condition `json:"ready,omitempty"`
	// Token and Failure are copied from the status.
	Token   *v1alpha1.TokenStatus   `json:"token,omitempty"`
	Failure *v1alpha1.FailureStatus `json:"failure,omitempty"`

	// WaitsFor lists what the ClientCredential waits for.
	WaitsFor []Point `json:"waitsFor,omitempty"`
	// Needs lists what a person must do.
	Needs []Point `json:"needs,omitempty"`
	// Notices lists findings from the cluster that the state does not show.
	Notices []Point `json:"notices,omitempty"`
	// Unknown lists the objects that could not be read.
	Unknown []string `json:"unknown,omitempty"`
	// Events are the last events, the newest at the end.
	Events []Event `json:"events,omitempty"`

	now time.Time
}

// Point is a message, and the command that goes with it, if there is one.
type Point struct {
	Message string `json:"message"`
	Command string `json:"command,omitempty"`
}

// Explain returns the explanation of a ClientCredential.
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
