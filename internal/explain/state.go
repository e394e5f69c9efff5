package explain

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// State is the state of a ClientCredential in one word.
type State string

const (
	// StateReady: there is a valid token, and its renewal is planned.
	StateReady State = "Ready"
	// StateStalled: a person must change something. There may still be a valid token.
	StateStalled State = "Stalled"
	// StateReconciling: there is no token that matches the spec, and the operator retries by itself.
	StateReconciling State = "Reconciling"
	// StateRenewalFailing: the token is still valid, but its renewal fails.
	StateRenewalFailing State = "RenewalFailing"
	// StateExpired: the token has expired, but the status does not say so.
	StateExpired State = "Expired"
	// StateOverdue: the token is still valid, but its renewal is late.
	StateOverdue State = "Overdue"
	// StateNotObserved: the operator has not reconciled the current generation of the object.
	StateNotObserved State = "NotObserved"
	// StateSuspended: spec.suspend stops all token requests.
	StateSuspended State = "Suspended"
	// StateDeleting: the object is being deleted.
	StateDeleting State = "Deleting"
)

func (in Input) state() State {
	token := in.ClientCredential.Status.Token
	switch {
	case !in.ClientCredential.DeletionTimestamp.IsZero():
		return StateDeleting
	case !in.isObserved():
		return StateNotObserved
	case in.ClientCredential.IsSuspended():
		return StateSuspended
	case in.condition(v1alpha1.StalledCondition) != nil:
		return StateStalled
	case !in.isReady():
		return StateReconciling
	case token != nil && !in.Now.Before(token.ExpiresAt.Time):
		return StateExpired
	case in.condition(v1alpha1.RenewalFailingCondition) != nil:
		return StateRenewalFailing
	case token != nil && in.isLate(token.RenewAt.Time):
		return StateOverdue
	}
	return StateReady
}

// isObserved reports whether the operator has reconciled the current generation.
func (in Input) isObserved() bool {
	return ptr.Deref(in.ClientCredential.Status.ObservedGeneration, -1) >= in.ClientCredential.Generation
}

func (in Input) isReady() bool {
	return meta.IsStatusConditionTrue(in.ClientCredential.Status.Conditions, v1alpha1.ReadyCondition)
}

func (in Input) tokenValid() bool {
	token := in.ClientCredential.Status.Token
	return in.isReady() && token != nil && in.Now.Before(token.ExpiresAt.Time)
}

// isLate reports whether an action that was due at the given time is late.
func (in Input) isLate(at time.Time) bool { return in.Now.After(at.Add(tolerance)) }

func (in Input) condition(conditionType string) *metav1.Condition {
	return meta.FindStatusCondition(in.ClientCredential.Status.Conditions, conditionType)
}

// problemCondition returns the condition that describes the problem. It is nil if there is no problem.
func (in Input) problemCondition() *metav1.Condition {
	return problem.Condition(in.ClientCredential.Status.Conditions)
}

// byUrgency lists the states, the most urgent first.
var byUrgency = []State{
	StateStalled, StateExpired, StateReconciling, StateRenewalFailing, StateOverdue,
	StateNotObserved, StateDeleting, StateSuspended, StateReady,
}

func (e Explanation) urgency() int {
	state := e.State
	if state == StateStalled && e.TokenValid {
		// A person must act, but there is still a valid token.
		state = StateRenewalFailing
	}
	return slices.Index(byUrgency, state)
}

// Sort sorts explanations by urgency, and then by the time at which the token expires.
func Sort(explanations []Explanation) {
	slices.SortFunc(explanations, func(a, b Explanation) int {
		return cmp.Or(
			cmp.Compare(a.urgency(), b.urgency()),
			a.expiresAt().Compare(b.expiresAt()),
			cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name))
	})
}

// expiresAt returns when the token expires. It is zero without a token.
func (e Explanation) expiresAt() time.Time {
	if e.Token == nil {
		return time.Time{}
	}
	return e.Token.ExpiresAt.Time
}
