package throttle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

func TestThrottle(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "throttle")
}

var now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

const server = "https://idp.example.com/token"

func perMinute(requests int) throttle.Limit {
	return throttle.Limit{Requests: requests, Per: time.Minute}
}

// after returns the time that is the given number of seconds after now.
func after(seconds float64) time.Time {
	return now.Add(time.Duration(seconds * float64(time.Second)))
}

// scene is a limiter with the limit of the next requests. Times are in seconds after now.
type scene struct {
	*throttle.Limiter
	limit throttle.Limit
}

// step is a call in a scene, with its expected result.
type step func(*scene)

func play(limit throttle.Limit, steps ...step) *scene {
	s := &scene{Limiter: throttle.NewLimiter(), limit: limit}
	for _, step := range steps {
		step(s)
	}
	return s
}

// token is a waiter whose token expires the given number of minutes after now. minutes is none if there is no
// token. The ID "shop/a", for example, belongs to the tenant "shop".
type token struct {
	id      string
	minutes int
}

const none = -1

func (t token) waiter() throttle.Waiter {
	w := throttle.Waiter{ID: t.id}
	if tenant, _, found := strings.Cut(t.id, "/"); found {
		w.Tenant = tenant
	}
	if t.minutes != none {
		w.ExpiresAt = now.Add(time.Duration(t.minutes) * time.Minute)
	}
	return w
}

func (s *scene) takes(seconds float64, id string, minutes int) (time.Time, bool) {
	return s.Reserve(server, s.limit, token{id, minutes}.waiter(), after(seconds))
}

func sends(seconds float64, id string, minutes int) step {
	return func(s *scene) {
		until, ok := s.takes(seconds, id, minutes)
		ExpectWithOffset(2, ok).To(BeTrue(), "%s must wait until %s", id, until)
		ExpectWithOffset(2, until).To(BeZero())
	}
}

func waits(seconds float64, id string, minutes int, until float64) step {
	return func(s *scene) {
		told, ok := s.takes(seconds, id, minutes)
		ExpectWithOffset(2, ok).To(BeFalse(), "%s may send", id)
		ExpectWithOffset(2, told.Sub(now).Seconds()).To(BeNumerically("~", until, 1e-6), id)
	}
}

func withdraws(id string) step { return func(s *scene) { s.Withdraw(id) } }

func releases(seconds float64) step { return func(s *scene) { s.Release(server, after(seconds)) } }

// calls expects Due to return exactly the given IDs.
func calls(seconds float64, ids ...string) step {
	return func(s *scene) { ExpectWithOffset(2, s.Due(after(seconds))).To(ConsistOf(ids)) }
}

// under changes the limit of the next requests.
func under(limit throttle.Limit) step { return func(s *scene) { s.limit = limit } }

// others sends the given number of requests from other waiters.
func others(seconds float64, count int) step {
	return func(s *scene) {
		for i := range count {
			sends(seconds, fmt.Sprintf("other %d at %v", i, seconds), none)(s)
		}
	}
}

// limits sends one request under each of count different limits of at least 1000 requests per minute.
func limits(count int, seconds float64, id string) step {
	return func(s *scene) {
		for i := range count {
			under(throttle.Limit{Requests: 1000 + i, Per: time.Minute})(s)
			sends(seconds, id, 5)(s)
		}
	}
}

// limitsWithWaiters makes a request wait under each of the given number of limits. These are less strict than
// one request a minute.
func limitsWithWaiters(count int, seconds float64) step {
	return func(s *scene) {
		for i := range count {
			under(throttle.Limit{Requests: 1, Per: 30*time.Second - time.Duration(i)*time.Millisecond})(s)
			_, ok := s.takes(seconds, fmt.Sprint("waits ", i), 9)
			ExpectWithOffset(2, ok).To(BeFalse())
		}
	}
}

// remembersEight expects the limiter to apply the maximum number of limits.
func remembersEight(s *scene) { ExpectWithOffset(2, s.Limits(server)).To(Equal(8)) }

// takeAll makes the given number of reservations for requests of a tenant without a token.
func takeAll(seconds float64, tenant string, count int) step {
	return func(s *scene) {
		for i := range count {
			sends(seconds, fmt.Sprintf("%s/%d at %v", tenant, i, seconds), none)(s)
		}
	}
}

// distinct returns the different IDs in ids.
func distinct(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }
