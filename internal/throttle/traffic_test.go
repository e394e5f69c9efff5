package throttle_test

import (
	"container/heap"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

// traffic is a controller with a fake clock, whose ClientCredentials renew their tokens.
type traffic struct {
	*throttle.Throttle
	now     time.Time
	events  events
	clients map[string]*tokenClient
	// answer returns how long the server takes for a request, and whether it issues a token.
	answer func(c *tokenClient, at time.Time) (takes time.Duration, issues bool)
	sent   []sentRequest
}

type sentRequest struct {
	id string
	at time.Time
}

// tokenClient is a ClientCredential.
type tokenClient struct {
	throttle.Request
	// failures is the number of failures in a row. retryAt is when the next attempt is due.
	failures int
	retryAt  time.Time
	isSent   bool
	// issued are the times at which it got tokens. expired is how long it had no valid token in between.
	issued  []time.Time
	expired time.Duration
}

const lifetime = time.Hour

func newTraffic() *traffic {
	t := &traffic{Throttle: throttle.New(), now: now, clients: map[string]*tokenClient{}}
	t.answer = func(*tokenClient, time.Time) (time.Duration, bool) { return 50 * time.Millisecond, true }
	return t
}

// add adds ClientCredentials of a tenant that need their first token immediately.
func (t *traffic) add(tenant string, count int, changes ...func(*throttle.Request)) {
	for i := range count {
		c := &tokenClient{Request: request(fmt.Sprintf("%s/%d", tenant, i), none, changes...)}
		t.clients[c.ID] = c
		t.schedule(t.now, func() { t.reconcile(c) })
	}
}

// run advances the clock.
func (t *traffic) run(span time.Duration) {
	for end, tick := t.now.Add(span), t.now; !t.now.After(end); {
		for tick.Before(t.now) {
			tick = tick.Add(time.Second)
		}
		if len(t.events) == 0 || t.events[0].at.After(tick) {
			t.now = tick
			tick = tick.Add(time.Second)
			t.wake()
			continue
		}
		e := heap.Pop(&t.events).(*event) //nolint:forcetypeassert // It holds nothing else.
		t.now = e.at
		e.do()
		select {
		case <-t.Calling():
			t.wake()
		default:
		}
	}
}

func (t *traffic) wake() {
	for _, id := range t.Due(t.now) {
		t.schedule(t.now.Add(time.Millisecond), func() { t.reconcile(t.clients[id]) })
	}
}

// reconcile simulates a reconcile of a ClientCredential.
func (t *traffic) reconcile(c *tokenClient) {
	isValid := len(c.issued) > 0 && t.now.Before(c.issued[len(c.issued)-1].Add(2*lifetime/3))
	if c.isSent || isValid || (t.now.Before(c.retryAt) && !t.IsRecovered(c.ID)) {
		return
	}
	c.HasFailed = c.failures > 0
	if wait := t.Reserve(c.Request, t.now); wait != nil {
		t.schedule(wait.Until, func() { t.reconcile(c) })
		return
	}
	t.Sent(c.ID, t.now)
	c.isSent = true
	t.sent = append(t.sent, sentRequest{c.ID, t.now})
	takes, issues := t.answer(c, t.now)
	startedAt := t.now
	t.schedule(t.now.Add(takes), func() { t.answered(c, startedAt, issues) })
}

func (t *traffic) answered(c *tokenClient, startedAt time.Time, issues bool) {
	defer t.Release(c.ID, t.now)
	c.isSent = false
	if !issues {
		t.Failed(c.ID, throttle.Failure{Down: "Timeout"}, t.now)
		c.retryAt = t.now.Add(min(5*time.Second<<min(c.failures, 10), 5*time.Minute))
		c.failures++
		t.schedule(c.retryAt, func() { t.reconcile(c) })
		return
	}
	t.Succeeded(c.ID, startedAt, t.now)
	if len(c.issued) > 0 && t.now.After(c.ExpiresAt) {
		c.expired += t.now.Sub(c.ExpiresAt)
	}
	c.failures, c.issued, c.ExpiresAt = 0, append(c.issued, t.now), t.now.Add(lifetime)
	t.schedule(t.now.Add(2*lifetime/3), func() { t.reconcile(c) })
}

func (t *traffic) schedule(at time.Time, do func()) { heap.Push(&t.events, &event{at: at, do: do}) }

// lastIssued returns when the last ClientCredential got its first token.
func (t *traffic) lastIssued() (last time.Time) {
	GinkgoHelper()
	for id, c := range t.clients {
		Expect(c.issued).NotTo(BeEmpty(), id)
		if c.issued[0].After(last) {
			last = c.issued[0]
		}
	}
	return last
}

type event struct {
	at time.Time
	do func()
}

type events []*event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(*event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

var _ = Describe("the traffic of a controller", func() {
	var t *traffic
	BeforeEach(func() { t = newTraffic() })

	// floor returns the minimum time for the given number of requests of one namespace.
	floor := func(requests int) time.Duration {
		return time.Duration((requests+15)/16) * 50 * time.Millisecond
	}

	It("leaves no slot idle while a hundred requests wait for a busy host", func() {
		t.add("shop", 100)
		t.run(time.Minute)
		Expect(t.lastIssued().Sub(now)).To(BeNumerically("<=", floor(100)*105/100))
		Expect(t.sent).To(HaveLen(100))
	})

	It("probes a server that is down, and renews all tokens once the server works again", func() {
		const down = time.Minute
		t.answer = func(_ *tokenClient, at time.Time) (time.Duration, bool) {
			return 50 * time.Millisecond, at.After(now.Add(down))
		}
		t.add("shop", 200)
		t.run(10 * time.Minute)
		whileDown := 0
		for _, sent := range t.sent {
			if !sent.at.After(now.Add(down)) {
				whileDown++
			}
		}
		Expect(whileDown).To(BeNumerically("<=", 16+12), "the requests in flight when it went down, and one request every 5 s")
		Expect(t.lastIssued().Sub(now.Add(down))).To(BeNumerically("<=", 5*time.Second+floor(200)*105/100+time.Second))
		AddReportEntry(fmt.Sprintf("%d requests while the server was down; all tokens %s later (floor %s)",
			whileDown, t.lastIssued().Sub(now.Add(down)), floor(200)))
	})

	It("renews all good tokens in time under 30 requests a minute, although 200 ClientCredentials always fail", func() {
		t.answer = func(c *tokenClient, _ time.Time) (time.Duration, bool) {
			return 50 * time.Millisecond, c.Tenant == "shop" && len(c.Client) > len("shop/") && c.Client[5] == 'g'
		}
		for i := range 60 {
			c := &tokenClient{Request: request(fmt.Sprintf("shop/good-%d", i), none, limited(30))}
			t.clients[c.ID] = c
			t.schedule(now.Add(time.Duration(i)*time.Minute), func() { t.reconcile(c) })
		}
		for i := range 200 {
			c := &tokenClient{Request: request(fmt.Sprintf("shop/broken-%d", i), none, limited(30))}
			t.clients[c.ID] = c
			t.schedule(now.Add(time.Duration(i)*time.Second), func() { t.reconcile(c) })
		}
		t.run(12 * time.Hour)
		good := 0
		for id, c := range t.clients {
			if c.Client[5] == 'g' {
				good++
				Expect(c.expired).To(BeZero(), id)
				Expect(len(c.issued)).To(BeNumerically(">=", 15), id)
			}
		}
		Expect(good).To(Equal(60))
	})

	It("serves a tenant immediately while 608 requests of another tenant never end", func() {
		t.answer = func(c *tokenClient, _ time.Time) (time.Duration, bool) {
			if c.Tenant == "attacker" {
				return 30 * time.Second, false
			}
			return 50 * time.Millisecond, true
		}
		for port := range 38 {
			t.add(fmt.Sprintf("attacker/%d", port), 16, func(r *throttle.Request) {
				r.Tenant, r.Server, r.Host = "attacker", fmt.Sprintf("attacker/%d", port), fmt.Sprintf("slow:%d", port)
			})
		}
		t.run(time.Second)
		t.add("shop", 10)
		came := t.now
		t.run(time.Second)
		for id, c := range t.clients {
			if c.Tenant == "shop" {
				Expect(c.issued).To(HaveLen(1), id)
				Expect(c.issued[0].Sub(came)).To(BeNumerically("<=", 51*time.Millisecond), id)
			}
		}
	})
})
