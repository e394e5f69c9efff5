package recovery_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// scenario describes what happens to one ClientCredential over time, and the expected result. All times
// count from the start.
type scenario struct {
	// server is the script of answers of the authorization server.
	server authserver.Script
	// lifetime of the tokens of a healthy server; an hour by default.
	lifetime time.Duration
	// metadata is the script of answers to discovery. If set, the spec names the issuer, not the token
	// endpoint.
	metadata authserver.Script
	// apiServer is the list of faults of the API server.
	apiServer []fault
	// spec changes the spec of the ClientCredential before it is created.
	spec func(a *actor, spec *v1alpha1.ClientCredentialSpec)
	// then is the list of events, in order. An event at 0 happens before the ClientCredential is created.
	then []event
	// withoutCredentials leaves out the credentials Secret, which comes later.
	withoutCredentials bool
	// unreachable is true if the server does not listen before it is opened.
	unreachable bool
	// hangs is true if the server hangs, so that requests must time out soon.
	hangs bool
	// tls is true if the server speaks TLS.
	tls bool

	// problems is the list of problems that the conditions must report.
	problems []expectedProblem
	// waits are the times from one token request to the next. The first request is sent as soon as the
	// ClientCredential exists, unless first is set.
	waits []wait
	first wait
	// works is when the last fault ends.
	works time.Duration
	// within is the max time from works until there is a valid token; five minutes by default.
	within time.Duration
	// lasts is when the scenario ends; fifteen minutes after works by default.
	lasts time.Duration
	// keepsToken is true if there must be a valid token all the time.
	keepsToken bool
	// mute is true if the status cannot be written for a while.
	mute bool
	// late is the max time that Ready may be wrong after a jump of the clock.
	late time.Duration
}

// event is an action at an instant.
type event struct {
	at time.Duration
	do func(ctx context.Context, a *actor)
}

// expectedProblem is a problem, and how the conditions report it.
type expectedProblem struct {
	class problem.Class
	// reason of the conditions; empty for any.
	reason string
	// message is a part of the message of the condition.
	message string
	// perhaps is true if the problem may end before a sample shows it.
	perhaps bool
}

// oneProblem returns a list with a single problem.
func oneProblem(class problem.Class, reason string) []expectedProblem {
	return []expectedProblem{{class: class, reason: reason}}
}

// wait is a range of time.
type wait struct{ min, max time.Duration }

func between(lower, upper time.Duration) wait { return wait{lower, upper} }

// about returns the range of a delay of the retry table, which may be up to 20% shorter.
func about(delay time.Duration) wait { return wait{delay * 8 / 10, delay} }

// refusals returns the delays after refused credentials. A delay of an hour may be up to 20% longer.
func refusals(delays ...time.Duration) []wait {
	waits := waits(delays...)
	for i, delay := range delays {
		if delay == hour {
			waits[i] = between(delay, delay*12/10)
		}
	}
	return waits
}

// waits returns delays of the retry table.
func waits(delays ...time.Duration) (waits []wait) {
	for _, delay := range delays {
		waits = append(waits, about(delay))
	}
	return waits
}

// noWaits expects a single token request.
var noWaits = []wait{}

const (
	second = time.Second
	minute = time.Minute
	hour   = time.Hour
)

const (
	defaultWithin = 5 * minute
	defaultWatch  = 15 * minute
)

func (s scenario) end() time.Duration {
	if s.lasts > 0 {
		return s.lasts
	}
	return s.works + defaultWatch
}

func (s scenario) deadline() time.Duration {
	if s.within > 0 {
		return s.works + s.within
	}
	return s.works + defaultWithin
}

// row is a scenario with a name that reads like a sentence.
type row struct {
	name string
	scenario
}

// played plays the scenarios of a table at the same time, and checks each in its own spec.
func played(rows ...row) func() {
	return func() {
		var w *world
		BeforeAll(func(ctx SpecContext) {
			w = newWorld(ctx)
			var scenarios []scenario
			for _, row := range rows {
				scenarios = append(scenarios, row.scenario)
			}
			w.play(ctx, scenarios)
		})
		for i, row := range rows {
			It(row.name, func() { w.actors[i].check() })
		}
	}
}
