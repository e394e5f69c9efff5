package explain

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// Relative returns a time relative to now, such as "in 12m" or "3m ago".
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

// due returns a planned time relative to now, such as "in 12m", or "due" if it is not in the future.
func (in Input) due(at metav1.Time) string {
	if at.After(in.Now) {
		return in.relative(at)
	}
	return "due"
}

// instant returns a time in RFC 3339.
func instant(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }
