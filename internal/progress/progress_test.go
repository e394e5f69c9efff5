package progress_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/progress"
)

func TestProgress(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "progress")
}

var _ = Describe("the progress of reconciles", func() {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	after := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

	DescribeTable("distinguishes a stuck operator from an operator",
		func(happens func(*progress.Progress), minutes int, isHealthy bool) {
			counted := &progress.Progress{}
			happens(counted)
			if isHealthy {
				Expect(counted.Check(after(minutes))).To(Succeed())
			} else {
				Expect(counted.Check(after(minutes))).To(MatchError(ContainSubstring("none has ended for")))
			}
		},
		Entry("that has nothing to do, such as a standby", func(*progress.Progress) {}, 600, true),
		Entry("that is idle again", func(p *progress.Progress) { p.Begin(start); p.End(after(1)) }, 600, true),
		Entry("whose first reconcile runs", func(p *progress.Progress) { p.Begin(start) }, 4, true),
		Entry("whose only reconcile does not end", func(p *progress.Progress) { p.Begin(start) }, 5, false),
		Entry("with several reconciles that do not end", func(p *progress.Progress) { p.Begin(start); p.Begin(after(4)); p.Begin(after(5)) }, 6, false),
		Entry("with a stuck reconcile while other reconciles end",
			func(p *progress.Progress) { p.Begin(start); p.Begin(after(58)); p.End(after(59)) }, 60, true),
		Entry("with a stuck reconcile while no other reconcile runs", func(p *progress.Progress) { p.Begin(start); p.Begin(after(1)); p.End(after(1)) }, 6, false),
		Entry("that was idle for a long time before a reconcile began", func(p *progress.Progress) { p.Begin(start); p.End(start); p.Begin(after(60)) }, 61, true),
	)
})
