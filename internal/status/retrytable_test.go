package status_test

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
)

var _ = DescribeTable("the retry table matches the code", Label("docs"),
	func(page string) {
		found := tables(page, "class")
		Expect(found).To(HaveLen(1))
		header, rows := found[0][0], found[0][1:]
		Expect(rows).To(HaveLen(len(renewal.RetryDelays)))
		for _, row := range rows {
			class := problem.Class(strings.Trim(row[0], "`"))
			Expect(renewal.RetryDelays).To(HaveKey(class))
			first, then := inWords(renewal.RetryDelays[class])
			for i, column := range header {
				switch column {
				case "first retry":
					Expect(row[i]).To(Equal(first), row[0])
				case "then":
					Expect(row[i]).To(Equal(then), row[0])
				case "condition":
					Expect(row[i]).To(Equal(conditionOf(class)), row[0])
				}
			}
		}
	},
	Entry("in docs/operations.md", "operations.md"),
	Entry("in docs/conditions.md", "conditions.md"),
)

// inWords returns the first delay and the following delays as the tables show them.
func inWords(delays []time.Duration) (first, then string) {
	last := delays[len(delays)-1]
	switch {
	case len(delays) == 1:
		// The watch reports a change; the delay is a fallback.
		return "when it changes", repeated(last)
	case last != time.Hour:
		for i := 1; i < len(delays)-1; i++ {
			Expect(delays[i]).To(Equal(2*delays[i-1]), "doubling")
		}
		return short(delays[0]), "doubling to " + short(last)
	}
	var middle []string
	for _, delay := range delays[1 : len(delays)-1] {
		middle = append(middle, short(delay))
	}
	return short(delays[0]), strings.Join(middle, ", ") + ", then " + repeated(last)
}

func repeated(delay time.Duration) string {
	Expect(delay).To(Equal(time.Hour))
	return "hourly"
}

func short(delay time.Duration) string {
	if delay < time.Minute {
		return fmt.Sprintf("%d s", delay/time.Second)
	}
	return fmt.Sprintf("%d min", delay/time.Minute)
}

func conditionOf(class problem.Class) string {
	switch at := renewal.StallsAt(class, now); {
	case at.IsZero():
		return "`Reconciling`"
	case at.Equal(now):
		return "`Stalled`"
	default:
		return "`Reconciling`, after " + short(at.Sub(now)) + " `Stalled`"
	}
}
