package explain

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxEvents is the maximum number of events that are shown.
const maxEvents = 10

// Event is a Kubernetes event about a ClientCredential.
type Event struct {
	// LastSeen is when the event was last recorded.
	LastSeen metav1.Time `json:"lastSeen"`
	// Count is how often the event was recorded.
	Count   int32  `json:"count"`
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// events returns the last events, the newest at the end.
func (in Input) events() []Event {
	if in.Events == nil {
		return nil
	}
	var events []Event
	for _, event := range in.Events.Object.Items {
		events = append(events, Event{
			LastSeen: lastSeen(event), Count: count(event),
			Type: event.Type, Reason: event.Reason, Message: event.Message,
		})
	}
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.LastSeen.Compare(b.LastSeen.Time), cmp.Compare(a.Reason, b.Reason))
	})
	return events[max(len(events)-maxEvents, 0):]
}

// lastSeen and count support the fields of both event APIs.
func lastSeen(event corev1.Event) metav1.Time {
	switch {
	case event.Series != nil:
		return metav1.NewTime(event.Series.LastObservedTime.Time)
	case !event.LastTimestamp.IsZero():
		return event.LastTimestamp
	case !event.EventTime.IsZero():
		return metav1.NewTime(event.EventTime.Time)
	}
	return event.CreationTimestamp
}

func count(event corev1.Event) int32 {
	if event.Series != nil {
		return event.Series.Count
	}
	return max(event.Count, 1)
}
