package status

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
)

// Event is a transition that users should see. A routine renewal causes no event.
type Event struct {
	// Type is Normal or Warning.
	Type    string
	Reason  string
	Message string
}

func events(in Input, after renewal.Input, status v1alpha1.ClientCredentialStatus) []Event {
	var events []Event
	before, now := problem.Condition(in.Previous.Conditions), problem.Condition(status.Conditions)
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ReadyCondition)
	switch {
	case now != nil && v1alpha1.Reasons[now.Reason].IsQueued && status.Failure == nil:
		// Nothing failed, and thousands of ClientCredentials may be waiting.
	case now != nil && (before == nil || before.Reason != now.Reason):
		events = append(events, Event{corev1.EventTypeWarning, now.Reason, now.Message})
	case in.Previous.Token == nil && status.Token != nil:
		events = append(events, Event{corev1.EventTypeNormal, ready.Reason, ready.Message})
	case before != nil && now == nil && ready.Status == metav1.ConditionTrue:
		events = append(events, Event{corev1.EventTypeNormal, v1alpha1.EventRecovered, ready.Message})
	}
	unknown := meta.FindStatusCondition(status.Conditions, v1alpha1.LifetimeUnknownCondition)
	if unknown != nil && meta.FindStatusCondition(in.Previous.Conditions, v1alpha1.LifetimeUnknownCondition) == nil {
		events = append(events, Event{corev1.EventTypeWarning, unknown.Reason, unknown.Message})
	}
	for _, notice := range newNotices(in, after) {
		events = append(events, Event{corev1.EventTypeWarning, notice.Reason, notice.Message})
	}
	return events
}

// newNotices returns the notices about a new token that did not apply to the last token.
func newNotices(in Input, after renewal.Input) []oauth2.Notice {
	if in.Outcome.Target == nil {
		return nil
	}
	last, token := in.Observed.Token(), after.Token()
	otherRequest, scopeBefore := in.Previous.Token == nil, ""
	if last != nil {
		otherRequest, scopeBefore = last.RequestHash != token.RequestHash, last.Scope
	}
	otherCredentials := otherRequest || (last != nil && last.CredentialsVersion != token.CredentialsVersion)
	var notices []oauth2.Notice
	for _, notice := range in.Outcome.Notices {
		becameTrue := in.ReportedNotices != nil && !slices.Contains(in.ReportedNotices, notice)
		if otherRequest || becameTrue || (otherCredentials && notice.Reason == v1alpha1.EventCredentialsTrimmed) ||
			(notice.Reason == v1alpha1.EventScopeDiffers && scopeBefore != token.Scope) {
			notices = append(notices, notice)
		}
	}
	if short := after.Policy.LifetimeShort(token.ExpiresAt.Sub(token.IssuedAt)); otherRequest && short != nil {
		notices = append(notices, *short)
	}
	return notices
}
