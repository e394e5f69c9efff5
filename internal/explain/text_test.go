package explain_test

import (
	"encoding/json"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

func relative(distance time.Duration) string { return explain.Relative(now, now.Add(distance)) }

func text(explanation explain.Explanation) string {
	GinkgoHelper()
	out := &strings.Builder{}
	Expect(explanation.WriteText(out)).To(Succeed())
	return out.String()
}

// newEvent returns an event of the newer of the two event APIs.
func newEvent(reason string, ago time.Duration) corev1.Event {
	return corev1.Event{Type: "Warning", Reason: reason, Message: "message of " + reason, EventTime: metav1.NewMicroTime(now.Add(-ago))}
}

var _ = Describe("The text", func() {
	It("shows everything about a token", func() {
		Expect(text(explained(func(cc *v1alpha1.ClientCredential) { cc.Status.Token.Scope = "read write" }))).To(Equal(`ClientCredential shop/orders
  state    Ready: the token is renewed in 15m
  ready    True (TokenIssued) since 2026-03-01T11:40:00Z (20m ago)

Token
  secret   orders-token
  issued   2026-03-01T11:40:00Z (20m ago)
  expires  2026-03-01T12:40:00Z (in 40m)
  renewal  2026-03-01T12:15:00Z (in 15m)
  scope    read write
`))
	})

	It("shows the failure, what it waits for and what a person must do", func() {
		cc := clientCredential(noToken, stalled("InvalidClient"), failed("InvalidClient", 3, time.Hour))
		Expect(text(seen(cc, credentials(nil, nil), target(errForbidden), events(newEvent("InvalidClient", time.Minute))))).To(Equal(`ClientCredential shop/orders
  state    Stalled: InvalidClient: action required
  ready    False (Something) since 2026-03-01T11:40:00Z (20m ago)

Failure
  reason   InvalidClient
  failed   3 times in a row, last at 2026-03-01T11:59:00Z (60s ago)
  retry    2026-03-01T13:00:00Z (in 60m)

Waits for
  the next attempt at 2026-03-01T13:00:00Z (in 60m): the operator retries from time to time, even without a change

Needs
  message of InvalidClient
  the operator retries immediately after a change that affects the token request; after a change elsewhere, request a renewal
    $ kubectl tokensync renew orders --namespace=shop

Notices
  Secret "orders-client" with the credentials does not carry the label that allows its use: the operator uses it only with --require-credentials-label=false
    $ kubectl --namespace=shop label secret orders-client oauth2.tokensync.dev/usage=client-credential

Unknown
  you may not read Secret "orders-token"

Events
  60s ago   Warning  InvalidClient: message of InvalidClient
`))
	})

	It("shows the message of a failure that needs no action", func() {
		Expect(text(explained(renewalFailing("Timeout"), failed("Timeout", 1, time.Minute)))).To(ContainSubstring("\n  message  message of Timeout\n"))
	})

	It("shows no renewal time while it is suspended", func() {
		Expect(text(explained(suspended))).To(ContainSubstring("\n  renewal  none while it is suspended\n"))
	})

	It("shows the last ten events, the newest at the end, without control characters", func() {
		var all []corev1.Event
		for minutes := range 12 {
			all = append(all, newEvent("Event", time.Duration(minutes)*time.Minute))
		}
		all[0].Message = "\x1b[2Jmessage"
		shown := seen(clientCredential(), events(all...))
		Expect(shown.Events).To(HaveLen(10))
		Expect(text(shown)).To(And(HaveSuffix("  now       Warning  Event: [2Jmessage\n"), ContainSubstring("\n  9m ago    "), Not(ContainSubstring("10m ago"))))
	})

	It("reads the time and the count of an event from all fields of both event APIs", func() {
		series := newEvent("Series", time.Hour)
		series.Series = &corev1.EventSeries{Count: 4, LastObservedTime: metav1.NewMicroTime(now.Add(-3 * time.Minute))}
		old := corev1.Event{Type: "Normal", Reason: "Old", LastTimestamp: at(-2 * time.Minute), Count: 2}
		bare := corev1.Event{Type: "Normal", Reason: "Bare", ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(-time.Minute)}}
		Expect(seen(clientCredential(), events(bare, old, series)).Events).To(HaveExactElements(
			And(HaveField("Reason", "Series"), HaveField("Count", int32(4)), HaveField("LastSeen", at(-3*time.Minute))),
			And(HaveField("Reason", "Old"), HaveField("Count", int32(2)), HaveField("LastSeen", at(-2*time.Minute))),
			And(HaveField("Reason", "Bare"), HaveField("Count", int32(1)), HaveField("LastSeen", at(-time.Minute))),
		))
		Expect(text(seen(clientCredential(), events(series)))).To(ContainSubstring("Series (x4): "))
	})
})

var _ = Describe("The JSON", func() {
	It("has stable names", func() {
		cc := clientCredential(requested("today"), stalled("InvalidClient"), failed("InvalidClient", 1, time.Hour))
		raw, err := json.Marshal(seen(cc, credentials(nil, nil), target(errForbidden), events(newEvent("InvalidClient", 0))))
		Expect(err).NotTo(HaveOccurred())
		var fields map[string]any
		Expect(json.Unmarshal(raw, &fields)).To(Succeed())
		for _, name := range []string{
			"namespace", "name", "state", "summary", "tokenValid", "ready", "token", "failure",
			"waitsFor", "needs", "notices", "unknown", "events",
		} {
			Expect(fields).To(HaveKey(name))
			delete(fields, name)
		}
		Expect(fields).To(BeEmpty())
	})
})
