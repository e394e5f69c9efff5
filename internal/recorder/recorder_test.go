package recorder_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tokensync/tokensync/internal/recorder"
)

func TestRecorder(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "recorder")
}

var _ = Describe("a tenant that causes endless events", func() {
	const share = 10_000
	var (
		clock    *testingclock.FakeClock
		recorded *events.FakeRecorder
		bounded  *recorder.Recorder
	)
	BeforeEach(func() {
		clock = testingclock.NewFakeClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		recorded = events.NewFakeRecorder(3 * share)
		bounded = recorder.New(recorded, clock)
	})
	record := func(namespace string, count int) {
		for range count {
			bounded.Eventf(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace}}, nil, "Normal", "TokenIssued", "Exchange", "a token of %s", namespace)
		}
	}
	// between counts the events since the last call.
	between := func() (count int) {
		for len(recorded.Events) > 0 {
			<-recorded.Events
			count++
		}
		return count
	}

	It("gets at most half of the events, and events of other tenants are recorded", func() {
		record("attacker", 2*share)
		Expect(between()).To(Equal(share))
		record("shop", 1)
		Expect(recorded.Events).To(Receive(Equal("Normal TokenIssued a token of shop")))
	})

	It("gets the same number again after client-go has dropped the old events", func() {
		record("attacker", share/2)
		clock.Step(6 * time.Minute)
		record("attacker", share)
		Expect(between()).To(Equal(share))
		clock.Step(6*time.Minute + time.Second)
		record("attacker", share)
		Expect(between()).To(Equal(share / 2))
		By("even after the clock was set back")
		clock.SetTime(clock.Now().Add(-time.Hour))
		record("attacker", share)
		Expect(between()).To(Equal(share))
	})
})
