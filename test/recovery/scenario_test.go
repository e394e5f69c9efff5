package recovery_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// scenario is what happens to one ClientCredential over time, and what must come of
// it. All times count from the start.
type scenario struct {
	// server is what the authorization server answers.
	server authserver.Script
	// lifetime of the tokens of a healthy server; an hour by default.
	lifetime time.Duration
	// metadata is what the server answers to discovery. If set, the spec names the
	// issuer, not the token endpoint.
	metadata authserver.Script
	// apiServer is what the API server answers instead of doing what it is asked.
	apiServer []fault
	// spec changes the spec of the ClientCredential before it is created.
	spec func(a *actor, spec *v1alpha1.ClientCredentialSpec)
	// then is what happens, in order; at 0, before the ClientCredential is created.
	then []event
	// withoutCredentials leaves out the credentials Secret, which comes later.
	withoutCredentials bool
	// unreachable keeps the server from listening before it is opened.
	unreachable bool
	// hangs is whether the server hangs, so that requests must time out soon.
	hangs bool
	// tls is whether the server speaks TLS.
	tls bool

	// told is what the conditions say while there is a problem, in turn.
	told []told
	// waits are the times from one token request to the next; the first request
	// comes as soon as the ClientCredential is there, unless first says when.
	waits []wait
	first wait
	// works is from when on nothing is in the way of a token.
	works time.Duration
	// within is how soon after that there must be a valid token; five minutes by
	// default.
	within time.Duration
	// lasts is how long the scenario is watched; fifteen minutes after works by default.
	lasts time.Duration
	// keepsToken is whether there is a valid token all the time.
	keepsToken bool
	// mute is whether the status cannot be written for a while.
	mute bool
	// late is how long Ready may be wrong after a jump of the clock.
	late time.Duration
}

// event is something that happens at an instant.
type event struct {
	at time.Duration
	do func(ctx context.Context, a *actor)
}

// told is a problem and how it is told.
type told struct {
	class problem.Class
	// reason of the conditions; empty for any.
	reason string
	// says is a part of the message.
	says string
	// perhaps is whether it may pass before it is seen.
	perhaps bool
}

// problem is told until the scenario ends.
func oneProblem(class problem.Class, reason string) []told {
	return []told{{class: class, reason: reason}}
}

// wait is how long something takes.
type wait struct{ min, max time.Duration }

func between(least, limit time.Duration) wait { return wait{least, limit} }

// about is a delay of the retry table, which is up to 20% shorter.
func about(delay time.Duration) wait { return wait{delay * 8 / 10, delay} }

// refusals are the delays after refused credentials. The hourly one is up to 20% longer.
func refusals(delays ...time.Duration) []wait {
	waits := waits(delays...)
	for i, delay := range delays {
		if delay == hour {
			waits[i] = between(delay, delay*12/10)
		}
	}
	return waits
}

// waits are delays of the retry table.
func waits(delays ...time.Duration) (waits []wait) {
	for _, delay := range delays {
		waits = append(waits, about(delay))
	}
	return waits
}

// noWaits is the expectation of a single request.
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

// played plays the scenarios of a table at the same time, and checks each by a spec of
// its own.
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
