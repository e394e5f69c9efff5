package explain

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// Relative is an instant as seen from now, such as "in 12m" or "3m ago".
func Relative(now, at time.Time) string {
	switch distance := at.Sub(now); {
	case distance >= time.Second:
		return "in " + duration.HumanDuration(distance)
	case distance <= -time.Second:
		return duration.HumanDuration(-distance) + " ago"
	}
	return "now"
}

func (in Input) relative(at metav1.Time) string { return Relative(in.Now, at.Time) }

// due is an instant at which something is to happen: "in 12m", or "due" when it has
// come.
func (in Input) due(at metav1.Time) string {
	if at.After(in.Now) {
		return in.relative(at)
	}
	return "due"
}

// instant is a time in full.
func instant(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }
